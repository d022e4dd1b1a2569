"""Whoever gives or uses units has them."""

import pytest

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Cancellation, Transfer
from tests.simulator.ledger.booking.units import OWNER, after, generated, lots, retirement
from tests.simulator.ledger.cases import STRANGER, broken, signed


def test_invalid_retirement_of_what_is_sold_or_cancelled() -> None:
    state = generated()
    sold = Transfer(holder=OWNER.public, sequence=1, lots=lots(0, 3), to=STRANGER.public)
    gone = Cancellation(holder=OWNER.public, sequence=2, lots=lots(8, 10))
    state = after(state, signed(state, sold, OWNER), signed(state, gone, OWNER))
    for first, end in ((0, 1), (2, 4), (7, 9)):
        assert broken(state, retirement(state, first, end, sequence=3)) is Rule.NOT_HELD


@pytest.mark.parametrize(("first", "end"), [(9, 11), (10, 11), (3, 3), (5, 4)])
def test_invalid_units_that_are_not_there(first: int, end: int) -> None:
    state = generated()
    assert broken(state, retirement(state, first, end)) is Rule.NOT_HELD
