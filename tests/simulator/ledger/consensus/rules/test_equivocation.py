"""A second block of a proposer for one slot is refused, and both together convict it."""

import pytest

from simulator.ledger.consensus.fork_choice import View
from simulator.ledger.consensus.slashing import PortableEvidence, check_portable
from simulator.ledger.record.codec import digest
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Body, DoubleProposal
from tests.simulator.ledger.consensus.chain import apply, propose
from tests.simulator.ledger.consensus.cluster import count_messages, first_state, identity
from tests.simulator.ledger.consensus.messages import retirement

STATE = first_state((100, 100, 100, 100))
ONE = propose(STATE, 1)
OTHER = propose(STATE, 1, Body(messages=(retirement(STATE, 1),)))
PROPOSER = ONE.signed_header.header.proposer


def test_invalid_second_block_of_a_slot() -> None:
    view = View(STATE, count_messages)
    view.add_block(ONE, 1)
    with pytest.raises(RuleError) as caught:
        view.add_block(OTHER, 1)
    assert caught.value.rule is Rule.EQUIVOCATION
    evidence = view.evidence[PROPOSER]
    assert isinstance(evidence, DoubleProposal)
    key = identity(PROPOSER).key.public
    check_portable(PortableEvidence(chain_id=STATE.chain_id, key=key, evidence=evidence))


def test_the_same_block_again_is_no_equivocation() -> None:
    view = View(STATE, count_messages)
    view.add_block(ONE, 1)
    view.add_block(ONE, 2)
    assert view.evidence == {}


def test_a_second_block_on_which_others_have_built_is_taken() -> None:
    """Otherwise those who saw the other one first would be cut off for ever."""
    view = View(STATE, count_messages)
    view.add_block(ONE, 1)
    view.add_block(OTHER, 3, needed=True)
    after = apply(STATE, OTHER)
    slot = next(slot for slot in range(2, 99) if propose(after, slot).signed_header.header.proposer != PROPOSER)
    child = propose(after, slot)
    view.add_block(child, slot)
    assert {digest(one.signed_header.header) for one in (ONE, OTHER, child)} <= set(view.blocks)
    assert PROPOSER in view.evidence
