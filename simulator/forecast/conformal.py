"""Quantiles that hold what they promise: conformal calibration by held-out days.

Each level of each horizon is moved by the quantile of what it missed on the calibration days, in units of the spread
that the model expected: split conformal prediction (Vovk and others, Algorithmic Learning in a Random World, 2005) with
normalized errors, and, for a model with quantiles of its own, conformalized quantile regression (Romano, Patterson and
Candes, 2019) by level.
"""

import math
from dataclasses import dataclass

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.interface import LEVELS, Fitted, ForecastError, Kind, Series, Steps, targets, truth

LEAST_ERRORS = 20
"""Errors on calibration days below which a horizon has no quantiles: with fewer, none can stand for the level 5%."""

BEYOND_CLEAR_SKY = 1.5
"""Bound of solar power over that of a cloudless sky (Yang, Choosing the clear-sky model, 2020)."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A fitted model, and the moves (Q, H) of its levels, in units of its spread."""

    fitted: Fitted
    moves: FloatArray

    def quantiles(self, series: Series, origins: Steps) -> FloatArray:
        """See `Forecast.quantiles`; solar power stays below half as much again as under a cloudless sky."""
        return self.bands(series, origins)[1]

    def bands(self, series: Series, origins: Steps) -> tuple[FloatArray, FloatArray]:
        """Return the mean (O, H) and the quantiles (O, Q, H)."""
        expected = self.fitted.expect(series, origins)
        moved = expected.quantiles + expected.spread[:, np.newaxis] * self.moves
        most = BEYOND_CLEAR_SKY * series.scale(targets(series, origins)) if series.kind is Kind.SOLAR else np.inf
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
    moves = np.full((len(LEVELS), series.horizons), np.nan)
    for horizon in np.flatnonzero(np.isfinite(expected.mean).all(axis=0)):
        seen = usable[:, horizon] & (expected.spread[:, horizon] > 0)
        if seen.sum() < LEAST_ERRORS:
            raise ForecastError(f"expected {LEAST_ERRORS} observed steps to calibrate by, got {int(seen.sum())}")
        for row, level in enumerate(LEVELS):
            errors = missed[seen, row, horizon] / expected.spread[seen, horizon]
            moves[row, horizon] = conformal_quantile(errors, level)
    return Calibrated(fitted, moves)


def conformal_quantile(errors: FloatArray, level: float) -> float:
    """Return the error that a further one stays below with the probability `level`, from below at low levels."""
    count = len(errors)
    rank = math.ceil((count + 1) * level) if level >= 0.5 else math.floor((count + 1) * level)
    return float(np.sort(errors)[min(max(rank, 1), count) - 1])
