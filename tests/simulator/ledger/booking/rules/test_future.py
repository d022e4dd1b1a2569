"""Nobody claims what is still to come."""

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.cases import apply, begin, broken_by, claim


def test_invalid_future() -> None:
    """Slot 59 is at 295 s, and slot 60 at 300 s."""
    assert broken_by(begin(), claim(1), slot=59) is Rule.FUTURE
    assert apply(begin(), claim(1), slot=60).state.meters[0].end == 300
