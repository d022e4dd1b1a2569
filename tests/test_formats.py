"""Files of any version are read, or refused in one line; names that users rely on do not vanish without a word.

`tests/fixtures/formats/` holds a file of each format that ever landed. None is changed or deleted: a new format gets a
new file. `python -m tests.test_formats` adds the names that are new to `tests/fixtures/names-landed.txt`.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from exporter import state
from exporter.calibrate.stored import CALIBRATION
from exporter.config import load_config
from exporter.core.config import ConfigError
from exporter.core.web.web_config import load_web_config
from exporter.journal.read import Damage, read_log
from exporter.optimize.place import JOURNAL
from exporter.optimize.revert_journal import read_record
from scripts.reference import configuration_keys
from simulator.experiments.find.estimates import RESULTS_FILE, load_shown_results
from simulator.experiments.run.journal import JOURNAL_FILE, Journal
from simulator.experiments.run.provenance import provenance_of
from simulator.forecast.checkpoint import load as load_checkpoint
from simulator.forecast.interface import ForecastError
from simulator.ledger.cost.cost_profile import read_profile
from simulator.ledger.file import proofs
from simulator.ledger.file.faults import StoreError
from simulator.ledger.file.proofs import check_proof
from simulator.ledger.file.verify import verify
from simulator.models.profile import load_profile
from simulator.scenario.load import load_scenario
from tests.exporter.core.web.certificates import Authority
from tests.simulator.ledger import story

ROOT = Path(__file__).parent.parent
FORMATS = ROOT / "tests/fixtures/formats"
LANDED = ROOT / "tests/fixtures/names-landed.txt"
UPGRADING = ROOT / "docs/upgrading.md"


def read_state(file: Path, _folder: Path) -> Any:
    """Read a state file as the exporter does."""
    try:
        return state._decode(file.read_bytes()).totals.lifetime_emissions
    except state._UnreadableError as error:
        raise ConfigError([f"state file DIR/state.json: {error}"]) from error


def read_calibration(file: Path, _folder: Path) -> Any:
    """Return the full power of a calibration."""
    found = CALIBRATION.load(file.parent)
    return None if found is None else found.full_watts


def read_results(file: Path, folder: Path) -> Any:
    """Return the number of methods that the simulator shows of results."""
    shutil.copy(file, folder / RESULTS_FILE)
    (shown,) = load_shown_results(folder)
    return len(shown.estimates)


def read_journal(file: Path, folder: Path) -> Any:
    """Return the number of runs that a resumed experiment finds done, or why there is none."""
    shutil.copy(file, folder / JOURNAL_FILE)
    made = provenance_of(load_scenario("edge"))
    try:
        with Journal(folder, made) as journal:
            return len(journal.results)
    except ConfigError as error:
        raise ConfigError([line.replace(str(folder), "DIR") for line in error.mistakes]) from error


def read_past(file: Path, _folder: Path) -> Any:
    """Return the kilowatt hours in a journal of the exporter."""
    damage = Damage()
    entries = list(read_log(file, UTC, damage))
    assert damage.rows == 0
    return round(sum(one.kwh for one in entries), 5)


def read_config(file: Path, _folder: Path) -> Any:
    """Return the limit of a day in a configuration of the exporter, or None."""
    return load_config(file).budget.day_grams


def read_web_config(file: Path, folder: Path) -> Any:
    """Tell whether a web configuration asks for TLS, with its certificates beside it."""
    Authority(folder).issue("server")
    shutil.copy(file, folder / "web.yml")
    return load_web_config(folder / "web.yml").tls is not None


def read_scenario(file: Path, _folder: Path) -> Any:
    """Return the name of a scenario."""
    return load_scenario(str(file)).name


def read_compression(file: Path, _folder: Path) -> Any:
    """Return the number of measurements of a compression profile."""
    return len(load_profile(file).measurements)


def read_costs(file: Path, _folder: Path) -> Any:
    """Tell whether a file is a profile of the ledger's costs."""
    try:
        return read_profile(file).host != ""
    except ConfigError as error:
        raise ConfigError([line.replace(str(file), "FILE") for line in error.mistakes]) from error


def read_forecast(file: Path, _folder: Path) -> Any:
    """Return the models of a checkpoint of forecasts."""
    try:
        return load_checkpoint(file)[0].models
    except ForecastError as error:
        raise ConfigError([str(error).replace(str(file.parent), "DIR")]) from error


def read_ledger(file: Path, folder: Path) -> Any:
    """Return the number of final blocks of a ledger that is good from its first byte to its last, or why it is not."""
    path = Path(shutil.copy(file, folder))
    try:
        found = verify(path, story.execute)
    except StoreError as error:
        raise ConfigError([str(error).replace(str(folder), "DIR")]) from error
    assert found.is_sealed
    assert found.executed
    return found.finalized


def read_proof(file: Path, _folder: Path) -> Any:
    """Return the number of sentences that a proof of the ledger proves, or why it is none."""
    try:
        return len(check_proof(proofs.read_proof(file)))
    except proofs.ProofError as error:
        raise ConfigError([str(error).replace(str(file.parent), "DIR")]) from error


def read_revert_journal(file: Path, folder: Path) -> Any:
    """Return the old values in a journal of settings that were changed."""
    shutil.copy(file, folder / JOURNAL)
    record = read_record(folder)
    return None if record is None else [one.old for one in record.entries]


READ: dict[str, tuple[Callable[[Path, Path], Any], Any]] = {
    # The first three were written by the programs of 2026-11-21 and 22, from git's history.
    "state-v1-first.json": (read_state, "state file DIR/state.json: does not match its checksum"),
    "state-v1-sequence.json": (read_state, 0.3187191571293624),
    "state-v1-projection.json": (read_state, 0.24554907976104112),
    "state-v1-marks.json": (read_state, 277.5),
    "state-v1-week.json": (read_state, 277.5),
    "state-v1-sensors.json": (read_state, 277.5),
    "state-v1-last.json": (read_state, 0.03784722222222223),
    "state-v1-weeks.json": (read_state, 2.082864867316352),
    "state-v1-embodied.json": (read_state, 86.52331352233887),
    "results.json": (read_results, 2),
    "journal.jsonl": (
        read_journal,
        "--output: DIR/runs.jsonl: does not say what its results depend on: remove it to begin anew, or choose another "
        "folder",
    ),
    "past-journal-v1.csv": (read_past, 0.06135),
    "past-journal-v1-first.csv": (read_past, 3e-05),
    "calibration.json": (read_calibration, 45.0),
    "revert-journal-v1": (read_revert_journal, ["performance", "on", "0"]),
    "exporter.yml": (read_config, 150.0),
    "exporter-presets.yml": (read_config, None),
    # The first example, and all keys with their defaults as three programs of git's history had them.
    "exporter-first-laptop.yml": (read_config, 150.0),
    "exporter-first-keys.yml": (read_config, None),
    "exporter-optimize-keys.yml": (read_config, None),
    "exporter-attestation-keys.yml": (read_config, None),
    "web.yml": (read_web_config, True),
    "scenario-edge-first.yaml": (read_scenario, "scenario-edge-first"),
    "scenario-published-first.yaml": (read_scenario, "published"),
    "scenario-edge.yaml": (read_scenario, "scenario-edge"),
    "scenario-published.yaml": (read_scenario, "published"),
    "compression-profile.json": (read_compression, 16),
    "compression-profile-digest.json": (read_compression, 20),
    "ledger-cost-profile.json": (
        read_costs,
        "FILE: is not a profile of ledger costs, as `ecochain measure-ledger` writes it: Object contains unknown field "
        "`joules_per_verification`",
    ),
    "ledger-cost-profile-operations.json": (read_costs, True),
    "ledger-v1.db": (
        read_ledger,
        "DIR/ledger-v1.db: is a ledger of format 1, which only the version that wrote it can read: begin another file",
    ),
    "ledger-v2.db": (
        read_ledger,
        "DIR/ledger-v2.db: is a ledger of format 2, which only the version that wrote it can read: begin another file",
    ),
    "ledger-v3.db": (read_ledger, 9),
    "ledger-proof-v1.json": (
        read_proof,
        "DIR/ledger-proof-v1.json: is a proof of format 1 or 2, which only the version that wrote it can check",
    ),
    "ledger-proof-v2.json": (
        read_proof,
        "DIR/ledger-proof-v2.json: is a proof of format 1 or 2, which only the version that wrote it can check",
    ),
    "ledger-proof-v3.json": (read_proof, 3),
    "ledger-proof-measured.json": (read_proof, 9),
    "ledger-growth-v1.json": (
        read_proof,
        "DIR/ledger-growth-v1.json: is a proof of format 1 or 2, which only the version that wrote it can check",
    ),
    "ledger-growth-v2.json": (
        read_proof,
        "DIR/ledger-growth-v2.json: is a proof of format 1 or 2, which only the version that wrote it can check",
    ),
    "ledger-growth-v3.json": (read_proof, 3),
    "forecast-v1.npz": (read_forecast, "DIR/forecast-v1.npz: expected format 2, got format 1: train it anew"),
    "forecast-v2.npz": (read_forecast, ("ridge", "ridge", "ridge")),
}
"""The reader of each file, and its answer: for a file that is no longer read, the line that says what to do."""

STATE_SCHEMAS = {1: "d044ad566feb3bdbb8fbe32151725ef5667fac7d721e6727b5d801cac407be4b"}
"""Digest of what a state file of each version holds."""


def state_digest() -> str:
    """Return the SHA-256 over names, types and defaults of the state file's content, whatever its docstrings say."""

    def without_prose(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: without_prose(value) for key, value in sorted(node.items()) if key != "description"}
        return [without_prose(one) for one in node] if isinstance(node, list) else node

    schema = without_prose(msgspec.json.schema(state._Saved))
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", READ)
def test_a_file_of_any_format_that_landed_is_read_or_refused_in_one_line(tmp_path: Path, name: str) -> None:
    read, expected = READ[name]
    try:
        found = read(FORMATS / name, tmp_path)
    except ConfigError as error:
        (found,) = error.mistakes
    assert found == expected


def test_every_kept_file_is_tried() -> None:
    assert {file.name for file in FORMATS.iterdir()} == READ.keys()


def test_the_state_does_not_change_unnoticed() -> None:
    assert state_digest() == STATE_SCHEMAS[state.VERSION], (
        "What a state file holds has changed. First keep a file of the last format in tests/fixtures/formats/. If the "
        "last version would misread a new file, or this one an old file, raise VERSION in exporter/state.py and add a "
        f"row to STATE_SCHEMAS; a new field with a default needs neither. The digest is now {state_digest()!r}."
    )


def names() -> set[str]:
    """Return the names that users write into queries, dashboards, alerts and configurations."""
    found = set()
    for file in (ROOT / "tests/golden").glob("*.prom"):
        found |= {
            f"metric {name}" for name in re.findall(r"^# TYPE (\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        }
    for file in (ROOT / "prometheus/rules").glob("*.yml"):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                found.add(f"series {rule['record']}" if "record" in rule else f"alert {rule['alert']}")
    return found | {f"key {key}" for key in configuration_keys()}


def landed() -> set[str]:
    """Return all names that were ever in force."""
    return set(LANDED.read_text(encoding="utf-8").split("\n")) - {""}


def unsaid(vanished: set[str], page: str) -> list[str]:
    """Return the vanished names that the page does not name in code type."""
    told = {word for code in re.findall(r"`([^`]+)`", page) for word in re.split(r"[^\w.:\[\]-]+", code)}
    return sorted(name for name in vanished if name.split(" ")[1] not in told)


def test_every_name_that_landed_is_kept() -> None:
    assert sorted(names() - landed()) == [], "new names: python -m tests.test_formats adds them to the list"


def test_a_name_that_has_vanished_stands_in_the_guide_to_upgrading() -> None:
    vanished = landed() - names()
    page = UPGRADING.read_text(encoding="utf-8") if vanished else ""
    assert unsaid(vanished, page) == [], "say in docs/upgrading.md what takes their place"


def test_a_vanished_name_that_is_told_is_told_by_its_whole_name() -> None:
    page = "- `ecotrack_old_ratio{component}` is now `ecotrack_new_ratio`; `power.old` is gone."
    assert unsaid({"metric ecotrack_old_ratio", "key power.old"}, page) == []
    assert unsaid({"metric ecotrack_old", "metric other"}, page) == ["metric ecotrack_old", "metric other"]


def main() -> None:
    """Add what is new to the list of names."""
    LANDED.write_text("\n".join(sorted(landed() | names())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
