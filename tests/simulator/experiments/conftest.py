"""Fixtures that the tests of experiments share."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from simulator.experiments.find.results import Results
from simulator.experiments.run.journal import write
from simulator.experiments.write import output
from simulator.experiments.write.medium import REPORT, Medium
from simulator.experiments.write.pictures import pictures


@pytest.fixture
def drawn() -> None:
    """Have the pictures drawn, which takes most of the time of an experiment whose runs take none."""


@pytest.fixture(autouse=True)
def _drawn_only_where_asked_for(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures empty in tests that do not look at them."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(output, "write_plots", _empty)


def _empty(folder: Path, results: Results, media: Sequence[Medium]) -> list[str]:
    assert REPORT in media
    names = [f"{name}{REPORT.ending}" for name in pictures(results)]
    for name in names:
        write(folder / name, b"")
    return names
