"""The operating points that are worth considering."""

import numpy as np

from simulator.arrays import BoolArray, FloatArray


def efficient(service: FloatArray, extra_watts: FloatArray) -> BoolArray:
    """Return the operating points (N, K, L) that are best at some price of time and of energy, both at least 0.

    The others lie above the lower hull of (seconds, joules) per second of work, and no solution needs them.
    """
    joules = service * extra_watts[:, np.newaxis, :]
    kept = np.zeros(service.shape, np.bool_)
    for node, kind in np.ndindex(service.shape[:2]):
        kept[node, kind, _hull(service[node, kind], joules[node, kind])] = True
    return kept


def _hull(seconds: FloatArray, joules: FloatArray) -> list[int]:
    """Return the points of the lower left hull, from the quickest to the most frugal (Andrew 1979)."""
    hull: list[int] = []
    for point in np.lexsort((joules, seconds)).tolist():
        if hull and joules[point] >= joules[hull[-1]]:
            continue
        while len(hull) > 1 and _is_above(hull[-1], hull[-2], point, seconds, joules):
            hull.pop()
        hull.append(point)
    return hull


def _is_above(middle: int, first: int, last: int, seconds: FloatArray, joules: FloatArray) -> bool:
    """Return whether a point lies on or above the line between two others."""
    across, rise = seconds[last] - seconds[first], joules[last] - joules[first]
    return bool((joules[middle] - joules[first]) * across >= rise * (seconds[middle] - seconds[first]))
