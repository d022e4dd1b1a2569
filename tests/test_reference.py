"""The generated pages of docs/reference/ say what the code says."""

import pytest

from scripts import reference


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_the_committed_page_is_current(name: str) -> None:
    committed = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert committed == reference.pages()[name], "run `make docs`"


@pytest.mark.parametrize("name", ["configuration.md", "simulator-configuration.md"])
def test_every_configuration_key_has_a_meaning(name: str) -> None:
    rows = [line for line in reference.pages()[name].splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if not row.split("|")[4].strip()] == []
