"""A block belongs to a later slot than its parent."""

import pytest

from simulator.ledger.consensus.transition import process_block, process_slots
from simulator.ledger.record.rules import Rule, RuleError
from tests.simulator.ledger.consensus.chain import altered, extend, propose, refused_by
from tests.simulator.ledger.consensus.cluster import count_messages, first_state

STATE = first_state((100, 100, 100, 100))


def test_valid_slots_may_be_left_out() -> None:
    assert extend(extend(STATE, 1), 5).slot == 5


@pytest.mark.parametrize("slot", [0, 1, 2, 3])
def test_invalid_block_of_a_past_slot(slot: int) -> None:
    state = extend(STATE, 3)
    assert refused_by(state, altered(propose(state, 4), state, slot=slot)) is Rule.WRONG_SLOT


def test_invalid_block_of_genesis() -> None:
    assert refused_by(STATE, altered(propose(STATE, 1), STATE, slot=0)) is Rule.WRONG_SLOT


def test_invalid_second_block_of_a_slot() -> None:
    """At a state that is at the slot already, as an auditor may hold it."""
    state = extend(STATE, 3)
    with pytest.raises(RuleError, match="wrong_slot"):
        process_block(count_messages, state, altered(propose(STATE, 3), STATE, parent_root=state.head))


def test_invalid_block_of_another_slot_than_the_state() -> None:
    with pytest.raises(RuleError, match="wrong_slot"):
        process_block(count_messages, process_slots(STATE, 3), propose(STATE, 4))
