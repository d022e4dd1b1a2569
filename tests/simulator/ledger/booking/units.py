"""Certificates of a device for tests of what can be done with them."""

from simulator.ledger.booking.state import State, check_conservation
from simulator.ledger.booking.transition import process_messages
from simulator.ledger.record.types import Instrument, Lots, Retirement, SignedMessage
from tests.simulator.ledger.cases import DIGEST, OWNERS, apply, begin, claim, signed, surroundings

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
