"""The digest of inputs covers all that can change a figure, and nothing else."""

import ast
import sys
from pathlib import Path

import msgspec

import simulator
from simulator.experiments.run.provenance import digest, executed_files, provenance_of, versions
from simulator.models.profile import encoded, load_profile
from simulator.scenario.devices import ModelsSection
from simulator.scenario.schema import ForecastSection
from tests.simulator.scenario.scenarios import edge

ROOT = Path(simulator.__file__).parent.parent


def file_of(name: str) -> str | None:
    """Return the file of a module of either package; None for any other name, and for packages, which hold no code."""
    first, *_ = parts = name.split(".")
    path = Path(*parts).with_suffix(".py")
    return path.as_posix() if first in {"exporter", "simulator"} and (ROOT / path).is_file() else None


def imported(path: str) -> set[str]:
    """Return the files of both packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {file for name in names if (file := file_of(name)) is not None}


def test_the_digest_of_the_code_covers_all_that_a_run_executes() -> None:
    reached, ahead = set(), {"simulator/experiments/run/work.py"}
    while ahead:
        reached |= ahead
        ahead = {file for path in ahead for file in imported(path)} - reached
    assert len(reached) > 40
    assert reached - set(executed_files()) == set()


def test_what_shows_results_changes_none() -> None:
    shown = ("simulator/live/", "simulator/experiments/write/", "simulator/experiments/find/", "simulator/cli")
    # Runs whose ledger is kept have the live ledger's validators; what shows their figures lies elsewhere.
    kept = "simulator/live/ledger/"
    assert [file for file in executed_files() if file.startswith(shown) and not file.startswith(kept)] == []


def test_the_scenario_is_among_the_inputs_and_not_of_the_environment() -> None:
    one, other = provenance_of(edge()), provenance_of(edge(name="other"))
    assert list(one.differences(one)) == []
    assert list(one.differences(other)) == ["other inputs (scenario)"]
    assert one.environment == other.environment == digest(versions())


def test_a_checkpoint_of_forecasts_is_among_the_inputs(tmp_path: Path) -> None:
    file, found = tmp_path / "a.npz", set()
    scenario = edge(forecast=ForecastSection(supply="best", checkpoints=(str(file),)))
    for content in ("one", "another"):
        file.write_text(content)
        found.add(provenance_of(scenario).files)
    assert len(found) == 2


def test_a_profile_of_ones_own_is_among_the_inputs(tmp_path: Path) -> None:
    shipped = load_profile()
    file = tmp_path / "own.json"
    file.write_bytes(encoded(msgspec.structs.replace(shipped, host="mine")))
    own = edge(models=ModelsSection(profile=str(file), devices=("intel-nuc",)))
    one, other = provenance_of(edge()), provenance_of(own)
    assert one.compression_profile == shipped.digest() != other.compression_profile
    assert list(one.differences(other)) == ["other inputs (scenario, compression profile)"]


def test_the_environment_is_python_and_the_libraries() -> None:
    assert versions()["python"] == ".".join(str(part) for part in sys.version_info[:3])
    assert versions().keys() == {"python", "numpy", "numba", "pvlib", "scipy"}
