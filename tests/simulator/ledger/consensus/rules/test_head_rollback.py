"""A branch that leaves the chain below what is final is refused, however much stake may stand behind it."""

import pytest

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.state import State
from simulator.ledger.record.codec import digest
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Block, Body
from tests.simulator.ledger.consensus.chain import apply, propose, votes
from tests.simulator.ledger.consensus.cluster import count_messages, first_state

STATE = first_state((100, 100, 100, 100))


def chain(state: State, slots: range, who: range) -> list[Block]:
    """Return a block of every slot, in which everybody votes in the middle of each epoch."""
    blocks = []
    for slot in slots:
        body = Body(attestations=votes(state, slot - 1, who)) if slot % 8 == 5 else Body()
        blocks.append(propose(state, slot, body))
        state = apply(state, blocks[-1])
    return blocks


MAIN = chain(STATE, range(1, 33), range(4))
BRANCH = chain(apply(STATE, MAIN[0]), range(3, 33), range(4))
"""The same validators vote on both: all stake stands behind either."""


@pytest.fixture
def view() -> View:
    seen = View(STATE, count_messages)
    for block in MAIN:
        seen.add_block(block, 40)
    return seen


def test_invalid_branch_below_the_final_block(view: View) -> None:
    assert view.finalized.epoch == 2
    head = view.get_head()
    refused = set()
    for block in BRANCH:
        with pytest.raises(RuleError) as caught:
            view.add_block(block, 40, needed=True)
        refused.add(caught.value.rule)
    assert refused == {Rule.HEAD_ROLLBACK, Rule.WRONG_PARENT}
    assert view.get_head() == head == digest(MAIN[-1].signed_header.header)


def test_invalid_branch_off_a_block_before_the_final_one(view: View) -> None:
    """Its slot is a late one, so that only its parent tells."""
    state = apply(STATE, MAIN[0])
    with pytest.raises(RuleError, match="head_rollback"):
        view.add_block(propose(state, 33), 40)


def test_invalid_branch_whose_blocks_were_seen_before_it_was_given_up() -> None:
    seen = View(STATE, count_messages)
    for block in (MAIN[0], BRANCH[0], *MAIN[1:]):
        seen.add_block(block, 40, needed=True)
    with pytest.raises(RuleError, match="head_rollback"):
        seen.add_block(BRANCH[1], 40)
