"""The index of a series: its course without what is known beforehand.

Of solar power that is the clear-sky index, the power over that of a cloudless sky, which the next sunrise leaves nearly
as it was at sunset. Of wind and intensity it is the value itself.
"""

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.interface import Kind, Series

HIGHEST_INDEX = 1.5
"""Bound of the clear-sky index: hourly means exceed one by reflections off clouds and by the error of the clear sky
(Yang, Choosing the clear-sky model, 2020, keeps 1.5)."""


def observed_index(series: Series, default: float) -> FloatArray:
    """Return the latest index (T,) that was observed at the end of each step; `default` before the first."""
    steps = np.arange(len(series.values))
    if series.kind is not Kind.SOLAR:
        return filled(series.values, default)
    sky = series.clear_sky[steps]
    seen = series.has_sun(steps)
    ratio = np.divide(series.values, sky, out=np.full(len(steps), np.nan), where=seen)
    return filled(np.minimum(ratio, HIGHEST_INDEX), default)


def filled(values: FloatArray, default: float) -> FloatArray:
    """Return each value, or the latest before it where it is missing."""
    latest = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    return np.where(latest < 0, default, values[latest])


def is_complete(series: Series, span: int) -> BoolArray:
    """Return for each step (T,) whether none of the last `span` values is missing."""
    missing = np.concatenate([[0.0], np.cumsum(np.isnan(series.values))])
    ends = np.arange(1, len(series.values) + 1)
    complete: BoolArray = (ends >= span) & (missing[ends] == missing[np.maximum(ends - span, 0)])
    return complete
