"""Votes, evidence and changes of stake name a validator of the chain."""

import pytest
from msgspec.structs import replace

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import DoubleVote, StakeChange
from tests.simulator.ledger.consensus.chain import extend, order, refuses_body, vote, votes
from tests.simulator.ledger.consensus.cluster import first_state

STATE = extend(first_state((100, 100, 100, 100)), 1)


@pytest.mark.parametrize("stranger", [4, 5, 1000])
def test_invalid_vote_of_a_stranger(stranger: int) -> None:
    (good,) = votes(STATE, 2, [0])
    forged = vote(replace(good.data, validator=stranger), STATE)
    assert refuses_body(STATE, 3, attestations=[forged]) is Rule.UNKNOWN_SIGNER


def test_invalid_evidence_against_a_stranger() -> None:
    (good,) = votes(STATE, 2, [0])
    first, second = (vote(replace(good.data, validator=4, slot=slot), STATE) for slot in (1, 2))
    assert refuses_body(STATE, 3, evidence=[DoubleVote(first=first, second=second)]) is Rule.UNKNOWN_SIGNER


def test_invalid_change_of_stake_of_a_stranger() -> None:
    change = order(STATE, StakeChange(validator=4, sequence=1, epoch=5, change=0))
    assert refuses_body(STATE, 3, messages=[change]) is Rule.UNKNOWN_SIGNER
