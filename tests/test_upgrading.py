"""The guide to upgrading, walked: what it says of old files, keys and names is what the programs do."""

import contextlib
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import exporter
from exporter.config import load_config
from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from exporter.state import StateStore
from simulator.scenario.load import load_scenario
from tests.fake_clock import NOON, FakeClock
from tests.test_formats import FORMATS, READ, ROOT, UPGRADING, landed, names

PAGE = UPGRADING.read_text(encoding="utf-8")
LINES = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
DEPRECATED = re.compile(r"Deprecated since (?P<since>\d+\.\d+): use (?P<use>\S+)\.")
"""Beginning of the help text of a metric that has a new name beside it."""

ROW = re.compile(r"^\| `(?P<name>\S+)` \| (?P<since>[\d.]+) \| `(?P<use>\S+)` \| (?P<removed>[\d.]+) \|$", re.MULTILINE)
"""Row of the table of deprecated names."""


def refusals() -> dict[str, str]:
    """Return the line that refuses a kept file, as the guide writes it, by the file's name."""
    lines = {}
    for name, (_, expected) in READ.items():
        if isinstance(expected, str) and ": " in expected:
            line = expected.replace(f"DIR/{name}", "FILE").replace("DIR/state.json", "FILE")
            lines[name] = line
    return lines


def test_the_guide_has_the_line_of_each_file_that_is_refused_and_no_other() -> None:
    assert LINES is not None
    told = LINES[1].splitlines()
    assert {line for name, line in refusals().items() if not any(one.startswith(line) for one in told)} == set()
    assert [one for one in told if not any(one.startswith(line) for line in refusals().values())] == []


@pytest.mark.parametrize("name", [name for name in READ if name.startswith("state-v1-")])
def test_an_exporter_goes_on_from_a_state_or_says_why_not(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A state that is refused is kept beside, and counted."""
    folder = tmp_path / "state"
    folder.mkdir()
    shutil.copy(FORMATS / name, folder / "state.json")
    opened = StateStore(folder, "boot", clock=FakeClock(), resume_within=Seconds(15.0))
    with contextlib.closing(opened) as store, caplog.at_level(logging.ERROR):
        totals = store.load(NOON)
    _, expected = READ[name]
    kept = [one.name for one in folder.iterdir() if one.name.startswith("state.json.")]
    if name in refusals():
        assert totals.lifetime_emissions == 0.0
        (aside,) = kept
        line, _ = (one.message for one in caplog.records)
        told = line.replace(str(folder / "state.json"), "FILE").replace(aside.rpartition("-")[2], "TIME")
        assert LINES is not None
        assert told in LINES[1].splitlines()
    else:
        assert (totals.lifetime_emissions, kept, caplog.records) == (expected, [], [])


def nested(key: str) -> dict[str, Any]:
    """Return a configuration that has a key, such as `power.idle_watts` or `nodes[].name`."""
    value: Any = 1
    for part in reversed(key.split(".")):
        value = {part.removesuffix("[]"): [value] if part.endswith("[]") else value}
    assert isinstance(value, dict)
    return value


def refused(path: Path, key: str) -> Iterator[str]:
    """Yield what each program says of a configuration that has a key and nothing else."""
    path.write_text(yaml.safe_dump(nested(key)), encoding="utf-8")
    for load in (load_config, lambda file: load_scenario(str(file))):
        try:
            load(path)
        except ConfigError as error:
            yield from error.mistakes


@pytest.mark.parametrize(
    "key", sorted(one.removeprefix("key ") for one in landed() - names() if one.startswith("key "))
)
def test_a_key_that_is_gone_is_refused_by_its_name(tmp_path: Path, key: str) -> None:
    """The guide says what takes its place, which another test holds."""
    assert [line for line in refused(tmp_path / "config.yml", key) if key in line] != []


def test_every_key_that_landed_is_known_or_gone() -> None:
    """A fixture of all keys of an earlier program is read by tests of formats; this finds a key that none has."""
    first = yaml.safe_load((FORMATS / "exporter-first-keys.yml").read_text(encoding="utf-8"))
    assert {f"key {key}" for key in _paths(first)} <= landed()


def _paths(tree: Any, above: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _paths(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def disagreements(expositions: str, page: str, version: str) -> list[str]:
    """Return where help texts and the table of deprecated names disagree, and names whose time has come."""
    texts = dict(re.findall(r"^# HELP (\S+) (.*)$", expositions, re.MULTILINE))
    marked = {name: found.groups() for name, text in texts.items() if (found := DEPRECATED.match(text))}
    rows = {row["name"]: row for row in ROW.finditer(page)}
    told = [f"{name}: its help says deprecated, the table does not" for name in marked.keys() - rows.keys()]
    for name, row in rows.items():
        if name in texts and marked.get(name) != (row["since"], row["use"]):
            told.append(f"{name}: help and table disagree")
        if _number(row["removed"]) < _later(row["since"], 2):
            told.append(f"{name}: goes before two minor versions have passed")
        if name in texts and _number(version) >= _number(row["removed"]):
            told.append(f"{name}: was to be removed in {row['removed']}")
    return sorted(told)


def _number(version: str) -> tuple[int, ...]:
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def _later(version: str, minors: int) -> tuple[int, ...]:
    major, minor = _number(version)
    return major, minor + minors


def test_help_texts_and_the_table_of_deprecated_names_agree() -> None:
    expositions = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests/golden").glob("*.prom"))
    assert "# HELP ecotrack_build_info " in expositions
    assert disagreements(expositions, PAGE, exporter.__version__) == []


def test_a_name_whose_time_has_come_or_that_the_table_lacks_is_found() -> None:
    help_ = "# HELP ecotrack_old_watts Deprecated since 0.3: use ecotrack_new_watts. Power.\n"
    row = "| `ecotrack_old_watts` | 0.3 | `ecotrack_new_watts` | 0.5 |\n"
    assert disagreements(help_, row, "0.4.7") == []
    assert disagreements("", row, "0.5.0") == []
    assert disagreements(help_, row, "0.5.0") == ["ecotrack_old_watts: was to be removed in 0.5"]
    assert disagreements(help_, "", "0.3.0") == ["ecotrack_old_watts: its help says deprecated, the table does not"]
    assert disagreements("# HELP ecotrack_old_watts Power.\n", row, "0.3.0") == [
        "ecotrack_old_watts: help and table disagree"
    ]
    early = row.replace("0.5", "0.4")
    assert disagreements(help_, early, "0.3.0") == ["ecotrack_old_watts: goes before two minor versions have passed"]
