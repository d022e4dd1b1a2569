"""A claim is about one supply step."""

import pytest

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import begin, broken_by, claim


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 1), (0, 299), (0, 301), (300, 0)])
def test_invalid_length(start: int, end: int) -> None:
    """A claim per supply step: a device cannot fill blocks with a claim for each second."""
    assert broken_by(begin(), claim(1, start=start, end=end)) is Rule.BAD_INTERVAL
