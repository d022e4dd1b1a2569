"""The digest of inputs covers all that can change a figure, and nothing else."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import simulator
from exporter.core.config import ConfigError
from simulator.experiments.run.provenance import digest, executed_files, provenance_of, versions
from simulator.models.profile import encoded, load_profile
from simulator.scenario.devices import ModelsSection
from simulator.scenario.schema import ForecastSection, GridSection, LedgerSection, PlaceSection, Scenario
from simulator.scenario.supply import WeatherSection
from simulator.scenario.tasks import ArrivalsSection
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


NAMING: dict[str, Callable[[str], Scenario]] = {
    "weather": lambda file: edge(weather=WeatherSection(file=file)),
    "trace": lambda file: edge(
        workload=msgspec.structs.replace(edge().workload, arrivals=ArrivalsSection(kind="trace", file=file))
    ),
    "prices": lambda file: edge(ledger=LedgerSection(prices=file)),
    "checkpoint": lambda file: edge(forecast=ForecastSection(supply="best", checkpoints=(file,))),
    "grid": lambda file: edge(grid=GridSection(file=file)),
    "a site's weather": lambda file: at_site(weather=WeatherSection(file=file)),
    "a site's grid": lambda file: at_site(grid=GridSection(file=file)),
}


def at_site(**changes: Any) -> Scenario:
    """Return a scenario of one site of several."""
    return edge(sites=(PlaceSection(name="lyon", latitude=45.8, longitude=4.8, utc_offset_hours=1, **changes),))


@pytest.mark.parametrize("kind", NAMING)
def test_the_content_of_a_named_file_is_among_the_inputs(tmp_path: Path, kind: str) -> None:
    file, found = tmp_path / "named", set()
    for content in ("one", "another"):
        file.write_text(content)
        found.add(provenance_of(NAMING[kind](str(file))).files)
    assert len(found) == 2


def test_a_named_file_that_is_gone_is_a_line_for_the_user(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"grid\.csv: cannot be read: No such file"):
        provenance_of(edge(grid=GridSection(file=str(tmp_path / "grid.csv"))))


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
