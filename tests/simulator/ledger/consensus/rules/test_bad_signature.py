"""Blocks, votes and changes of stake are signed by the validator that they name."""

from msgspec.structs import replace

from simulator.ledger.record.rules import Rule
from simulator.ledger.record.types import StakeChange
from tests.simulator.ledger.consensus.chain import (
    altered,
    extend,
    order,
    propose,
    refused_by,
    refuses_body,
    replaced_header,
    signed,
    signer,
    votes,
)
from tests.simulator.ledger.consensus.cluster import first_state

STATE = first_state((100, 100, 100, 100))


def test_invalid_block_signed_by_another() -> None:
    block = propose(STATE, 1)
    header = block.signed_header.header
    assert refused_by(STATE, signed(block, header, STATE, (header.proposer + 1) % 4)) is Rule.BAD_SIGNATURE


def test_invalid_block_changed_after_signing() -> None:
    block = propose(STATE, 1)
    header = replaced_header(block, body_root=bytes(32))
    changed = replace(block, signed_header=replace(block.signed_header, header=header))
    assert refused_by(STATE, changed) is Rule.BAD_SIGNATURE
    assert refused_by(STATE, altered(block, STATE, body_root=bytes(32))) is Rule.WRONG_BODY_ROOT


def test_invalid_vote_signed_by_another() -> None:
    state = extend(STATE, 1)
    (vote,) = votes(state, 2, [0])
    assert refuses_body(state, 3, attestations=[replace(vote, signature=votes(state, 2, [1])[0].signature)]) is (
        Rule.BAD_SIGNATURE
    )


def test_invalid_vote_changed_after_signing() -> None:
    state = extend(STATE, 1)
    (vote,) = votes(state, 2, [0])
    changed = replace(vote, data=replace(vote.data, head=bytes(32)))
    assert refuses_body(state, 3, attestations=[changed]) is Rule.BAD_SIGNATURE


def test_invalid_change_of_stake_signed_by_another() -> None:
    change = StakeChange(validator=0, sequence=1, epoch=5, change=-50)
    forged = replace(order(STATE, change), signature=signer(STATE.chain_id, 1)(change))
    assert refuses_body(STATE, 1, messages=[forged]) is Rule.BAD_SIGNATURE
