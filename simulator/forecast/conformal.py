"""Quantiles that hold what they promise: conformal calibration by held-out days.

Each level of each horizon is moved by the quantile of what it missed on the calibration days, in units of the spread
that the model expected: split conformal prediction (Vovk and others, Algorithmic Learning in a Random World, 2005) with
normalized errors, and, for a model with quantiles of its own, conformalized quantile regression (Romano, Patterson and
Candes, 2019) by level.

Errors differ by season, and what a season promises it has to keep, so each month has moves of its own. In them the
errors of the month's own season count in full, those of other months the less the further they are: conformal
prediction with weights for what is like the case at hand (Barber, Candes, Ramdas and Tibshirani, Conformal prediction
beyond exchangeability, 2023).
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.interface import (
    LEVELS,
    MONTHS,
    Expected,
    Fitted,
    ForecastError,
    Kind,
    Series,
    Steps,
    season_of,
    targets,
    truth,
)

LEAST_ERRORS = 20
"""Errors on calibration days below which a horizon has no quantiles: with fewer, none can stand for the level 5%."""

FADING = 0.5
"""Weight of an error of another season for each month that lies between. Chosen on a third site, Miami: the bands of
all seasons held there, for less of the CRPS than with the season alone."""

ROUNDING = 1e-9
"""Share of a sum of weights by which it may miss a bound that it reaches but for rounding."""

BEYOND_CLEAR_SKY = 1.5
"""Bound of solar power over that of a cloudless sky (Yang, Choosing the clear-sky model, 2020)."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A fitted model, and the moves (12, Q, H) of its levels by month of the year, in units of its spread."""

    fitted: Fitted
    moves: FloatArray

    def quantiles(self, series: Series, origins: Steps) -> FloatArray:
        """Return the quantiles (O, Q, H) at LEVELS, as `bands` does."""
        return self.bands(series, origins)[1]

    def bands(self, series: Series, origins: Steps) -> tuple[FloatArray, FloatArray]:
        """Return the mean (O, H) and the quantiles (O, Q, H) at LEVELS, never below zero and in order.

        Those of solar power stay below half as much again as under a cloudless sky.
        """
        return self.moved(self.fitted.expect(series, origins), series, origins)

    def moved(self, expected: Expected, series: Series, origins: Steps) -> tuple[FloatArray, FloatArray]:
        """Return mean and quantiles, as `bands` does, of what the model expects."""
        steps = targets(series, origins)
        moves = self.moves[series.month(steps), :, np.arange(series.horizons)].swapaxes(1, 2)
        moved = expected.quantiles + expected.spread[:, np.newaxis] * moves
        most = BEYOND_CLEAR_SKY * series.scale(steps) if series.kind is Kind.SOLAR else np.inf
        bounded = np.clip(moved, 0.0, np.asarray(most)[..., np.newaxis, :] if np.ndim(most) else most)
        return expected.mean, np.maximum.accumulate(bounded, axis=1)


def calibrate(fitted: Fitted, series: Series, days: BoolArray) -> Calibrated:
    """Return the model with its levels moved by its errors in the steps `days` (T,), of which it has learnt nothing.

    A horizon of which the model tells nothing gets no quantiles. Raises ForecastError for too few days.
    """
    origins = np.arange(len(series.values))
    steps = targets(series, origins)
    padded = np.concatenate([days, np.zeros(series.horizons, dtype=np.bool_)])
    relevant = padded[steps].any(axis=1)
    origins, steps = origins[relevant], steps[relevant]
    expected = fitted.expect(series, origins)
    happened = truth(series, steps)
    usable = padded[steps] & series.has_sun(steps) & np.isfinite(happened)
    missed = happened[:, np.newaxis] - expected.quantiles
    weights = weights_of(series.month(steps[usable]))
    moves = np.full((MONTHS, len(LEVELS), series.horizons), np.nan)
    for horizon in np.flatnonzero(np.isfinite(expected.mean).all(axis=0)):
        seen = usable[:, horizon] & (expected.spread[:, horizon] > 0)
        if seen.sum() < LEAST_ERRORS:
            raise ForecastError(f"expected {LEAST_ERRORS} observed steps to calibrate by, got {int(seen.sum())}")
        for row, level in enumerate(LEVELS):
            errors = missed[seen, row, horizon] / expected.spread[seen, horizon]
            moves[:, row, horizon] = conformal_quantiles(errors, weights[series.month(steps[seen, horizon])], level)
    return Calibrated(fitted, moves)


def weights_of(seen: Steps) -> FloatArray:
    """Return how much an error of each month counts for each month (12, 12), where errors in months `seen` are known.

    Where none of its own season is, those of the nearest month count in full.
    """
    months = np.arange(MONTHS)
    apart = np.abs(months[:, np.newaxis] - months)
    near = FADING ** np.minimum(apart, MONTHS - apart).astype(np.float64)
    weights = np.where(season_of(months)[:, np.newaxis] == season_of(months), 1.0, near)
    counting: FloatArray = weights / weights[np.unique(seen)].max(axis=0, initial=near.min())
    return counting


def conformal_quantiles(errors: FloatArray, weights: FloatArray, level: float) -> FloatArray:
    """Return, for each month, the error that a further one stays below with the probability `level`.

    The errors (E,) have weights (E, M), that of the further one is 1. At low levels it stays above with the other
    probability.
    """
    if level < 0.5:
        return -conformal_quantiles(-errors, weights, 1.0 - level)
    order = np.argsort(errors)
    sums = np.cumsum(weights[order], axis=0)
    reached = sums >= level * (sums[-1] + 1.0) * (1.0 - ROUNDING)
    first = np.where(reached.any(axis=0), reached.argmax(axis=0), len(errors) - 1)
    quantiles: FloatArray = errors[order][first]
    return quantiles
