"""Evidence convicts from itself alone, whoever carries it; and nothing that an honest validator signs is evidence."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from simulator.ledger.consensus.slashing import PortableEvidence, check_portable, find_vote_offence
from simulator.ledger.record.codec import decode, encode
from simulator.ledger.record.rules import Rule, RuleError
from simulator.ledger.record.types import (
    Attestation,
    AttestationData,
    Body,
    Checkpoint,
    DoubleProposal,
    DoubleVote,
    Evidence,
    SurroundVote,
)
from tests.simulator.ledger.consensus.chain import altered, extend, propose, refuses_body, signed, signer, vote
from tests.simulator.ledger.consensus.cluster import first_state, identity

STATE = extend(first_state((100, 100, 100, 100)), 1)
ACCUSED = propose(STATE, 2).signed_header.header.proposer


def step(source: int, target: int, *, head: bytes = bytes(32), validator: int = ACCUSED) -> Attestation:
    data = AttestationData(
        validator=validator,
        slot=8 * target,
        head=head,
        source=Checkpoint(epoch=source, root=bytes(32)),
        target=Checkpoint(epoch=target, root=bytes(32)),
    )
    return vote(data, STATE)


PROPOSAL = propose(STATE, 2)
OTHER_PROPOSAL = altered(PROPOSAL, STATE, state_root=bytes(32))
LATER_PROPOSAL = altered(PROPOSAL, STATE, slot=3)
VALID: dict[str, Evidence] = {
    "double proposal": DoubleProposal(first=PROPOSAL.signed_header, second=OTHER_PROPOSAL.signed_header),
    "double vote": DoubleVote(first=step(1, 2), second=step(1, 2, head=b"1" * 32)),
    "double vote by source": DoubleVote(first=step(0, 2), second=step(1, 2)),
    "surround vote": SurroundVote(first=step(1, 4), second=step(2, 3)),
}


def portable(evidence: Evidence) -> PortableEvidence:
    return PortableEvidence(chain_id=STATE.chain_id, key=identity(ACCUSED).key.public, evidence=evidence)


@pytest.mark.parametrize("evidence", VALID.values(), ids=VALID)
def test_valid_evidence_convicts_on_the_chain_and_away_from_it(evidence: Evidence) -> None:
    check_portable(decode(encode(portable(evidence)), PortableEvidence))
    slot = next(slot for slot in range(3, 99) if propose(STATE, slot).signed_header.header.proposer != ACCUSED)
    state = extend(STATE, slot, Body(evidence=(evidence,)))
    assert [one.slashed for one in state.members] == [index == ACCUSED for index in range(4)]
    assert (state.members[ACCUSED].deposit, state.burnt) == (0, 100)


FORGED: dict[str, Evidence] = {
    "one proposal twice": DoubleProposal(first=PROPOSAL.signed_header, second=PROPOSAL.signed_header),
    "two slots": DoubleProposal(first=PROPOSAL.signed_header, second=LATER_PROPOSAL.signed_header),
    "one vote twice": DoubleVote(first=step(1, 2), second=step(1, 2)),
    "votes of two epochs": DoubleVote(first=step(1, 2), second=step(2, 3)),
    "votes of two validators": DoubleVote(first=step(1, 2), second=step(0, 2, validator=(ACCUSED + 1) % 4)),
    "surround of two validators": SurroundVote(first=step(1, 4), second=step(2, 3, validator=(ACCUSED + 1) % 4)),
    "surrounded first": SurroundVote(first=step(2, 3), second=step(1, 4)),
    "same source": SurroundVote(first=step(1, 4), second=step(1, 3)),
    "same target": SurroundVote(first=step(1, 4), second=step(2, 4)),
    "following steps": SurroundVote(first=step(1, 2), second=step(2, 3)),
    "other signer": DoubleVote(
        first=step(1, 2),
        second=Attestation(data=step(0, 2).data, signature=signer(STATE.chain_id, (ACCUSED + 1) % 4)(step(0, 2).data)),
    ),
    "other signer of the first": DoubleProposal(
        first=signed(PROPOSAL, PROPOSAL.signed_header.header, STATE, (ACCUSED + 1) % 4).signed_header,
        second=OTHER_PROPOSAL.signed_header,
    ),
}


@pytest.mark.parametrize("evidence", FORGED.values(), ids=FORGED)
def test_invalid_evidence(evidence: Evidence) -> None:
    with pytest.raises(RuleError) as caught:
        check_portable(portable(evidence))
    assert caught.value.rule is Rule.FORGED_EVIDENCE
    assert refuses_body(STATE, 3, evidence=[evidence]) is Rule.FORGED_EVIDENCE


@pytest.mark.parametrize("evidence", VALID.values(), ids=VALID)
def test_invalid_evidence_with_any_part_changed(evidence: Evidence) -> None:
    """Whoever changes the key, the chain, or a bit of either signature has no evidence any more."""
    good = portable(evidence)
    flipped = bytes([evidence.second.signature[0] ^ 1]) + evidence.second.signature[1:]
    for changed in (
        replace(good, key=identity((ACCUSED + 1) % 4).key.public),
        replace(good, chain_id=bytes(32)),
        replace(good, evidence=replace(evidence, second=replace(evidence.second, signature=flipped))),
    ):
        with pytest.raises(RuleError, match="forged_evidence"):
            check_portable(changed)


def test_an_honest_validator_signs_nothing_that_convicts_it() -> None:
    """Any two votes whose sources never go back and whose targets go on are no offence, in whichever order."""
    honest = [step(0, 1), step(0, 2), step(2, 3), step(2, 7), step(6, 8)]
    assert all(find_vote_offence(first, second) is None for first, second in permutations(honest, 2))
