"""The generated pages of docs/reference/ say what the code says."""

import re
from pathlib import Path

import pytest

from scripts import reference
from simulator.scenario.load import load_scenario

SMALL = """
nodes: [{name: nuc, device: intel-nuc}]
workload: {classes: [{name: vision, model: cnn, work_seconds: 0.5, share: 1, deadline_seconds: 5}]}
"""
"""A scenario with nothing but what has to be there."""

REQUIRED = {
    "nodes[]": ("name", "device"),
    "workload.classes[]": ("name", "model", "work_seconds", "share", "deadline_seconds"),
}


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_the_committed_page_is_current(name: str) -> None:
    committed = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert committed == reference.pages()[name], "run `make docs`"


@pytest.mark.parametrize("name", ["configuration.md", "simulator-configuration.md"])
def test_every_configuration_key_has_a_meaning(name: str) -> None:
    rows = [line for line in reference.pages()[name].splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if not row.split("|")[4].strip()] == []


def test_scenarios_name_only_what_must_be_there_as_required(tmp_path: Path) -> None:
    page, _, _ = reference.pages()["simulator-configuration.md"].partition("## Market of credits")
    rows = {cells[1].strip(" `"): cells[3].strip() for line in page.splitlines() if len(cells := line.split("|")) == 6}
    assert (rows["model"], rows["name"]) == ("`edge`", "the file's name")
    required = {key for key, default in rows.items() if default == "required"}
    optional = re.compile(r"(devices\[\]|sites\[\]|nodes\[\]\.(solar|wind|battery))\.")
    assert {key for key in required if not optional.match(key)} == {
        f"{section}.{key}" for section, keys in REQUIRED.items() for key in keys
    }
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    assert load_scenario(str(file)).name == "small"
