"""Comparisons of two models by the days of a test: skill with its interval, and the test of Diebold and Mariano."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator.arrays import FloatArray

RESAMPLES = 2000
"""Samples of the bootstrap: the ends of a 95% interval then rest on 50 samples each (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, advise 1000 or more)."""

ENDS = (2.5, 97.5)
"""Percentiles at which a 95% interval ends."""

SEED = 13
"""Seed of the bootstrap, so that the same scores give the same interval."""

LAGS = 1
"""Lags, in days, of the variance in the test of Diebold and Mariano: forecasts reach a day ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """The part of a reference's error that a model saves, with its 95% interval over the days of the test."""

    skill: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of a model and of its reference by day (D,) at one site; of squared losses the root is compared."""

    model: FloatArray
    reference: FloatArray
    power: float

    def skill(self, weights: FloatArray) -> FloatArray:
        """Return the skill (B,) where each day counts by its weight (B, D)."""
        ratio: FloatArray = (weights @ self.model) / (weights @ self.reference)
        return 1.0 - ratio**self.power


def skill_of(sites: Sequence[Losses]) -> Skill:
    """Return the mean skill over sites, with its interval: days are drawn anew, at each site by themselves."""
    drawn = [site.skill(resamples(len(site.model), number)) for number, site in enumerate(sites)]
    told = [site.skill(np.ones((1, len(site.model))))[0] for site in sites]
    low, high = np.percentile(np.mean(drawn, axis=0), ENDS)
    return Skill(skill=float(np.mean(told)), low=float(low), high=float(high))


@lru_cache(maxsize=8)
def resamples(days: int, number: int) -> FloatArray:
    """Return how often each day is drawn (B, D) in each sample of the bootstrap, independently for each number."""
    random = np.random.default_rng((SEED, number))
    return random.multinomial(days, np.full(days, 1.0 / days), size=RESAMPLES).astype(np.float64)


def share_interval(hits: FloatArray, counts: FloatArray) -> tuple[float, float, float]:
    """Return the share of hits in counts by day (D,), and both ends of its 95% interval over days."""
    weights = resamples(len(hits), 0)
    low, high = np.percentile((weights @ hits) / (weights @ counts), ENDS)
    return float(hits.sum() / counts.sum()), float(low), float(high)


def diebold_mariano(model: FloatArray, reference: FloatArray) -> tuple[float, float]:
    """Return the statistic, positive where the model loses less than the reference, and its two-sided p-value.

    Diebold and Mariano, Comparing predictive accuracy (1995), on the losses of days in order, with the variance of
    Newey and West (1987) and Student's t, as Harvey, Leybourne and Newbold (1997) advise.
    """
    from scipy.special import stdtr  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    difference = reference - model
    count, centred = len(difference), difference - difference.mean()
    variance = float(centred @ centred) / count
    for lag in range(1, LAGS + 1):
        variance += 2.0 * (1.0 - lag / (LAGS + 1)) * float(centred[lag:] @ centred[:-lag]) / count
    if variance <= 0.0:
        return 0.0, 1.0
    statistic = float(difference.mean()) / math.sqrt(variance / count)
    return statistic, float(2.0 * stdtr(count - 1, -abs(statistic)))
