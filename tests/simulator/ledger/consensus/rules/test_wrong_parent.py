"""A block builds on the block that made the state."""

from simulator.ledger.record.rules import Rule
from tests.simulator.ledger.consensus.chain import altered, extend, propose, refused_by
from tests.simulator.ledger.consensus.cluster import first_state

STATE = first_state((100, 100, 100, 100))


def test_invalid_block_on_another_block() -> None:
    assert refused_by(extend(STATE, 2), propose(extend(STATE, 1), 3)) is Rule.WRONG_PARENT


def test_invalid_block_on_none() -> None:
    state = extend(STATE, 1)
    assert refused_by(state, altered(propose(state, 2), state, parent_root=bytes(32))) is Rule.WRONG_PARENT
