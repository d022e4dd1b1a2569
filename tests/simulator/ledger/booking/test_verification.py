"""Laws of the sample that is executed again, and how likely it finds what is false."""

from collections import Counter
from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.booking.verification import compute_detection_probability, compute_sample

seeds = st.binary(min_size=32, max_size=32)


def seed(number: int) -> bytes:
    """Return a seed by its number."""
    return number.to_bytes(32, "big")


@given(seeds, st.integers(0, 2**40), st.integers(0, 20))
def test_a_sample_has_so_many_different_records_of_the_claim(drawn_from: bytes, tasks: int, samples: int) -> None:
    sample = compute_sample(drawn_from, tasks, samples)
    assert len(set(sample)) == len(sample) == min(tasks, samples)
    assert list(sample) == sorted(sample)
    assert all(0 <= index < tasks for index in sample)
    assert sample == compute_sample(drawn_from, tasks, samples)


def test_no_record_is_likelier_than_another() -> None:
    """30,000 draws of 3 among 10: each record is drawn 9,000 times, give or take five standard deviations."""
    draws = 30_000
    counts = Counter(index for number in range(draws) for index in compute_sample(seed(number), 10, 3))
    expected, deviation = draws * 0.3, sqrt(draws * 0.3 * 0.7)
    assert set(counts) == set(range(10))
    assert all(abs(count - expected) < 5 * deviation for count in counts.values())


@pytest.mark.parametrize(("tasks", "false", "samples"), [(10, 1, 4), (100, 5, 4), (100, 30, 4), (40, 2, 16), (3, 1, 4)])
def test_the_sample_finds_false_records_as_often_as_stated(tasks: int, false: int, samples: int) -> None:
    """10,000 claims whose false records stand first, within five standard deviations of the stated probability."""
    claims = 10_000
    found = sum(min(compute_sample(seed(number), tasks, samples)) < false for number in range(claims))
    stated = compute_detection_probability(tasks, false, samples)
    deviation = sqrt(claims * stated * (1 - stated))
    assert abs(found - claims * stated) <= 5 * deviation


def test_the_probability_of_detection_by_hand() -> None:
    """1 of 10 in a sample of 4: 4 in 10. Two of 3 in a sample of 1: 2 in 3. Nothing false is never found."""
    assert compute_detection_probability(10, 1, 4) == Fraction(4, 10)
    assert compute_detection_probability(3, 2, 1) == Fraction(2, 3)
    assert compute_detection_probability(10, 0, 4) == 0
    assert compute_detection_probability(10, 7, 4) == 1
    assert compute_detection_probability(2, 1, 4) == 1


@given(st.integers(0, 200), st.integers(1, 200), st.integers(1, 12))
def test_lies_do_not_pay_even_if_they_are_only_hidden(honest: int, false: int, samples: int) -> None:
    """Whoever adds false tasks, and lets a claim expire in which one is drawn, can expect less than the truth earns."""
    passes = 1 - compute_detection_probability(honest + false, false, samples)
    assert (honest + false) * passes <= honest
    if samples > 1 and honest:
        assert (honest + false) * passes < honest


@given(st.integers(1, 60), st.data())
def test_more_samples_and_more_lies_are_found_more_often(tasks: int, data: st.DataObject) -> None:
    false = data.draw(st.integers(0, tasks - 1))
    samples = data.draw(st.integers(0, tasks - 1))
    here = compute_detection_probability(tasks, false, samples)
    assert here <= compute_detection_probability(tasks, false + 1, samples)
    assert here <= compute_detection_probability(tasks, false, samples + 1)
    assert 0 <= here <= 1
