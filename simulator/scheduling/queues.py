"""Policies without a score: in turn, or by an order of the kernels."""

import numpy as np

from simulator.arrays import BoolArray
from simulator.scheduling.interface import Cluster
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.placement import (
    Order,
    Rule,
    place_by_requests,
    place_in_turn,
    place_in_turn_by_speed,
)
from simulator.scheduling.ruled import ONLY, REQUESTS, START, TURN, Ruled, rule


class InTurn(Ruled):
    """Round robin at full frequency: a task goes to the next node that fits and can start it in time."""

    goes_by = TURN

    def __init__(self, name: str, backend: Backend) -> None:
        """Start with the first node."""
        super().__init__(name, backend)
        self._cursor = np.zeros(1, np.int32)

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        """See `Ruled`. The turn goes on from the last step."""
        return place_in_turn, rule(cluster)._replace(cursor=self._cursor)


class InTurnBySpeed(Ruled):
    """Round robin in which a node's turns are in proportion to its speed for the class, the compressed model's.

    Within a class, for it is that of its tasks that fit on which nodes. Credits are those of the cluster last seen.
    """

    goes_by = TURN

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        """See `Ruled`."""
        speed = np.ascontiguousarray(1.0 / cluster.service[:, :, -1])
        return place_in_turn_by_speed, rule(cluster)._replace(share=speed, memory=np.zeros((1, *speed.shape)))


class ByRequests(Ruled):
    """Placement by the requests of tasks over the capacity of nodes, as Kubernetes' plugin NodeResourcesFit scores.

    Its strategy LeastAllocated gives a resource the score (capacity - requested) / capacity and MostAllocated
    requested / capacity, the task's own request included; the node with the highest mean over processor and memory
    wins. A task requests the whole processor, as it executes alone: that filters nodes, and gives all the rest the same
    score, so memory decides between these. Kubernetes draws among equals; here they take turns.
    """

    goes_by = REQUESTS

    def __init__(self, name: str, *, most: bool, backend: Backend) -> None:
        """Choose the strategy: the `most` allocated node, or the least."""
        super().__init__(name, backend)
        self._weight = -1.0 if most else 1.0
        self._cursor = np.zeros(1, np.int32)

    def _choose(self, cluster: Cluster) -> tuple[Order, Rule]:
        """See `Ruled`. The turn goes on from the last step."""
        return place_by_requests, rule(cluster)._replace(
            share=np.ascontiguousarray(cluster.memory_share),
            weights=np.array([self._weight]),
            cursor=self._cursor,
        )


class InOrder(Ruled):
    """Placement by an order of the kernels, on all nodes or only on the one called `only`."""

    def __init__(self, name: str, place: Order, *, only: str | None = None, backend: Backend) -> None:
        super().__init__(name, backend)
        self.goes_by = START if only is None else ONLY
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
