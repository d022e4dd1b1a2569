"""Policies without a score: in turn, or by an order of the kernels."""

import numpy as np

from simulator.arrays import BoolArray
from simulator.scheduling.interface import Cluster, Placements, StepView
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.kernels.placement import Order, place_in_turn
from simulator.scheduling.outputs import empty_placements
from simulator.workload.task import Tasks


class InTurn:
    """Round robin at full frequency: a task goes to the next node that fits and can start it in time, of `tries`."""

    def __init__(self, name: str, *, tries: int | None, backend: Backend) -> None:
        """Start with the first node; a `tries` of None tries all nodes."""
        self.name = name
        self._tries = tries
        self._place = kernel(place_in_turn, backend)
        self._cursor = np.zeros(1, np.int32)

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`. The turn goes on from the last step."""
        placed = empty_placements(len(tasks))
        self._place(
            tasks.arrival,
            tasks.task_class,
            tasks.work,
            cluster.service,
            cluster.fits,
            cluster.delay,
            cluster.longest_wait,
            len(cluster.names) if self._tries is None else self._tries,
            self._cursor,
            view.free_at.copy(),
            view.wake.copy(),
            placed.node,
            placed.level,
            placed.start,
            placed.finish,
        )
        return placed


class InOrder:
    """Placement by an order of the kernels, on all nodes or only on the one called `only`."""

    def __init__(self, name: str, place: Order, *, only: str | None = None, backend: Backend) -> None:
        self.name = name
        self._only = only
        self._place = kernel(place, backend)

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`. Raises ValueError where the cluster has no node called `only`."""
        placed = empty_placements(len(tasks))
        self._place(
            tasks.arrival,
            tasks.task_class,
            tasks.work,
            cluster.service,
            cluster.extra_watts,
            self._admitted(cluster),
            cluster.delay,
            cluster.bus,
            cluster.longest_wait,
            view.free_at.copy(),
            view.wake.copy(),
            np.maximum(view.green_joules, 0.0),
            placed.node,
            placed.level,
            placed.start,
            placed.finish,
        )
        return placed

    def _admitted(self, cluster: Cluster) -> BoolArray:
        if self._only is None:
            return cluster.fits
        if self._only not in cluster.names:
            raise ValueError(f"{self.name}: expected one of {', '.join(cluster.names)}, got {self._only}")
        admitted = np.zeros_like(cluster.fits)
        chosen = cluster.names.index(self._only)
        admitted[chosen] = cluster.fits[chosen]
        return admitted
