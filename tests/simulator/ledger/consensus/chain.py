"""Blocks and votes of a chain for tests, whose validators' keys are all at hand: good ones, and altered ones."""

from collections.abc import Iterable, Sequence

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.proposal import Sign, build_block, build_vote
from simulator.ledger.consensus.state import State, compute_start_slot, get_block_proposer, get_epoch
from simulator.ledger.consensus.transition import compute_body_root, process_slots, state_transition
from simulator.ledger.record.codec import digest
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Block,
    BlockHeader,
    Body,
    Evidence,
    RevealRenewal,
    Signable,
    SignedHeader,
    SignedMessage,
    StakeChange,
)
from tests.simulator.ledger.consensus.cluster import count_messages, identity


def root(block: Block) -> bytes:
    return digest(block.signed_header.header)


def signer(chain_id: bytes, index: int) -> Sign:
    def sign(record: Signable) -> bytes:
        return identity(index).key.sign(chain_id, record)

    return sign


def propose(state: State, slot: int, body: Body | None = None) -> Block:
    """Return the good block of a slot on a state."""
    state = process_slots(state, slot)
    proposer = get_block_proposer(state)
    reveal = identity(proposer).reveals.reveal(slot)
    return build_block(count_messages, state, reveal, body or Body(), signer(state.chain_id, proposer))


def extend(state: State, slot: int, body: Body | None = None) -> State:
    """Return the state after the good block of a slot."""
    return apply(state, propose(state, slot, body))


def apply(state: State, block: Block) -> State:
    return state_transition(count_messages, state, block)


def votes(state: State, slot: int, who: Iterable[int]) -> tuple[Attestation, ...]:
    """Return the votes at a slot of validators who see the head of a state."""
    at = process_slots(state, slot)
    return tuple(build_vote(at, index, signer(state.chain_id, index)) for index in who)


def vote(data: AttestationData, state: State) -> Attestation:
    """Return a vote with any data, signed by the validator that it names."""
    return Attestation(data=data, signature=signer(state.chain_id, data.validator)(data))


def grow(state: State, epochs: int, who: Sequence[int]) -> State:
    """Return the state at the start of a later epoch, with two blocks in each and all these voting in each."""
    for _ in range(epochs):
        start = compute_start_slot(state.config, get_epoch(state)) + (state.slot == 0)
        start = max(start, state.slot)
        state = extend(state, start + 1)
        state = extend(state, start + 3, Body(attestations=votes(state, start + 2, who)))
        state = process_slots(state, compute_start_slot(state.config, get_epoch(state) + 1))
    return state


def altered(block: Block, state: State, **changes: object) -> Block:
    """Return a block with other fields in its header, signed by its proposer all the same."""
    header = replaced_header(block, **changes)
    return signed(block, header, state, header.proposer)


def replaced_header(block: Block, **changes: object) -> BlockHeader:
    return replace(block.signed_header.header, **changes)


def signed(block: Block, header: BlockHeader, state: State, by: int) -> Block:
    signature = signer(state.chain_id, by)(header)
    return Block(signed_header=SignedHeader(header=header, signature=signature), body=block.body)


def with_body(block: Block, body: Body) -> Block:
    return replace(block, body=body)


def refused_by(state: State, block: Block) -> Rule:
    """Return the rule under which a block is refused."""
    with pytest.raises(RuleError) as caught:
        apply(state, block)
    return caught.value.rule


def refuses_body(state: State, slot: int, **contents: Sequence[Evidence | Attestation | SignedMessage]) -> Rule:
    """Return the rule under which the contents of a block are refused, by the proposer itself as by everybody."""
    body = Body(**{name: tuple(one) for name, one in contents.items()})  # type: ignore[arg-type]
    with pytest.raises(RuleError) as caught:
        propose(state, slot, body)
    empty = propose(state, slot)
    forced = altered(empty, state, body_root=compute_body_root(body))
    assert refused_by(state, with_body(forced, body)) is caught.value.rule
    return caught.value.rule


def order(state: State, change: StakeChange | RevealRenewal) -> SignedMessage:
    """Return a signed order of a validator."""
    signature = signer(state.chain_id, change.validator)(change)
    return SignedMessage(chain_id=state.chain_id, message=change, signature=signature)
