"""The header names the state to which the block leads, so that whoever computes another one notices at once."""

from simulator.ledger.consensus.state import get_root
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body
from tests.simulator.ledger.consensus.chain import altered, extend, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state
from tests.simulator.ledger.consensus.messages import retirement

STATE = extend(first_state((100, 100, 100, 100)), 1)


def test_invalid_state() -> None:
    for root in (bytes(32), get_root(STATE), propose(STATE, 3).signed_header.header.state_root):
        assert refused_by(STATE, altered(propose(STATE, 2), STATE, state_root=root)) is Rule.WRONG_STATE_ROOT


def test_the_root_tells_of_the_application() -> None:
    """A message changes nothing of the consensus, but the counter that is the application here."""
    with_message = propose(STATE, 2, Body(messages=(retirement(STATE, 1),))).signed_header.header
    assert with_message.state_root != propose(STATE, 2).signed_header.header.state_root
