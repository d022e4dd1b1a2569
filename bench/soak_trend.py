"""The trend of what a process holds: Theil's slope, with an interval by a bootstrap of blocks of its residuals.

The slope is the median of those between each point of the first half and its fellow of the second (Theil 1950, the
incomplete method), which a single step of memory does not move and which takes little time.
Residuals of memory hang together: what an allocator or a collector of garbage keeps, it keeps for a while. Drawn in
blocks they do so in the bootstrap as well (Kunsch, Annals of Statistics 17, 1989).
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray

REPLICATIONS = 500
LEVEL = 0.95
BLOCKS = 8
"""Parts of the time of which blocks have the length: longer than a collector of garbage waits, and enough to draw."""

SEED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Slope per unit of time, and the ends of its interval at `LEVEL`."""

    slope: float
    low: float
    high: float


def trend_of(times: FloatArray, values: FloatArray) -> Trend:
    """Return the trend of values (T,) at equidistant times (T,)."""
    slope = _slope(times, values)
    level = slope * times
    residuals = values - level
    chance, length = np.random.default_rng(SEED), max(2, len(times) // BLOCKS)
    drawn = []
    for _ in range(REPLICATIONS):
        begins = chance.integers(0, len(times) - length + 1, -(-len(times) // length))
        picked = (begins[:, np.newaxis] + np.arange(length)).ravel()[: len(times)]
        drawn.append(_slope(times, level + residuals[picked]))
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Trend(slope=slope, low=float(low), high=float(high))


def _slope(times: FloatArray, values: FloatArray) -> float:
    half = len(times) // 2
    return float(np.median((values[-half:] - values[:half]) / (times[-half:] - times[:half])))
