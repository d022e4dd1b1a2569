"""Intervals, paired comparisons and adjusted p-values over replications.

Student's t throughout: Law, Simulation Modeling and Analysis (2015), chapters 9 and 10. Replications of two methods
with the same seed share weather, workload and noise, so their differences are compared, pair by pair.
"""

import bisect
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95

POWER = 0.8
"""Probability with which a difference is to be found that is there: the usual choice (Cohen 1988)."""

WANTED_PRECISION = 0.05
"""Half-width of the interval over the mean at which a mean counts as known: Robinson, Simulation (2004), chapter 9."""

_ROUNDING = 1e-12
"""Relative difference that may come from the order of additions."""

_BEYOND_REACH = 1e-8
"""Difference over the deviation of pairs that takes some 10^17 of them to show, which is none."""

ENOUGH_REPLICATIONS = 30
"""Replications below which the t interval relies on the replications being normally distributed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with its 95% confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Return whether the mean may be zero, so that nothing is relative to it."""
        return self.low <= 0.0 <= self.high

    @property
    def negated(self) -> "Interval":
        """Return the interval of the mean with the other sign."""
        return Interval(mean=-self.mean, low=-self.high, high=-self.low)


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the mean and its t interval. Raises ValueError for fewer than two values: they do not show the spread."""
    mean, half = statistics.fmean(values), half_width(values)
    return Interval(mean=mean, low=mean - half, high=mean + half)


def half_width(values: Sequence[float]) -> float:
    """Return half the width of the t interval of the mean. Raises ValueError for fewer than two values."""
    return _quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))


def paired_difference(values: Sequence[float], reference: Sequence[float]) -> Interval:
    """Return the mean difference to the reference of the same seed, with its t interval."""
    return mean_interval(_differences(values, reference))


def relative_difference(values: Sequence[float], reference: Sequence[float]) -> Interval | None:
    """Return the mean paired difference over the size of the reference's mean, with the t interval of that ratio.

    The reference's mean is an estimate as well, and varies with the differences: the half-width is that of the mean of
    the residuals y - r x, over the mean of x, where r is the ratio of the means (the delta method: Cochran, Sampling
    Techniques, 1977, chapter 6). Pairs of one and the same ratio leave none. None where the reference's own interval
    holds zero, to which nothing is relative.

    Fieller's interval holds the ratio equally often over the simulator's own pairs, which a test keeps, and is not
    symmetric, so it is not used.
    """
    base = mean_interval(reference)
    if base.holds_zero:
        return None
    difference, size = statistics.fmean(_differences(values, reference)), abs(base.mean)
    ratio = statistics.fmean(values) / base.mean
    half = half_width(_differences(values, [ratio * other for other in reference]))
    return Interval(mean=difference / size, low=(difference - half) / size, high=(difference + half) / size)


def paired_p_value(values: Sequence[float], reference: Sequence[float]) -> float:
    """Return the two-sided p-value of the paired t test; 1 where no pair differs, 0 where all differ by the same."""
    from scipy.special import stdtr  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    differences = _differences(values, reference)
    mean, deviation = statistics.fmean(differences), statistics.stdev(differences)
    if deviation == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    statistic = mean / (deviation / math.sqrt(len(differences)))
    return float(2.0 * stdtr(len(differences) - 1, -abs(statistic)))


def _differences(values: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Return the differences pair by pair; a difference that rounding alone can make is zero."""
    return [
        0.0 if math.isclose(value, other, rel_tol=_ROUNDING) else value - other
        for value, other in zip(values, reference, strict=True)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values in the same order.

    Method: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    adjusted = [0.0] * len(p_values)
    greatest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        greatest = max(greatest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = greatest
    return adjusted


def replications_needed(values: Sequence[float], precision: float = WANTED_PRECISION) -> int | None:
    """Return the replications that would bring the half-width within `precision` of the mean, at this spread.

    None where the interval of the mean holds zero, to which nothing is relative.
    """
    interval = mean_interval(values)
    if interval.holds_zero:
        return None
    mean, deviation = abs(interval.mean), statistics.stdev(values)

    def suffice(count: int) -> bool:
        return _quantile(count - 1) * deviation / math.sqrt(count) <= precision * mean

    return _least(suffice)


def ratio_of_means(values: Sequence[float], wholes: Sequence[float]) -> Interval | None:
    """Return the mean of `values` over that of `wholes`, with the interval of `relative_difference`.

    None where the interval of the wholes holds zero.
    """
    found = relative_difference(values, wholes)
    if found is None:
        return None
    # It is a change over the size of the wholes, which may be negative.
    sign = math.copysign(1.0, statistics.fmean(wholes))
    low, high = sorted((1.0 + sign * found.low, 1.0 + sign * found.high))
    return Interval(mean=1.0 + sign * found.mean, low=low, high=high)


def pairs_needed(deviation: float, difference: float) -> int | None:
    """Return how many pairs of this spread show a difference of this size with the power POWER, by a paired t test.

    The normal approximation with Student's quantiles, two-sided at 1 - CONFIDENCE (Cohen, Statistical Power Analysis
    for the Behavioral Sciences, 1988, chapter 2). None where there is no difference to show.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import

    if difference == 0.0 or abs(difference) < _BEYOND_REACH * deviation:
        return None

    def suffice(count: int) -> bool:
        quantiles = _quantile(count - 1) + float(stdtrit(count - 1, POWER))
        return quantiles * deviation <= abs(difference) * math.sqrt(count)

    return _least(suffice)


def _least(suffice: Callable[[int], bool]) -> int:
    """Return the least count from two on that suffices; more always do."""
    greatest = 2
    while not suffice(greatest):
        greatest *= 2
    return bisect.bisect_left(range(greatest), True, lo=2, key=suffice)  # noqa: FBT003 - what is searched for


def _quantile(freedom: int) -> float:
    """Return the quantile of Student's t for a two-sided interval. Raises ValueError below one degree of freedom."""
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import

    if freedom < 1:
        raise ValueError("expected at least two replications")
    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))
