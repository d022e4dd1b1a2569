"""Evidence against a validator that signed two messages of which an honest one signs at most one.

Whoever has the chain's id and the validator's public key can check it, without the chain.
"""

from msgspec.structs import replace

from simulator.ledger.consensus.state import State, get_member, with_member
from simulator.ledger.record.keys import check
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    BlockHeader,
    Digest,
    DoubleProposal,
    DoubleVote,
    Evidence,
    PublicKey,
    Record,
    SignedHeader,
    SurroundVote,
)


class PortableEvidence(Record, frozen=True):
    """Evidence with the chain and the key that it is about: all that a stranger needs to check it."""

    chain_id: Digest
    key: PublicKey
    evidence: Evidence


def is_double_proposal(first: BlockHeader, second: BlockHeader) -> bool:
    """Tell whether two headers are of different blocks by one proposer for one slot."""
    return (first.proposer, first.slot) == (second.proposer, second.slot) and first != second


def is_double_vote(first: AttestationData, second: AttestationData) -> bool:
    """Tell whether two votes of one validator differ, though they lead to the same epoch."""
    same = (first.validator, first.target.epoch) == (second.validator, second.target.epoch)
    return same and first != second


def is_surround_vote(first: AttestationData, second: AttestationData) -> bool:
    """Tell whether the step of a validator's first vote begins before that of its second, and ends after it."""
    enclosed = first.source.epoch < second.source.epoch and second.target.epoch < first.target.epoch
    return first.validator == second.validator and enclosed


def find_vote_offence(one: Attestation, other: Attestation) -> DoubleVote | SurroundVote | None:
    """Return the evidence that two votes make; None where an honest validator may sign both."""
    if is_double_vote(one.data, other.data):
        return DoubleVote(first=one, second=other)
    for first, second in ((one, other), (other, one)):
        if is_surround_vote(first.data, second.data):
            return SurroundVote(first=first, second=second)
    return None


def get_offender(evidence: Evidence) -> int:
    """Return the index of the validator whom evidence accuses."""
    match evidence:
        case DoubleProposal():
            return evidence.first.header.proposer
        case _:
            return evidence.first.data.validator


def check_portable(portable: PortableEvidence) -> None:
    """Check evidence from itself alone. Raises RuleError (forged evidence) where it does not convict the key."""
    evidence = portable.evidence
    match evidence:
        case DoubleProposal():
            convicts = is_double_proposal(evidence.first.header, evidence.second.header)
        case DoubleVote():
            convicts = is_double_vote(evidence.first.data, evidence.second.data)
        case SurroundVote():
            convicts = is_surround_vote(evidence.first.data, evidence.second.data)
    if not convicts:
        raise RuleError(Rule.FORGED_EVIDENCE, "an honest validator may sign both")
    for one in (evidence.first, evidence.second):
        signed = one.header if isinstance(one, SignedHeader) else one.data
        try:
            check(portable.key, portable.chain_id, signed, one.signature)
        except RuleError as error:
            raise RuleError(Rule.FORGED_EVIDENCE, error.detail) from error


def process_evidence(state: State, evidence: Evidence) -> State:
    """Return the state in which the validator whom evidence convicts is slashed.

    Raises RuleError: forged evidence, unknown signer, or slashed validator where that has happened already.
    """
    offender = get_offender(evidence)
    key = get_member(state, offender).key
    check_portable(PortableEvidence(chain_id=state.chain_id, key=key, evidence=evidence))
    return slash(state, offender)


def slash(state: State, index: int) -> State:
    """Return the state in which a validator has lost its share of its deposit and may no longer act.

    From the next epoch on it has no stake. Nothing more happens to one that is slashed already.
    """
    member = state.members[index]
    if member.slashed:
        return state
    lost = member.deposit * state.config.slashed_permille // 1000
    slashed = with_member(state, index, replace(member, slashed=True, deposit=member.deposit - lost))
    return replace(
        slashed,
        burnt=state.burnt + lost,
        pending=tuple(one for one in state.pending if one.validator != index),
        renewals=tuple(one for one in state.renewals if one.validator != index),
    )
