"""The state on which validators agree: who holds what stake, what is justified and final, and whom chance elects.

Integers and digests only, so that every machine computes the same root.
"""

import hashlib

from msgspec.structs import replace

from simulator.ledger.consensus.election import compute_turns, get_proposer
from simulator.ledger.consensus.randomness import compute_seed
from simulator.ledger.record.codec import compute_chain_id, digest
from simulator.ledger.record.merkle import Tree
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    MAX_INTEGER,
    BlockHeader,
    ChainConfig,
    Checkpoint,
    Digest,
    Genesis,
    PublicKey,
    Record,
    Unsigned,
)


class Member(Record, frozen=True):
    """Validator as the chain knows it.

    `deposit` is what it can lose, and the most that it may have at stake. `reveal` is its last one, at first its
    commitment, of the slot `revealed`; `changes` counts its changes of stake and renewals.
    """

    key: PublicKey
    deposit: Unsigned
    reveal: Digest
    revealed: Unsigned = 0
    changes: Unsigned = 0
    slashed: bool = False


class PendingChange(Record, frozen=True):
    """Change of stake that waits for its epoch, and for finality of the slot whose block included it."""

    slot: Unsigned
    validator: Unsigned
    epoch: Unsigned
    change: int


class PendingRenewal(Record, frozen=True):
    """New chain of reveals that waits for finality of the slot `included`. Its link of `revealed` is `reveal`."""

    included: Unsigned
    validator: Unsigned
    reveal: Digest
    revealed: Unsigned


class State(Record, frozen=True):
    """State of the consensus after a block, or after the empty slots that follow it.

    `blocks` counts those of the chain, and `peaks` are those of the tree of their roots (RFC 9162). Stakes count for a
    whole epoch: `stakes` in the present one, `previous_stakes` in the last. A byte of `voters` is 1
    where the validator has voted for the epoch's `target`. `justified` is the source of the epoch's votes, and
    `justified_epochs` are those of the last four. `mix` is that of all reveals, `earlier_mixes` are those with which
    the last epoch and the one before it ended. `application` is the root of the state that the blocks' messages make.
    """

    config: ChainConfig
    chain_id: Digest
    slot: Unsigned
    head: Digest
    head_slot: Unsigned
    blocks: Unsigned
    peaks: tuple[Digest, ...]
    members: tuple[Member, ...]
    stakes: tuple[Unsigned, ...]
    previous_stakes: tuple[Unsigned, ...]
    burnt: Unsigned
    pending: tuple[PendingChange, ...]
    renewals: tuple[PendingRenewal, ...]
    mix: Digest
    earlier_mixes: tuple[Digest, Digest]
    target: Checkpoint
    previous_target: Checkpoint
    justified: Checkpoint
    previous_source: Checkpoint
    justified_epochs: tuple[Unsigned, ...]
    finalized: Checkpoint
    voters: bytes
    previous_voters: bytes
    application: Digest


def get_genesis_state(genesis: Genesis, application: bytes) -> State:
    """Return the first state of a chain, in which the chain's id stands for the block before the first.

    Raises RuleError for a key that stands twice, for no stake at all, and for more than an integer holds.
    """
    validators, chain_id = genesis.validators, compute_chain_id(genesis)
    if len({one.key for one in validators}) < len(validators):
        raise RuleError(Rule.KEY_REUSE, "two validators have one key")
    stakes = tuple(one.stake for one in validators)
    if sum(stakes) > MAX_INTEGER:
        raise RuleError(Rule.OVERFLOW, "the stakes of all validators together")
    if not sum(stakes):
        raise RuleError(Rule.INSUFFICIENT_STAKE, "nobody has anything at stake")
    mix = hashlib.sha256(b"first mix" + chain_id).digest()
    start = Checkpoint(epoch=0, root=chain_id)
    nobody = bytes(len(validators))
    return State(
        config=genesis.config,
        chain_id=chain_id,
        slot=0,
        head=chain_id,
        head_slot=0,
        blocks=0,
        peaks=(),
        members=tuple(Member(key=one.key, deposit=one.stake, reveal=one.commitment) for one in validators),
        stakes=stakes,
        previous_stakes=stakes,
        burnt=0,
        pending=(),
        renewals=(),
        mix=mix,
        earlier_mixes=(mix, mix),
        target=start,
        previous_target=start,
        justified=start,
        previous_source=start,
        justified_epochs=(0,),
        finalized=start,
        voters=nobody,
        previous_voters=nobody,
        application=application,
    )


def compute_epoch(config: ChainConfig, slot: int) -> int:
    """Return the epoch of a slot."""
    return slot // config.slots_per_epoch


def compute_start_slot(config: ChainConfig, epoch: int) -> int:
    """Return the first slot of an epoch."""
    return epoch * config.slots_per_epoch


def get_epoch(state: State) -> int:
    """Return the epoch of the state's slot."""
    return compute_epoch(state.config, state.slot)


def get_root(state: State) -> bytes:
    """Return the digest of the whole state."""
    return digest(state)


def get_history(state: State) -> Tree:
    """Return the tree whose leaves are the roots of all blocks of the chain."""
    return Tree(state.blocks, state.peaks)


def with_head(state: State, header: BlockHeader) -> State:
    """Return the state in which a block is the head, which it is not yet in the state whose root its header has."""
    root, history = digest(header), get_history(state)
    history.extend([root])
    return replace(state, head=root, head_slot=header.slot, blocks=history.size, peaks=history.peaks)


def get_seed(state: State) -> bytes:
    """Return the seed of the elections of the state's epoch: of the mix with which the epoch before the last ended.

    So proposers are known an epoch ahead, and stake cannot be moved any more once they are.
    """
    return compute_seed(state.earlier_mixes[1], get_epoch(state))


def get_block_proposer(state: State) -> int:
    """Return the index of the validator who may propose the block of the state's slot.

    Raises RuleError where nobody has anything at stake any more.
    """
    try:
        return get_proposer(get_seed(state), state.slot, state.stakes)
    except ValueError as error:
        raise RuleError(Rule.INSUFFICIENT_STAKE, "nobody has anything at stake") from error


def get_voting_slot(state: State, validator: int) -> int:
    """Return the slot of the state's epoch from which a validator votes."""
    config = state.config
    turns = compute_turns(get_seed(state), len(state.stakes), config.slots_per_epoch)
    return compute_start_slot(config, get_epoch(state)) + turns[validator]


def get_member(state: State, index: int) -> Member:
    """Return a validator that may act. Raises RuleError for an unknown or a slashed one."""
    if not 0 <= index < len(state.members):
        raise RuleError(Rule.UNKNOWN_SIGNER, f"no validator {index}")
    member = state.members[index]
    if member.slashed:
        raise RuleError(Rule.SLASHED_VALIDATOR, f"validator {index}")
    return member


def with_member(state: State, index: int, member: Member) -> State:
    """Return the state with another entry for one validator."""
    return replace(state, members=(*state.members[:index], member, *state.members[index + 1 :]))
