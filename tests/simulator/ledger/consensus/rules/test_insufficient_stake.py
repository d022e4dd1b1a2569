"""A validator has at stake between nothing and its deposit, and some validator has something."""

import pytest

from simulator.ledger.consensus.slashing import slash
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Body, StakeChange
from tests.simulator.ledger.consensus.chain import extend, order, propose, refuses_body
from tests.simulator.ledger.consensus.cluster import first_state

STATE = first_state((100, 100))


def change(sequence: int, by: int, validator: int = 0) -> StakeChange:
    return StakeChange(validator=validator, sequence=sequence, epoch=5, change=by)


@pytest.mark.parametrize("by", [1, -101, 2**62, -(2**62)])
def test_invalid_change_beyond_the_deposit(by: int) -> None:
    assert refuses_body(STATE, 1, messages=[order(STATE, change(1, by))]) is Rule.INSUFFICIENT_STAKE


def test_invalid_changes_that_together_leave_less_than_nothing() -> None:
    messages = [order(STATE, change(number, -60)) for number in (1, 2)]
    assert refuses_body(STATE, 1, messages=messages) is Rule.INSUFFICIENT_STAKE


def test_valid_changes_down_and_up_again() -> None:
    messages = tuple(order(STATE, change(number, by)) for number, by in ((1, -100), (2, 100), (3, -1)))
    assert len(extend(STATE, 1, Body(messages=messages)).pending) == 3


def test_invalid_genesis_without_stake() -> None:
    with pytest.raises(RuleError, match="insufficient_stake"):
        first_state((0, 0))


def test_invalid_block_where_all_are_slashed() -> None:
    """Nobody is left to propose, so the chain has ended, and says so."""
    state = process_slots(slash(slash(STATE, 0), 1), 8)
    assert (state.stakes, state.burnt) == ((0, 0), 200)
    with pytest.raises(RuleError, match="insufficient_stake"):
        propose(state, 9)
