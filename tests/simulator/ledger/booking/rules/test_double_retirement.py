"""A unit is used once."""

import pytest

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Retirement, Transfer
from tests.simulator.ledger.booking.units import OWNER, after, generated, lots, retirement
from tests.simulator.ledger.cases import DIGEST, STRANGER, broken, signed


@pytest.mark.parametrize(("first", "end"), [(2, 5), (0, 10), (4, 6), (1, 3), (3, 4)])
def test_invalid_double_retirement(first: int, end: int) -> None:
    """Units 2, 3 and 4 are retired: whatever span touches them is refused as a whole."""
    state = after(generated(), retirement(generated(), 2, 5))
    assert state.totals[0].retired == 3
    assert broken(state, retirement(state, first, end, sequence=2)) is Rule.DOUBLE_RETIREMENT
    assert after(state, retirement(state, 0, 2, sequence=2)).totals[0].retired == 5


def test_invalid_transfer_of_what_is_retired() -> None:
    """A used unit cannot be sold."""
    state = after(generated(), retirement(generated(), 2, 5))
    order = Transfer(holder=OWNER.public, sequence=2, lots=lots(4, 6), to=STRANGER.public)
    assert broken(state, signed(state, order, OWNER)) is Rule.DOUBLE_RETIREMENT


def test_the_buyer_retires_what_the_seller_cannot_any_more() -> None:
    state = generated()
    sold = Transfer(holder=OWNER.public, sequence=1, lots=lots(0, 10), to=STRANGER.public)
    used = Retirement(holder=STRANGER.public, sequence=1, lots=lots(0, 10), beneficiary=DIGEST)
    state = after(state, signed(state, sold, OWNER), signed(state, used, STRANGER))
    assert state.totals[0].retired == state.totals[0].issued == 10
    assert broken(state, retirement(state, 0, 1, sequence=2)) is Rule.DOUBLE_RETIREMENT


def test_invalid_signature_of_a_thief() -> None:
    state = generated()
    order = Transfer(holder=OWNER.public, sequence=1, lots=lots(0, 10), to=STRANGER.public)
    assert broken(state, signed(state, order, STRANGER)) is Rule.BAD_SIGNATURE
