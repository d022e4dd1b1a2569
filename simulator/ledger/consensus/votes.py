"""The rules of votes: each validator votes once in an epoch, for the step that its chain takes."""

from collections.abc import Sequence

from msgspec.structs import replace

from simulator.ledger.consensus.state import State, compute_epoch, get_epoch, get_member
from simulator.ledger.record.keys import check
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import Attestation, AttestationData


def is_current(state: State, vote: AttestationData) -> bool:
    """Tell whether a vote is one of the state's epoch, and not of the last.

    Raises RuleError (bad attestation) where it is of neither, is not older than the state, or of another epoch than
    the checkpoint to which it leads.
    """
    epoch, present = compute_epoch(state.config, vote.slot), get_epoch(state)
    if epoch != vote.target.epoch or vote.slot >= state.slot or epoch + 1 < present:
        raise RuleError(Rule.BAD_ATTESTATION, f"vote of slot {vote.slot} for epoch {vote.target.epoch}, out of time")
    return epoch == present


def check_vote(state: State, vote: AttestationData) -> None:
    """Check that a vote may stand in a block for the slot of the state; its signature is another matter.

    Raises RuleError: unknown signer, slashed validator, or bad attestation.
    """
    get_member(state, vote.validator)
    if is_current(state, vote):
        step, voters = (state.justified, state.target), state.voters
    else:
        step, voters = (state.previous_source, state.previous_target), state.previous_voters
    if (vote.source, vote.target) != step:
        raise RuleError(Rule.BAD_ATTESTATION, "a step that this chain does not take")
    if voters[vote.validator]:
        raise RuleError(Rule.BAD_ATTESTATION, f"validator {vote.validator} has voted in this epoch")


def note_vote(state: State, vote: AttestationData) -> State:
    """Return the state in which the validator of a vote has voted."""
    voters = bytearray(state.voters if is_current(state, vote) else state.previous_voters)
    voters[vote.validator] = 1
    if is_current(state, vote):
        return replace(state, voters=bytes(voters))
    return replace(state, previous_voters=bytes(voters))


def process_votes(state: State, votes: Sequence[Attestation]) -> State:
    """Return the state after the votes of a block. Raises RuleError with the rule that one breaks."""
    for vote in votes:
        check_vote(state, vote.data)
        check(state.members[vote.data.validator].key, state.chain_id, vote.data, vote.signature)
        state = note_vote(state, vote.data)
    return state
