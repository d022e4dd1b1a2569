"""A validator's changes of stake are numbered from 1: none is applied twice, and none is left out."""

import pytest

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body, StakeChange
from tests.simulator.ledger.consensus.chain import extend, order, refuses_body
from tests.simulator.ledger.consensus.cluster import first_state

STATE = first_state((100, 100, 100, 100))
FIRST = order(STATE, StakeChange(validator=0, sequence=1, epoch=5, change=-10))
SECOND = order(STATE, StakeChange(validator=0, sequence=2, epoch=5, change=-10))


def test_valid_changes_follow_one_another() -> None:
    state = extend(extend(STATE, 1, Body(messages=(FIRST,))), 2, Body(messages=(SECOND,)))
    assert state.members[0].changes == 2


@pytest.mark.parametrize("sequence", [0, 2, 3])
def test_invalid_first_number(sequence: int) -> None:
    change = order(STATE, StakeChange(validator=0, sequence=sequence, epoch=5, change=-10))
    assert refuses_body(STATE, 1, messages=[change]) is Rule.SEQUENCE_GAP


def test_invalid_change_again() -> None:
    assert refuses_body(extend(STATE, 1, Body(messages=(FIRST,))), 2, messages=[FIRST]) is Rule.SEQUENCE_GAP
    assert refuses_body(STATE, 1, messages=[FIRST, FIRST]) is Rule.SEQUENCE_GAP
