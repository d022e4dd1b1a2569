"""No second of a device is left out."""

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import apply, begin, broken_by, claim


def test_invalid_interval_gap() -> None:
    """Time without a claim would be time without emissions."""
    state = apply(begin(), claim(1)).state
    assert broken_by(state, claim(2, start=301, end=601)) is Rule.INTERVAL_GAP


def test_invalid_first_gap() -> None:
    assert broken_by(begin(), claim(1, start=1, end=301)) is Rule.INTERVAL_GAP
