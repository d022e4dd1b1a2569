"""Policies without a score: in turn, or by an order of the kernels."""

import numpy as np

from simulator.arrays import BoolArray
from simulator.scheduling.interface import Cluster
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.placement import Order, Rule, place_in_turn
from simulator.scheduling.ruled import Ruled, rule


class InTurn(Ruled):
    """Round robin at full frequency: a task goes to the next node that fits and can start it in time, of `tries`."""

    def __init__(self, name: str, *, tries: int | None, backend: Backend) -> None:
        """Start with the first node; a `tries` of None tries all nodes."""
        super().__init__(name, backend)
        self._tries = tries
        self._cursor = np.zeros(1, np.int32)

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        """See `Ruled`. The turn goes on from the last step."""
        nodes = len(cluster.names)
        tries = nodes if self._tries is None else self._tries
        return place_in_turn, rule(cluster)._replace(tries=tries, cursor=self._cursor)


class InOrder(Ruled):
    """Placement by an order of the kernels, on all nodes or only on the one called `only`."""

    def __init__(self, name: str, place: Order, *, only: str | None = None, backend: Backend) -> None:
        super().__init__(name, backend)
        self._only = only
        self._order = place

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        """See `Ruled`. Raises ValueError where the cluster has no node called `only`."""
        return self._order, rule(cluster)._replace(fits=self._admitted(cluster))

    def _admitted(self, cluster: Cluster) -> BoolArray:
        if self._only is None:
            return cluster.fits
        if self._only not in cluster.names:
            raise ValueError(f"{self.name}: expected one of {', '.join(cluster.names)}, got {self._only}")
        admitted = np.zeros_like(cluster.fits)
        chosen = cluster.names.index(self._only)
        admitted[chosen] = cluster.fits[chosen]
        return admitted
