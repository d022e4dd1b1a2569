"""The making of blocks and votes by an honest validator."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from msgspec.structs import replace

from simulator.ledger.consensus.randomness import RevealChain
from simulator.ledger.consensus.slashing import get_offender
from simulator.ledger.consensus.state import State, get_block_proposer, get_history, get_root
from simulator.ledger.consensus.transition import ProcessMessages, compute_body_root, process_contents
from simulator.ledger.consensus.votes import check_vote, note_vote
from simulator.ledger.record.codec import encode
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.rules import RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Block,
    BlockHeader,
    Body,
    Evidence,
    Signable,
    SignedHeader,
    SignedMessage,
)

LONGEST_LENGTH = 5
"""Most bytes that tell the number of messages, in bytes (MessagePack)."""

Sign = Callable[[Signable], bytes]
"""Signing by a validator, for its chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Possessions of a validator: its place, its key, and the chain of hashes that it is bound to."""

    index: int
    key: SecretKey
    reveals: RevealChain


def select_body(
    state: State,
    votes: Iterable[Attestation],
    evidence: Iterable[Evidence],
    messages: Sequence[SignedMessage] = (),
) -> Body:
    """Return what a block for the slot of the state can hold: evidence, votes that still count, then messages.

    Messages beyond the largest size of a block are left out, and all that come after them.
    """
    convicting = tuple(one for one in evidence if not state.members[get_offender(one)].slashed)
    convicted = {get_offender(one) for one in convicting}
    chosen = []
    for vote in votes:
        try:
            check_vote(state, vote.data)
        except RuleError:
            continue
        if vote.data.validator not in convicted:
            chosen.append(vote)
            state = note_vote(state, vote.data)
    body = Body(attestations=tuple(chosen), evidence=convicting)
    room = state.config.max_block_bytes - len(encode(body)) - LONGEST_LENGTH
    ends = accumulate(len(encode(message)) for message in messages)
    fitting = sum(1 for _ in takewhile(lambda end: end <= room, ends))
    return replace(body, messages=tuple(messages[:fitting]))


def build_block(process_messages: ProcessMessages, state: State, reveal: bytes, body: Body, sign: Sign) -> Block:
    """Return the block of the state's proposer for the slot of the state.

    Raises RuleError where the body or the reveal break a rule.
    """
    return seal_block(state, process_contents(process_messages, state, reveal, body), reveal, body, sign)


def seal_block(state: State, after: State, reveal: bytes, body: Body, sign: Sign) -> Block:
    """Return the block of the state's proposer whose contents lead to another state."""
    header = BlockHeader(
        slot=state.slot,
        proposer=get_block_proposer(state),
        number=state.blocks + 1,
        parent_root=state.head,
        history_root=get_history(state).root(),
        state_root=get_root(after),
        body_root=compute_body_root(body),
        randomness_reveal=reveal,
    )
    return Block(signed_header=SignedHeader(header=header, signature=sign(header)), body=body)


def build_vote(state: State, validator: int, sign: Sign) -> Attestation:
    """Return the vote of a validator who sees, at the slot of the state, the head of the state."""
    data = build_vote_data(state, validator)
    return Attestation(data=data, signature=sign(data))


def build_vote_data(state: State, validator: int) -> AttestationData:
    """Return what a validator votes for who sees, at the slot of the state, the head of the state."""
    return AttestationData(
        validator=validator,
        slot=state.slot,
        head=state.head,
        source=state.justified,
        target=state.target,
    )


def is_safe_to_sign(vote: AttestationData, last: AttestationData | None) -> bool:
    """Tell whether no two votes convict a validator that signs this one, after a last one that was safe as well.

    Sources never go back and targets always go on, so that no vote repeats, surrounds or is surrounded by another.
    """
    return last is None or (last.target.epoch < vote.target.epoch and last.source.epoch <= vote.source.epoch)
