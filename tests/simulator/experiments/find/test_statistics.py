"""Intervals and tests against scipy, textbook figures and what they promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from simulator.experiments.find.statistics import (
    Interval,
    half_width,
    holm,
    mean_interval,
    paired_difference,
    paired_p_value,
    relative_difference,
    replications_needed,
)

SLEEP_DRUG_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
SLEEP_DRUG_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
"""Student's own example (Biometrika, 1908): hours of sleep gained by ten patients."""


def test_student_s_own_example() -> None:
    interval = paired_difference(SLEEP_DRUG_2, SLEEP_DRUG_1)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((1.58, 0.7001142, 2.4598858))
    assert paired_p_value(SLEEP_DRUG_2, SLEEP_DRUG_1) == pytest.approx(0.00283289, rel=1e-5)


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=3, max_size=40))
def test_paired_tests_agree_with_scipy(pairs: list[tuple[float, float]]) -> None:
    values, reference = [one for one, _ in pairs], [other for _, other in pairs]
    differences = [one - other for one, other in pairs]
    if max(differences) - min(differences) < 1e-6:
        return
    expected = stats.ttest_rel(values, reference)
    interval = paired_difference(values, reference)
    assert paired_p_value(values, reference) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx(tuple(expected.confidence_interval(0.95)), abs=1e-9)


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    draw, trials = np.random.default_rng(7), 2000
    covered = 0
    for _ in range(trials):
        interval = mean_interval(draw.normal(3.0, 1.0, 5).tolist())
        covered += interval.low <= 3.0 <= interval.high
    # Four standard deviations of a binomial count.
    assert abs(covered - 0.95 * trials) < 4 * (trials * 0.95 * 0.05) ** 0.5


def test_pairing_sees_what_spread_would_hide() -> None:
    draw = np.random.default_rng(7)
    reference = draw.normal(100.0, 30.0, 30)
    values = reference - 1.0 + draw.normal(0.0, 0.1, 30)
    assert paired_p_value(values.tolist(), reference.tolist()) < 1e-6
    assert stats.ttest_ind(values, reference).pvalue > 0.5


def test_no_difference_is_no_evidence_and_a_constant_one_is_proof() -> None:
    assert paired_p_value([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 1.0
    assert paired_p_value([2.0, 3.0, 4.0], [1.0, 2.0, 3.0]) == 0.0


def test_rounding_is_no_difference() -> None:
    values = [0.1 + 0.2, 0.3, 0.6]
    assert paired_difference(values, [0.3, 0.3, 0.6]) == Interval(mean=0.0, low=0.0, high=0.0)
    assert paired_p_value(values, [0.3, 0.3, 0.6]) == 1.0


def positive(*, least: int) -> st.SearchStrategy[list[float]]:
    """Draw figures too large for rounding to matter."""
    return st.lists(st.floats(1.0, 10.0), min_size=least, max_size=40)


def is_told(reference: list[float]) -> bool:
    """Return whether the interval of the reference leaves zero out."""
    interval = mean_interval(reference)
    return interval.low > 0.0 or interval.high < 0.0


def test_a_ratio_by_hand() -> None:
    # Ratio 6 / 5, residuals -0.2, 0.4 and -0.2 with the variance 0.12, so t sqrt(0.12 / 3) / 5, with t = 4.302653.
    interval = relative_difference([4.6, 6.4, 7.0], [4.0, 5.0, 6.0])
    assert interval is not None
    assert (interval.mean, interval.low, interval.high) == pytest.approx((0.2, 0.0278939, 0.3721061))


@given(st.lists(st.tuples(st.floats(1, 10), st.floats(-10, 10)), min_size=3, max_size=40))
def test_a_ratio_takes_the_spread_of_both_means_and_their_covariance(pairs: list[tuple[float, float]]) -> None:
    reference, values = [one for one, _ in pairs], [other for _, other in pairs]
    interval = relative_difference(values, reference)
    if interval is None:
        assert not is_told(reference)
        return
    ratio = np.mean(values) / np.mean(reference)
    (of_values, both), (_, of_reference) = np.cov(values, reference)
    variance = max(of_values - 2 * ratio * both + ratio**2 * of_reference, 0.0) / len(pairs)
    half = stats.t.ppf(0.975, len(pairs) - 1) * variance**0.5 / np.mean(reference)
    assert (interval.mean, interval.high - interval.mean) == pytest.approx((ratio - 1.0, half), rel=1e-6, abs=1e-6)


@given(positive(least=2), st.floats(-5.0, 5.0))
def test_one_ratio_in_every_pair_leaves_no_doubt(reference: list[float], ratio: float) -> None:
    interval = relative_difference([ratio * one for one in reference], reference)
    assert (interval is not None) == is_told(reference)
    if interval is not None:
        assert interval.low == interval.mean == interval.high == pytest.approx(ratio - 1.0)


@given(positive(least=3), st.integers(0, 1000), st.floats(0.1, 10.0))
def test_a_change_has_no_unit(reference: list[float], seed: int, factor: float) -> None:
    values = np.random.default_rng(seed).normal(3.0, 1.0, len(reference)).tolist()
    here = relative_difference(values, reference)
    there = relative_difference([factor * one for one in values], [factor * one for one in reference])
    assert (here is None) == (there is None)
    if here is not None and there is not None:
        assert (there.mean, there.low, there.high) == pytest.approx((here.mean, here.low, here.high), abs=1e-9)


def test_a_change_to_a_reference_below_zero_is_over_its_size() -> None:
    assert relative_difference([-2.0, -4.0, -6.0, -8.0], [-1.0, -2.0, -3.0, -4.0]) is not None
    assert relative_difference([-3.0, -3.0], [-2.0, -2.0]) == Interval(mean=-0.5, low=-0.5, high=-0.5)
    assert relative_difference([-1.0, -1.0], [-2.0, -2.0]) == Interval(mean=0.5, low=0.5, high=0.5)


@pytest.mark.parametrize("reference", [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 1.0, 2.0]])
def test_nothing_is_relative_to_what_may_be_zero(reference: list[float]) -> None:
    assert relative_difference([1.0, 2.0, 3.0], reference) is None
    assert relative_difference(reference, reference) is None


def test_one_replication_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least two replications"):
        mean_interval([1.0])


def test_holm_by_hand() -> None:
    # In order .005 x 4, .01 x 3, .03 x 2, and .04, which may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_lies_between_the_raw_value_and_bonferroni_s(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, len(p_values) * raw) + 1e-12


@given(st.floats(0.5, 5.0), st.integers(0, 1000))
def test_the_replications_asked_for_are_just_enough(spread: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(10.0, spread, 20).tolist()
    needed, mean = replications_needed(values), abs(mean_interval(values).mean)
    assert needed is not None

    def relative(count: int) -> float:
        return float(
            half_width(values) / mean * (20 / count) ** 0.5 * stats.t.ppf(0.975, count - 1) / stats.t.ppf(0.975, 19)
        )

    assert relative(needed) <= 0.05 + 1e-12
    assert needed == 2 or relative(needed - 1) > 0.05


@pytest.mark.parametrize("values", [[-1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
def test_no_number_of_replications_is_told_for_a_mean_that_may_be_zero(values: list[float]) -> None:
    assert replications_needed(values) is None
