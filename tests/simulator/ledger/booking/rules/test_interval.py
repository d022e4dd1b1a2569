"""Intervals of a device follow one another: no second counts twice, and none is left out."""

import pytest

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import apply, begin, broken_by, claim


@pytest.mark.parametrize("start", [0, 299])
def test_invalid_overlap(start: int) -> None:
    """Overlapping claims would certify the same generation twice."""
    state = apply(begin(), claim(1)).state
    assert broken_by(state, claim(2, start=start, end=start + 300)) is Rule.OVERLAP


def test_invalid_interval_gap() -> None:
    """Time without a claim would be time without emissions."""
    state = apply(begin(), claim(1)).state
    assert broken_by(state, claim(2, start=301, end=601)) is Rule.INTERVAL_GAP


def test_invalid_first_gap() -> None:
    assert broken_by(begin(), claim(1, start=1, end=301)) is Rule.INTERVAL_GAP


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (0, 299), (0, 301), (300, 0)])
def test_invalid_length(start: int, end: int) -> None:
    """A claim per supply step: a device cannot fill blocks with a claim for each second."""
    assert broken_by(begin(), claim(1, start=start, end=end)) is Rule.BAD_INTERVAL


def test_invalid_future() -> None:
    """Slot 59 is at 295 s, and slot 60 at 300 s."""
    assert broken_by(begin(), claim(1), slot=59) is Rule.FUTURE
    assert apply(begin(), claim(1), slot=60).state.meters[0].end == 300
