"""Messages of the application, whose content is nothing to the consensus."""

from simulator.ledger.consensus.state import State
from simulator.ledger.record.types import Instrument, Lots, Retirement, SignedMessage
from tests.simulator.ledger.consensus.cluster import identity


def retirement(state: State, number: int) -> SignedMessage:
    """Return a message that differs from others by its number."""
    holder = identity(0).key
    lots = Lots(instrument=Instrument.CREDIT, series=0, first=0, end=1)
    message = Retirement(holder=holder.public, sequence=number, lots=lots, beneficiary=bytes(32))
    return SignedMessage(chain_id=state.chain_id, message=message, signature=holder.sign(state.chain_id, message))
