"""The election of proposers: by stake, without bias, and the same for everybody."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare  # type: ignore[import-untyped]

from simulator.ledger.consensus.election import Lottery, compute_draw, compute_turns, get_proposer

UNEVEN = (100, 100, 50, 1, 0, 320, 7, 29)
SIGNIFICANCE = 0.001


def seed(number: int) -> bytes:
    return hashlib.sha256(b"election %d" % number).digest()


def probability(stakes: Sequence[int], number: int, slots: int) -> float:
    """Return how probable proposers as uneven as those of a seed are if stake alone elects them."""
    lottery = Lottery(stakes)
    counts = Counter(lottery.get_proposer(seed(number), slot) for slot in range(slots))
    able = [index for index, stake in enumerate(stakes) if stake]
    assert set(counts) <= set(able)
    expected = [slots * stakes[index] / sum(stakes) for index in able]
    return float(chisquare([counts[index] for index in able], expected).pvalue)


def test_proposers_are_elected_in_proportion_to_stake() -> None:
    low = [number for number in range(20) if probability(UNEVEN, number, 10_000) <= SIGNIFICANCE]
    assert len(low) <= 1


@pytest.mark.full
@pytest.mark.slow
def test_proposers_of_a_million_slots_are_elected_in_proportion_to_stake() -> None:
    low = [number for number in range(100) if probability(UNEVEN, number, 1_000_000) <= SIGNIFICANCE]
    assert len(low) <= 1


def test_a_biased_election_would_be_seen() -> None:
    """The test has power: a twentieth of one validator's turns given to another is noticed."""
    lottery, slots = Lottery((105, 95, *UNEVEN[2:])), 100_000
    counts = Counter(lottery.get_proposer(seed(0), slot) for slot in range(slots))
    able = [index for index, stake in enumerate(UNEVEN) if stake]
    expected = [slots * UNEVEN[index] / sum(UNEVEN) for index in able]
    assert chisquare([counts[index] for index in able], expected).pvalue <= SIGNIFICANCE


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40), st.integers(1, 2**256 - 1))
def test_a_draw_lies_below_the_total(seed: bytes, number: int, total: int) -> None:
    assert 0 <= compute_draw(seed, number, total) < total


def test_what_a_remainder_would_favour_is_drawn_again() -> None:
    """Of 2^256 hashes and a total of two thirds of them, a plain remainder would hit the lower half twice as often."""
    total = 2**257 // 3
    low = sum(compute_draw(seed(0), number, total) < total // 2 for number in range(4000))
    assert abs(low - 2000) < 5 * 4000**0.5 / 2


@pytest.mark.parametrize("stakes", [(), (0, 0), (5, -1)])
def test_invalid_stakes_elect_nobody(stakes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="stake"):
        Lottery(stakes)


def test_invalid_total_draws_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        compute_draw(bytes(32), 0, 0)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.binary(min_size=32, max_size=32), st.integers(0, 99))
def test_stake_may_be_split_without_gain(stakes: list[int], seed: bytes, slot: int) -> None:
    """A validator that splits its stake over two neighbouring keys is elected for the same slots."""
    stakes[0] += 2
    whole = get_proposer(seed, slot, tuple(stakes))
    split = get_proposer(seed, slot, (1, stakes[0] - 1, *stakes[1:]))
    assert max(0, split - 1) == whole


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.integers(1, 100), st.integers(1, 64))
def test_turns_to_vote_are_spread_evenly(seed: bytes, validators: int, slots: int) -> None:
    turns = compute_turns(seed, validators, slots)
    counts = Counter(turns)
    assert len(turns) == validators
    assert set(turns) <= set(range(slots))
    assert max(counts.values()) - min([counts[slot] for slot in range(slots)]) <= 1


def test_turns_differ_by_seed() -> None:
    assert compute_turns(seed(1), 32, 8) != compute_turns(seed(2), 32, 8)


def test_election_never_changes() -> None:
    """Elected once and for all: another answer would split the chain between versions."""
    assert [get_proposer(bytes(32), slot, UNEVEN) for slot in range(12)] == [1, 1, 5, 2, 1, 1, 5, 5, 5, 5, 5, 5]
    assert compute_turns(bytes(32), 8, 4) == (3, 0, 2, 0, 1, 3, 2, 1)
