"""Nobody takes a block or a vote whose slot has not come yet, by its own clock."""

import pytest

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.record.rules import Rule, RuleError
from tests.simulator.ledger.consensus.chain import extend, propose, votes
from tests.simulator.ledger.consensus.cluster import count_messages, first_state

STATE = first_state((100, 100, 100, 100))


def test_valid_block_and_vote_of_the_present() -> None:
    view = View(STATE, count_messages)
    assert view.add_block(propose(STATE, 4), 4).slot == 4
    view.add_vote(votes(extend(STATE, 4), 5, [0])[0], 5)


@pytest.mark.parametrize("ahead", [1, 2, 1000])
def test_invalid_block_of_a_future_slot(ahead: int) -> None:
    view = View(STATE, count_messages)
    with pytest.raises(RuleError) as caught:
        view.add_block(propose(STATE, 4 + ahead), 4)
    assert caught.value.rule is Rule.FUTURE
    assert view.get_head() == STATE.head


def test_invalid_vote_of_a_future_slot() -> None:
    with pytest.raises(RuleError, match="future"):
        View(STATE, count_messages).add_vote(votes(STATE, 5, [0])[0], 4)
