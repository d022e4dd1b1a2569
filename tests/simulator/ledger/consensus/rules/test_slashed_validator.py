"""Whoever is slashed neither proposes nor votes, and is slashed once."""

from msgspec.structs import replace

from simulator.ledger.consensus.slashing import slash
from simulator.ledger.consensus.state import get_block_proposer
from simulator.ledger.consensus.transition import process_slots
from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import Body, DoubleVote, StakeChange
from tests.simulator.ledger.consensus.chain import extend, order, propose, refused_by, refuses_body, vote, votes
from tests.simulator.ledger.consensus.cluster import first_state

STATE = extend(first_state((100, 100, 100, 100)), 1)
PROPOSER = get_block_proposer(process_slots(STATE, 3))
OTHER = (PROPOSER + 1) % 4


def test_invalid_block_of_a_slashed_validator() -> None:
    assert refused_by(slash(STATE, PROPOSER), propose(STATE, 3)) is Rule.SLASHED_VALIDATOR


def test_invalid_vote_of_a_slashed_validator() -> None:
    assert refuses_body(slash(STATE, OTHER), 3, attestations=votes(STATE, 2, [OTHER])) is Rule.SLASHED_VALIDATOR


def test_invalid_vote_beside_the_evidence_against_it() -> None:
    (good,) = votes(STATE, 2, [OTHER])
    evidence = DoubleVote(first=good, second=vote(replace(good.data, head=bytes(32)), STATE))
    assert refuses_body(STATE, 3, evidence=[evidence], attestations=[good]) is Rule.SLASHED_VALIDATOR


def test_invalid_evidence_a_second_time() -> None:
    (good,) = votes(STATE, 2, [OTHER])
    evidence = DoubleVote(first=good, second=vote(replace(good.data, head=bytes(32)), STATE))
    state = extend(STATE, 3, Body(evidence=(evidence,)))
    assert state.members[OTHER].slashed
    following = next(slot for slot in range(4, 99) if get_block_proposer(process_slots(state, slot)) != OTHER)
    assert refuses_body(state, following, evidence=[evidence]) is Rule.SLASHED_VALIDATOR


def test_invalid_change_of_stake_of_a_slashed_validator() -> None:
    change = order(STATE, StakeChange(validator=OTHER, sequence=1, epoch=5, change=-100))
    assert refuses_body(slash(STATE, OTHER), 3, messages=[change]) is Rule.SLASHED_VALIDATOR
