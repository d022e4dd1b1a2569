"""Scores of forecasts against what happened: sums by day and by hour, of which every figure of a report is made."""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.conformal import Calibrated
from simulator.forecast.interface import LEVELS, Series, Steps, targets, truth

NOMINAL = {80: (LEVELS.index(0.1), LEVELS.index(0.9)), 90: (LEVELS.index(0.05), LEVELS.index(0.95))}
"""Bands by their nominal coverage in percent: the places of both ends among the levels."""

MEASURES = ("count", "squared", "absolute", "error", "crps", "in 80", "in 90", "width 80", "width 90")
"""Sums that are kept of each day or hour, and horizon."""

COLUMN = {name: number for number, name in enumerate(MEASURES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Sums of a model's scores.

    `by_day` (D, H, M) are those of each day, `by_hour` (24, H, M) those of each hour; M are MEASURES, and the unit is
    that of the series. `days` (D,) counts from the beginning of the series. `below` (Q, H) counts the observations
    below each level. Night counts for nothing: nobody is wrong about it.
    """

    days: Steps
    by_day: FloatArray
    by_hour: FloatArray
    below: FloatArray


def score(forecast: Calibrated, series: Series, part: BoolArray) -> Scores:
    """Return the scores of the forecasts of all steps in `part` (T,), each from every origin of the day before it."""
    horizons = series.horizons
    chosen = np.flatnonzero(part & np.isfinite(series.values) & series.has_sun(np.arange(len(part))))
    origins = np.unique(np.concatenate([chosen - horizon for horizon in range(1, horizons + 1)]))
    origins = origins[origins >= horizons - 1]
    steps = targets(series, origins)
    padded = np.concatenate([part, np.zeros(horizons, dtype=np.bool_)])
    happened = truth(series, steps)
    mean, quantiles = forecast.bands(series, origins)
    told = np.isfinite(mean) & np.isfinite(quantiles).all(axis=1)
    usable = padded[steps] & np.isfinite(happened) & series.has_sun(steps) & told
    sums = np.where(usable[..., np.newaxis], np.nan_to_num(_measured(mean, quantiles, happened)), 0.0)
    below = ((happened[:, np.newaxis] <= quantiles) & usable[:, np.newaxis]).sum(axis=0)
    # Those of all that happened, whatever the model tells of it: so scores of models have the same days.
    days = np.unique(chosen // horizons)
    return Scores(
        days=days,
        by_day=_summed(sums, np.searchsorted(days, steps // horizons).clip(0, len(days) - 1), len(days)),
        by_hour=_summed(sums, series.hour(steps).astype(np.int64), 24),
        below=below.astype(np.float64),
    )


def _measured(mean: FloatArray, quantiles: FloatArray, happened: FloatArray) -> FloatArray:
    """Return the measures (O, H, M) of each forecast."""
    error = mean - happened
    measured = [np.ones_like(error), np.square(error), np.abs(error), error, crps(quantiles, happened)]
    bands = [(quantiles[:, low], quantiles[:, high]) for low, high in NOMINAL.values()]
    measured += [((low <= happened) & (happened <= high)).astype(np.float64) for low, high in bands]
    measured += [high - low for low, high in bands]
    return np.stack(measured, axis=-1)


def crps(quantiles: FloatArray, happened: FloatArray) -> FloatArray:
    """Return the continuous ranked probability score (O, H), twice the integral of the pinball loss over the levels.

    Gneiting and Ranjan, Comparing density forecasts using threshold- and quantile-weighted scoring rules (2011). The
    loss is taken to be linear between levels, and to fall to zero beyond the outermost, at 0 and 1.
    """
    losses = pinball(quantiles, happened)
    edges = np.array([0.0, *LEVELS, 1.0])
    weights = (edges[2:] - edges[:-2]) / 2
    total: FloatArray = 2.0 * np.einsum("q,oqh->oh", weights, losses)
    return total


def pinball(quantiles: FloatArray, happened: FloatArray) -> FloatArray:
    """Return the pinball losses (O, Q, H) of quantiles at LEVELS (Koenker and Bassett, Regression quantiles, 1978)."""
    above = happened[:, np.newaxis] - quantiles
    levels = np.array(LEVELS)[:, np.newaxis]
    losses: FloatArray = np.maximum(levels * above, (levels - 1.0) * above)
    return losses


def _summed(sums: FloatArray, cells: Steps, count: int) -> FloatArray:
    """Return the sums (count, H, M) of the measures (O, H, M) by cell (O, H)."""
    _, horizons, measures = sums.shape
    total = np.zeros((count, horizons, measures))
    np.add.at(total, (cells, np.arange(horizons)), sums)
    return total
