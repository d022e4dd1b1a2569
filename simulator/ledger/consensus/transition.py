"""The pure transition of the consensus: a state and a block make the next state, or a rule says why not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from simulator.ledger.consensus.finality import process_justification
from simulator.ledger.consensus.randomness import compute_mix, is_valid_reveal
from simulator.ledger.consensus.slashing import process_evidence, slash
from simulator.ledger.consensus.stake import (
    is_final,
    process_renewal,
    process_renewals,
    process_stake_change,
    process_stakes,
)
from simulator.ledger.consensus.state import (
    State,
    compute_epoch,
    compute_start_slot,
    get_block_proposer,
    get_epoch,
    get_history,
    get_member,
    get_root,
    with_head,
    with_member,
)
from simulator.ledger.consensus.votes import process_votes
from simulator.ledger.record.codec import digest, encode
from simulator.ledger.record.keys import check
from simulator.ledger.record.merkle import root_of
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Block,
    BlockHeader,
    Body,
    Checkpoint,
    RevealRenewal,
    SignedMessage,
    StakeChange,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Facts of a block that its messages may depend on: its slot, and randomness that nobody foresaw."""

    slot: int
    mix: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of a block's messages: the application's new root, and the validators that they convict."""

    root: bytes
    convicted: tuple[int, ...] = ()


ProcessMessages = Callable[[bytes, Sequence[SignedMessage], Surroundings], Outcome]
"""Transition of the application: from the root of its state and a block's messages to the outcome.

It raises RuleError where a message breaks a rule, and keeps by their roots whatever states it needs.
"""


def process_slots(state: State, slot: int) -> State:
    """Return the state at a later slot after empty ones. A year of them takes no longer than a few epochs.

    Once a bound of epochs changes nothing but the epoch, the next ones do not either, until a change of stake is due.
    """
    epoch = compute_epoch(state.config, slot)
    while get_epoch(state) < epoch:
        following = process_epoch(state)
        if not state.justified_epochs and following == _moved_to(state, get_epoch(state) + 1):
            following = _moved_to(
                state, min([epoch, *(one.epoch - 1 for one in state.pending if is_final(state, one.slot))])
            )
        state = following
    return replace(state, slot=slot) if slot > state.slot else state


def process_epoch(state: State) -> State:
    """Return the state at the first slot of the next epoch: votes are counted, and due orders take effect."""
    following = get_epoch(state) + 1
    return replace(
        process_renewals(process_stakes(process_justification(state))),
        slot=compute_start_slot(state.config, following),
        previous_stakes=state.stakes,
        earlier_mixes=(state.mix, state.earlier_mixes[0]),
        target=Checkpoint(epoch=following, root=state.head),
        previous_target=state.target,
        previous_source=state.justified,
        voters=bytes(len(state.members)),
        previous_voters=state.voters,
    )


def _moved_to(state: State, epoch: int) -> State:
    """Return a state of which all stays as it is but the epoch."""
    return replace(
        state,
        slot=compute_start_slot(state.config, epoch),
        target=replace(state.target, epoch=epoch),
        previous_target=replace(state.previous_target, epoch=epoch - 1),
    )


def state_transition(process_messages: ProcessMessages, state: State, block: Block) -> State:
    """Return the state after a block and the empty slots before it. Raises RuleError with the rule that it breaks."""
    slot = block.signed_header.header.slot
    if slot <= state.head_slot:
        raise RuleError(Rule.WRONG_SLOT, f"slot {slot} after a block of slot {state.head_slot}")
    return process_block(process_messages, process_slots(state, slot), block)


def process_block(process_messages: ProcessMessages, state: State, block: Block) -> State:
    """Return the state after a block for the slot of the state. Raises RuleError with the rule that it breaks."""
    check_block(state, block)
    header = block.signed_header.header
    state = process_contents(process_messages, state, header.randomness_reveal, block.body)
    if header.state_root != get_root(state):
        raise RuleError(Rule.WRONG_STATE_ROOT, "the block leads to another state")
    return with_head(state, header)


def check_block(state: State, block: Block) -> None:
    """Check all of a block for the slot of the state but what its contents lead to.

    Raises RuleError with the rule that it breaks.
    """
    check_own_block(state, block)
    if block.signed_header.header.body_root != compute_body_root(block.body):
        raise RuleError(Rule.WRONG_BODY_ROOT, "the body is another one")


def check_own_block(state: State, block: Block) -> None:
    """Check a block as `check_block` does, but for the root of its body, which its maker has just computed.

    Raises RuleError with the rule that it breaks.
    """
    header = block.signed_header.header
    if header.slot != state.slot or header.slot <= state.head_slot:
        raise RuleError(Rule.WRONG_SLOT, f"slot {header.slot} at slot {state.slot}, after {state.head_slot}")
    if header.parent_root != state.head:
        raise RuleError(Rule.WRONG_PARENT, "another block is the head")
    if (header.number, header.history_root) != (state.blocks + 1, get_history(state).root()):
        raise RuleError(Rule.WRONG_HISTORY, f"block {header.number} states other blocks before it than {state.blocks}")
    if header.proposer != get_block_proposer(state):
        raise RuleError(Rule.WRONG_PROPOSER, f"slot {state.slot} is not one of validator {header.proposer}")
    check(get_member(state, header.proposer).key, state.chain_id, header, block.signed_header.signature)
    if len(encode(block.body)) > state.config.max_block_bytes:
        raise RuleError(Rule.OVERSIZED_BLOCK, f"more than {state.config.max_block_bytes} bytes")


def get_trusted_state(root: bytes, header: BlockHeader, state: State) -> State:
    """Return the state after a block that is trusted by its root, from what a stranger sent: its header, and the state
    whose root stands there.

    Raises RuleError (wrong parent, wrong state root) where either is not what the root stands for.
    """
    if digest(header) != root:
        raise RuleError(Rule.WRONG_PARENT, "the header is not that of the trusted block")
    if get_root(state) != header.state_root:
        raise RuleError(Rule.WRONG_STATE_ROOT, "the state is not that of the trusted block")
    return with_head(state, header)


def process_contents(process_messages: ProcessMessages, state: State, reveal: bytes, body: Body) -> State:
    """Return the state to which a block's contents lead, before the block itself becomes the head.

    Its root stands in the header. Raises RuleError with the rule that the contents break.
    """
    state = process_reveal(state, reveal)
    for evidence in body.evidence:
        state = process_evidence(state, evidence)
    state = process_votes(state, body.attestations)
    rest = []
    for signed in body.messages:
        match signed.message:
            case StakeChange() as change:
                state = process_stake_change(state, signed, change)
            case RevealRenewal() as renewal:
                state = process_renewal(state, signed, renewal)
            case _:
                rest.append(signed)
    outcome = process_messages(state.application, rest, Surroundings(slot=state.slot, mix=state.mix))
    for index in outcome.convicted:
        state = slash(state, index)
    return replace(state, application=outcome.root)


def process_reveal(state: State, reveal: bytes) -> State:
    """Return the state with the proposer's reveal in the mix. Raises RuleError for anything but its own one."""
    index = get_block_proposer(state)
    proposer = get_member(state, index)
    if not is_valid_reveal(reveal, state.slot, proposer.reveal, proposer.revealed):
        raise RuleError(Rule.WRONG_RANDOMNESS, "the reveal is not the one that the proposer is bound to")
    opened = with_member(state, index, replace(proposer, reveal=reveal, revealed=state.slot))
    return replace(opened, mix=compute_mix(state.mix, reveal))


def compute_body_root(body: Body) -> bytes:
    """Return the root of the tree whose leaves are attestations, evidence and messages (RFC 9162)."""
    return root_of(encode(one) for one in (*body.attestations, *body.evidence, *body.messages))
