"""A unit is used once."""

import pytest

from simulator.ledger.booking.state import State, check_conservation
from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Cancellation, Instrument, Lots, Retirement, SignedMessage, Transfer
from tests.simulator.ledger.cases import DIGEST, OWNERS, STRANGER, apply, begin, broken, claim, signed, surroundings

OWNER = OWNERS[0]


def lots(first: int, end: int) -> Lots:
    """Return units of the first device's certificates."""
    return Lots(instrument=Instrument.CERTIFICATE, series=0, first=first, end=end)


def retirement(state: State, first: int, end: int, sequence: int = 1) -> SignedMessage:
    """Return a retirement by the project's owner."""
    order = Retirement(holder=OWNER.public, sequence=sequence, lots=lots(first, end), beneficiary=DIGEST)
    return signed(state, order, OWNER)


def generated() -> State:
    """Return a chain on which a device has certificates of 10 Wh."""
    return apply(begin(), claim(generation=36_000_000, grid_import=0, export=27_000_000)).state


def after(state: State, *messages: SignedMessage) -> State:
    """Return the state after messages, of which every unit is accounted for."""
    result = process_messages(state, messages, surroundings(600)).state
    check_conservation(result)
    return result


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
