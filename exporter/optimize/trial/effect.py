"""The effect of a strategy on power, with an interval that assumes nothing about the load.

Chance draws which phase of a pair comes first. The logarithm of a pair's ratio is then the effect plus a disturbance
that is as often positive as negative, whatever the load does and however long it remembers. Of such values the means of
subsets are typical: the effect lies between any two neighbours of their order with the same probability
(J. A. Hartigan, "Using subsample values as typical values", Journal of the American Statistical Association 64, 1969).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, exp, expm1, log, log1p, sqrt
from random import Random
from statistics import NormalDist, fmean

from exporter.core.units import Ratio, Watts
from exporter.optimize.trial.result import Effect, Interval

LEVEL = 0.95
"""Probability with which an interval contains the effect. Convention."""

POWER = 0.8
"""Probability with which an effect of the size that a trial is planned for shows. Convention (Cohen 1988)."""

SUBSETS = 999
"""Subsets whose means are taken, which leave 1000 gaps between and beside them. Chosen."""

OUTSIDE = 23
"""Gaps on either side that an interval leaves out: it holds 95.4% of them, of which nearly half a point is for what is
not quite symmetric: a sensor's steps, a strategy that saves another share of another load. Chosen."""

LEAST_PAIRS = 12
"""Fewest pairs of which that many subsets can be drawn: twelve values have 4095. Chosen."""

SMALLEST = Ratio(0.05)
"""Reduction of power for which a pilot says how long it takes to see. Chosen: less is seldom worth the trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Mean power and CPU utilization over a phase."""

    watts: Watts
    utilization: Ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Neighbouring phases with the strategy off and on, in an order that chance drew."""

    off: Mean
    on: Mean


def effect_of(pairs: Sequence[Pair], draw: Random) -> Effect:
    """Return the effect that pairs show. Raises ValueError for fewer than LEAST_PAIRS.

    The share is taken of what each phase would have drawn without the strategy, and so is the change in watts.
    """
    if len(pairs) < LEAST_PAIRS:
        raise ValueError(f"expected at least {LEAST_PAIRS} pairs, got {len(pairs)}")
    subsets = _subsets(len(pairs), draw)
    ratio = _interval([log(pair.on.watts / pair.off.watts) for pair in pairs], subsets)
    off, on = fmean(pair.off.watts for pair in pairs), fmean(pair.on.watts for pair in pairs)
    return Effect(
        pairs=len(pairs),
        off_watts=Watts(off),
        on_watts=Watts(on),
        off_utilization=Ratio(fmean(pair.off.utilization for pair in pairs)),
        on_utilization=Ratio(fmean(pair.on.utilization for pair in pairs)),
        reduction=_falling(ratio, lambda one: -expm1(one)),
        # Both phases tell what the power is without the strategy, the one with it by the ratio.
        change_watts=_rising(ratio, lambda one: expm1(one) * (off + on * exp(-one)) / 2.0),
        change_utilization=_interval([pair.on.utilization - pair.off.utilization for pair in pairs], subsets),
    )


def _rising(interval: Interval, function: Callable[[float], float]) -> Interval:
    """Return the interval of a rising function."""
    return Interval(low=function(interval.low), estimate=function(interval.estimate), high=function(interval.high))


def _falling(interval: Interval, function: Callable[[float], float]) -> Interval:
    return Interval(low=function(interval.high), estimate=function(interval.estimate), high=function(interval.low))


def _subsets(count: int, draw: Random) -> list[list[int]]:
    """Draw different subsets of so many values, none of them empty."""
    masks: set[int] = set()
    while len(masks) < SUBSETS:
        masks.add(draw.getrandbits(count))
        masks.discard(0)
    return [[place for place in range(count) if mask >> place & 1] for mask in sorted(masks)]


def _interval(values: Sequence[float], subsets: Sequence[Sequence[int]]) -> Interval:
    means = sorted(sum([values[place] for place in subset]) / len(subset) for subset in subsets)
    return Interval(low=means[OUTSIDE - 1], estimate=fmean(values), high=means[-OUTSIDE])


def spread_of(watts: Sequence[Watts]) -> float:
    """Return the standard deviation of the logarithm of the ratio of neighbouring phases, all of them alike."""
    steps = [log(later / earlier) for earlier, later in pairwise(watts)]
    return sqrt(fmean(step * step for step in steps))


def pairs_to_see(reduction: Ratio, spread: float) -> int:
    """Return how many pairs show a reduction with probability POWER; two more than the normal distribution asks for.

    The two stand for the spread that has to be estimated (W. C. Guenther, The American Statistician 35, 1981).
    """
    return max(LEAST_PAIRS, ceil((_quantiles() * spread / log1p(-reduction)) ** 2 + 2.0))


def smallest_seen(pairs: int, spread: float) -> Ratio:
    """Return the least reduction that so many pairs show with probability POWER."""
    return Ratio(-expm1(-_quantiles() * spread / sqrt(pairs - 2.0)))


def _quantiles() -> float:
    return NormalDist().inv_cdf(0.5 + LEVEL / 2.0) + NormalDist().inv_cdf(POWER)
