"""Nodes on common buses: the sum over those of a bus."""

import numpy as np

from simulator.arrays import FloatArray, IntArray


class Buses:
    """The buses of N nodes, `bus` (N,) of `count`."""

    def __init__(self, bus: IntArray, count: int) -> None:
        self._bus = bus
        self._count = count
        self._alone = np.array_equal(bus, np.arange(count))

    def sum(self, values: FloatArray) -> FloatArray:
        """Return the sums (B,) of figures (N,) of nodes."""
        if self._alone:
            return values
        return np.bincount(self._bus, weights=values, minlength=self._count).astype(np.float64)
