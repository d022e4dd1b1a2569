"""Nothing that was signed for one chain counts on another, be they ever so alike."""

import pytest
from msgspec.structs import replace

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import DoubleProposal, StakeChange
from tests.simulator.ledger.consensus.chain import (
    altered,
    extend,
    order,
    propose,
    refused_by,
    refuses_body,
    replaced_header,
    signed,
    votes,
)
from tests.simulator.ledger.consensus.cluster import first_state

STATE = first_state((100, 100, 100, 100))
TWIN = first_state((100, 100, 100, 100), name=b"twin")


def test_invalid_block_of_another_chain() -> None:
    """On each slot somebody else is elected there, so the block is moved to where its proposer is due."""
    blocks = [propose(STATE, slot) for slot in range(1, 8)]
    for block in blocks:
        header = replaced_header(block, parent_root=TWIN.head)
        replayed = signed(block, header, STATE, header.proposer)
        assert refused_by(TWIN, replayed) in {Rule.WRONG_PROPOSER, Rule.BAD_SIGNATURE}
    assert any(refused_by(TWIN, altered(one, STATE, parent_root=TWIN.head)) is Rule.BAD_SIGNATURE for one in blocks)


def test_invalid_vote_of_another_chain() -> None:
    state, twin = extend(STATE, 1), extend(TWIN, 1)
    (here,), (there,) = votes(state, 2, [0]), votes(twin, 2, [0])
    assert refuses_body(state, 3, attestations=[there]) is Rule.BAD_ATTESTATION
    assert refuses_body(state, 3, attestations=[replace(here, signature=there.signature)]) is Rule.BAD_SIGNATURE


def test_invalid_evidence_of_another_chain() -> None:
    """A double proposal on one chain convicts nobody on another."""
    block = propose(TWIN, 1)
    other = altered(block, TWIN, state_root=bytes(32))
    evidence = DoubleProposal(first=block.signed_header, second=other.signed_header)
    assert refuses_body(STATE, 1, evidence=[evidence]) is Rule.FORGED_EVIDENCE


@pytest.mark.parametrize("claimed", [True, False])
def test_invalid_change_of_stake_of_another_chain(claimed: bool) -> None:
    """Neither as it stands nor with this chain's id written over the other's."""
    signed_there = order(TWIN, StakeChange(validator=0, sequence=1, epoch=5, change=-50))
    if claimed:
        assert refuses_body(STATE, 1, messages=[signed_there]) is Rule.WRONG_CHAIN
    else:
        assert refuses_body(STATE, 1, messages=[replace(signed_there, chain_id=STATE.chain_id)]) is Rule.BAD_SIGNATURE
