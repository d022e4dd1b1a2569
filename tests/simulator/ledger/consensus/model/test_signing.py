"""Votes of an honest validator never convict it, on any number of branches: all votes of four epochs are tried."""

from itertools import product

from simulator.ledger.consensus.slashing import PortableEvidence, check_portable, find_vote_offence
from tests.simulator.ledger.consensus.cluster import identity
from tests.simulator.ledger.consensus.model.rules import Rules, in_order
from tests.simulator.ledger.consensus.model.settings import Setting

RULES = Rules(Setting(stakes=(1,), faulty=frozenset(), checkpoints=4))
VOTES = range(len(RULES.votes))


def test_no_vote_that_is_safe_to_sign_convicts_with_the_last_one() -> None:
    for last in VOTES:
        allowed = RULES.allowed_after(last)
        assert not allowed & RULES.offended_by(last)
    assert sum(RULES.offended_by(last).bit_count() for last in VOTES) > len(VOTES)


def test_what_is_safe_after_a_safe_vote_is_safe_after_the_one_before() -> None:
    """So the last vote speaks for all earlier ones, and a vote that stands in no block only forbids later ones."""
    for last in VOTES:
        for vote in in_order(RULES.allowed_after(last)):
            assert RULES.allowed_after(vote) & ~RULES.allowed_after(last) == 0


def test_offences_are_the_same_in_either_order() -> None:
    for one, other in product(VOTES, VOTES):
        assert RULES.offended_by(one) >> other & 1 == RULES.offended_by(other) >> one & 1


def test_evidence_that_is_found_convicts_by_itself() -> None:
    """Whoever has the key and the chain's id needs nothing else."""
    small = Rules(Setting(stakes=(1,), faulty=frozenset(), checkpoints=2))
    signed = [small.signed(number, 0) for number in range(len(small.votes))]
    found = [evidence for one in signed for other in signed if (evidence := find_vote_offence(one, other))]
    assert len(found) > len(signed)
    for evidence in found[:: len(found) // 200 + 1]:
        check_portable(PortableEvidence(chain_id=small.start.chain_id, key=identity(0).key.public, evidence=evidence))
