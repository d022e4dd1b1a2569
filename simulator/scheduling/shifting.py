"""Temporal shifting: tasks that may wait are released when their energy is expected to be greenest.

For a deferrable task and a step of the outlook, take the node that would need the least from the grid for it. The
expected grams are

    max(0, W x e - green joules not yet promised) x grams per joule of the grid,

with e the extra joules per second of reference work W at full frequency. The task is released in the step with the
least grams, the earliest of several; so it does not wait unless that helps. It is released early enough: if it then
waited the longest admitted time and ran on the slowest node at the lowest frequency, it would still meet its deadline.
Energy and time that are promised to one task are not promised to another, so that a sunny hour attracts no more tasks
than it can power and the nodes can execute; within its step a task is released when the node is done with those that
were promised the step before it.
"""

import numpy as np

from simulator.arrays import BoolArray, FloatArray
from simulator.cluster.task import Tasks
from simulator.scheduling.compiled import Backend, kernel
from simulator.scheduling.interface import Cluster, Outlook
from simulator.scheduling.kernel import choose_releases

DEFERRED_SHARE = 0.5
"""Share of a node's time in a step that is promised to tasks at most. The rest is left to those that cannot wait; a
choice of this policy, not a measured figure."""


class TemporalShifting:
    """Chooses release times, and remembers over a run what it has promised."""

    def __init__(self, deferrable: BoolArray, *, backend: Backend) -> None:
        """`deferrable` (K,): which task classes may wait."""
        self._deferrable = deferrable
        self._choose = kernel(choose_releases, backend)
        self._step = 0
        # What is promised, by step and node: rings, in which a step has the row of its number modulo their length.
        self._joules = np.zeros((0, 0))
        self._seconds = np.zeros((0, 0))

    def release(self, tasks: Tasks, cluster: Cluster, outlook: Outlook) -> FloatArray:
        """See `Shifting.release`. Raises ValueError for an outlook longer than the first, which sets the memory."""
        release = tasks.arrival.copy()
        waits = self._deferrable[tasks.task_class]
        if not waits.any():
            return release
        self._go_on_to(outlook)
        slowest = np.where(cluster.fits[:, :, np.newaxis], cluster.service, 0.0).max(axis=(0, 2))
        service = np.ascontiguousarray(cluster.service[:, :, -1])
        self._choose(
            waits,
            tasks.task_class,
            tasks.work,
            tasks.deadline - cluster.longest_wait - tasks.work * slowest[tasks.task_class],
            service,
            service * cluster.extra_watts[:, -1:],
            cluster.fits,
            float(outlook.start),  # a whole number would be another type to compile for
            float(outlook.seconds),
            np.ascontiguousarray(outlook.green_watts),
            outlook.grams_per_joule,
            DEFERRED_SHARE * outlook.seconds,
            self._step % len(self._joules),
            self._joules,
            self._seconds,
            np.full((len(slowest), len(outlook.grams_per_joule)), -2, np.int32),
            release,
        )
        return release

    def _go_on_to(self, outlook: Outlook) -> None:
        """Forget what was promised for steps before the outlook's first."""
        step = round(outlook.start / outlook.seconds)
        if not len(self._joules):
            self._joules = np.zeros(outlook.green_watts.shape)
            self._seconds = np.zeros(outlook.green_watts.shape)
        rows = len(self._joules)
        if len(outlook.green_watts) > rows:
            raise ValueError(f"expected an outlook of at most {rows} steps, as the first was")
        past = np.arange(self._step, min(step, self._step + rows)) % rows
        self._joules[past] = 0.0
        self._seconds[past] = 0.0
        self._step = step
