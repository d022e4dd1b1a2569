"""The chain of hashes: a validator has one reveal for each slot, and it is checked against what it was bound to."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.ledger.consensus.randomness import (
    MOST_LINKS,
    RevealChain,
    compute_link,
    compute_mix,
    compute_seed,
    is_valid_reveal,
)

SECRET = hashlib.sha256(b"secret").digest()
CHAIN = RevealChain(SECRET, 5000)


@settings(max_examples=30)
@given(st.integers(0, 4999), st.integers(1, 5000))
def test_a_reveal_leads_to_every_earlier_one(earlier: int, later: int) -> None:
    if earlier < later:
        assert is_valid_reveal(CHAIN.reveal(later), later, CHAIN.reveal(earlier), earlier)


def test_all_links_are_those_of_a_plain_walk() -> None:
    """Kept links save time and change nothing, on both sides of each of them."""
    for slot in (5000, 4999, 3977, 3976, 3975, 1929, 1928, 1, 0):
        assert CHAIN.reveal(slot) == compute_link(CHAIN.reveal(5000), 5000 - slot)


def test_a_chain_that_is_used_up_tells_nothing_of_the_next() -> None:
    after = CHAIN.renewed(4000)
    known = {CHAIN.reveal(slot) for slot in range(4990, 5001)}
    guessed = [RevealChain(one, 5000, 4000).renewed(4000) for one in (CHAIN.reveal(5000), CHAIN.reveal(4999))]
    assert (after.first, after.last) == (4000, 9000)
    assert after.leads_to(after.commitment, 4000)
    assert not any(after.leads_to(one, 5000) for one in known)
    assert after.commitment not in {one.commitment for one in guessed}
    assert after.commitment != CHAIN.renewed(4001).commitment


def test_a_slot_has_one_reveal() -> None:
    true = CHAIN.reveal(7)
    others = [CHAIN.reveal(6), CHAIN.reveal(8), bytes(32), b"", true + b"\0", bytes([true[0] ^ 1]) + true[1:]]
    assert is_valid_reveal(true, 7, CHAIN.commitment, 0)
    assert not any(is_valid_reveal(other, 7, CHAIN.commitment, 0) for other in others)


def test_invalid_reveal_of_a_slot_already_revealed() -> None:
    assert not is_valid_reveal(CHAIN.reveal(7), 7, CHAIN.reveal(7), 7)
    assert not is_valid_reveal(CHAIN.reveal(6), 6, CHAIN.reveal(7), 7)


def test_invalid_reveal_of_a_slot_too_far_off_costs_nothing() -> None:
    """A slot of years ahead would be a way to keep everybody busy with hashing."""
    assert not is_valid_reveal(bytes(32), 2**62, CHAIN.commitment, 0)
    assert not is_valid_reveal(bytes(32), MOST_LINKS + 1, CHAIN.commitment, 0)


def test_invalid_slot_beyond_the_chain() -> None:
    with pytest.raises(ValueError, match="end with slot 5000"):
        CHAIN.reveal(5001)


def test_the_mix_depends_on_every_reveal_and_their_order() -> None:
    one, other = CHAIN.reveal(1), CHAIN.reveal(2)
    mixes = {
        compute_mix(compute_mix(bytes(32), one), other),
        compute_mix(compute_mix(bytes(32), other), one),
        compute_mix(compute_mix(bytes(32), one), one),
        compute_mix(bytes(32), one),
        bytes(32),
    }
    assert len(mixes) == 5


def test_epochs_without_a_block_have_seeds_of_their_own() -> None:
    assert compute_seed(bytes(32), 1) != compute_seed(bytes(32), 2)
