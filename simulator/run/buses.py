"""Nodes on common buses: the sum over those of a bus, and the share of each node in what flows there."""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The shares (N,) of the nodes in their buses' flows of a step, by load; None where each bus has one node."""

    bus: IntArray
    shares: FloatArray | None

    def of(self, flow: FloatArray) -> FloatArray:
        """Return each node's part (N,) of a flow (B,)."""
        return flow if self.shares is None else flow[self.bus] * self.shares

    def each(self, figure: FloatArray) -> FloatArray:
        """Return the figure (N,) of each node's bus, from those (B,) of the buses."""
        return figure if self.shares is None else figure[self.bus]


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

    def share(self, load: FloatArray) -> Shares:
        """Return the share of each node in its bus, by its load (N,); without any load the flows are nobody's."""
        if self._alone:
            return Shares(bus=self._bus, shares=None)
        whole = self.sum(load)[self._bus]
        return Shares(bus=self._bus, shares=np.divide(load, whole, out=np.zeros_like(load), where=whole > 0.0))
