"""No second of a device counts twice."""

import pytest

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import apply, begin, broken_by, claim


@pytest.mark.parametrize("start", [0, 299])
def test_invalid_overlap(start: int) -> None:
    """Overlapping claims would certify the same generation twice."""
    state = apply(begin(), claim(1)).state
    assert broken_by(state, claim(2, start=start, end=start + 300)) is Rule.OVERLAP
