"""Stake changes at bounds of epochs only, once its order is final, and never after the proposers are known."""

import pytest

from simulator.ledger.consensus.state import State, compute_start_slot, get_epoch
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body, StakeChange
from tests.simulator.ledger.consensus.chain import extend, grow, order, refuses_body
from tests.simulator.ledger.consensus.cluster import first_state

EVERYBODY = range(4)
BEFORE = grow(first_state((100, 100, 100, 100)), 3, EVERYBODY)
"""A chain at the beginning of epoch 3."""


def ordered(epoch: int) -> State:
    """Return the chain at the beginning of epoch 4, with an order of epoch 3 for a later one."""
    change = order(BEFORE, StakeChange(validator=0, sequence=1, epoch=epoch, change=-60))
    state = extend(BEFORE, 24, Body(messages=(change,)))
    return grow(state, 1, EVERYBODY)


@pytest.mark.parametrize("epoch", [0, 2, 3, 4, 5])
def test_invalid_change_before_its_time(epoch: int) -> None:
    """Of this epoch, of a past one, or of one whose proposers could be known by the end of this one."""
    change = order(BEFORE, StakeChange(validator=0, sequence=1, epoch=epoch, change=-60))
    assert refuses_body(BEFORE, 24, messages=[change]) is Rule.STAKE_MID_EPOCH


def test_invalid_change_before_an_earlier_one() -> None:
    """Otherwise a stake that is to be lowered late and raised early would stand above the deposit in between."""
    lower = order(BEFORE, StakeChange(validator=0, sequence=1, epoch=40, change=-100))
    higher = order(BEFORE, StakeChange(validator=0, sequence=2, epoch=39, change=100))
    assert refuses_body(BEFORE, 24, messages=[lower, higher]) is Rule.STAKE_MID_EPOCH


@pytest.mark.parametrize("epoch", [6, 7])
def test_stake_changes_with_its_epoch_and_not_within_it(epoch: int) -> None:
    state = ordered(epoch)
    while get_epoch(state) < epoch:
        assert state.stakes == (100, 100, 100, 100)
        state = grow(state, 1, EVERYBODY)
    assert state.stakes == (40, 100, 100, 100)
    assert state.previous_stakes == (100, 100, 100, 100)
    assert state.pending == ()
    last_slot = compute_start_slot(state.config, epoch + 1) - 1
    assert extend(state, last_slot).stakes == (40, 100, 100, 100)


def test_an_order_that_is_not_final_waits() -> None:
    """Without votes nothing becomes final, and no stake moves however much time passes."""
    waiting = process_slots(ordered(6), 800)
    assert waiting.stakes == (100, 100, 100, 100)
    again = grow(waiting, 4, EVERYBODY)
    assert again.stakes == (40, 100, 100, 100)


def test_the_seed_of_an_epoch_is_not_known_when_its_stake_is_ordered() -> None:
    """It rests on reveals of the epoch after that of the order, at the earliest."""
    state = ordered(6)
    same_until_here = extend(extend(ordered(6), 33), 35)
    other = extend(ordered(6), 34)
    assert process_slots(same_until_here, 48).earlier_mixes[1] != process_slots(other, 48).earlier_mixes[1]
    assert get_epoch(state) == 4
