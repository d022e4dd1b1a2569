"""Temporal shifting: tasks that may wait are released when their energy is expected to be greenest.

For a deferrable task, a step of the outlook and a node, take the time in the step from which the node is promised to
nobody. Executed from then on at full frequency the task spans one or more steps s, draws e(s) joules above idle in
each, and is expected to emit

    sum over s of  max(0, e(s) - green joules of s not yet promised) x grams per joule of the grid in s,

with the green joules and the grid of the node's bus.

The task is released at the time with the least grams, the earliest of several; so none waits unless that helps, even
where those that have been released fill all of the present. It is released early enough: if it then waited the longest
admitted time and ran on the slowest node at the lowest frequency, it would still meet its deadline.

Energy and time that are promised to one task are not promised to another, so that a sunny hour attracts no more tasks
than it can power and the nodes can execute. A promise covers all steps that the task spans. It holds the node for as
long as the task takes at the lowest frequency, and longer, so that others have their share. One thing comes before the
least grams: the place of a task that was put off. A task that cannot run now without taking it waits too, for the best
time that is left; where there is none, it is released at once, with no promise.

Promises are among deferrable tasks: nothing is known here of the other tasks, nor are the placing policies bound to
the node that was promised.
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import BoolArray, CountArray, FloatArray
from simulator.energy.interface import WEATHER_STEP
from simulator.scheduling.interface import Cluster, Outlook
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.kernels.placement import choose_releases
from simulator.workload.task import Tasks

DEFERRED_SHARE = 0.5
"""Share of a node's time that promised tasks take at most, at full frequency. The rest is left to those that cannot
wait; a choice of this policy, not a measured figure."""

LEAST_GAIN = 1e-9
"""Share of the grams that putting a task off has to save; smaller differences may come from the rounding of sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """The tables of a cluster that the choice needs, as `choose_releases` takes them, and the longest time of a class.

    `slowest` (K,) is the longest that any node takes for a second of reference work, at the lowest frequency.
    """

    slowest: FloatArray
    service: FloatArray
    joules: FloatArray
    hold: FloatArray


def _tables_of(cluster: Cluster) -> _Tables:
    service = np.ascontiguousarray(cluster.service[:, :, -1])
    return _Tables(
        slowest=np.where(cluster.fits[:, :, np.newaxis], cluster.service, 0.0).max(axis=(0, 2)),
        service=service,
        joules=service * cluster.extra_watts[:, -1:],
        hold=np.maximum(service / DEFERRED_SHARE, cluster.service.max(axis=2)),
    )


class TemporalShifting:
    """Choice of release times, with a memory over the run of what is promised."""

    def __init__(self, deferrable: BoolArray, *, backend: Backend) -> None:
        """Take which task classes may wait, `deferrable` (K,)."""
        self._deferrable = deferrable
        self._backend = backend
        self._choose = kernel(choose_releases, backend)
        self._point = np.zeros(1, np.int64)
        self._cluster: Cluster | None = None
        self._tables: _Tables
        # Promises by point and node: rings, in which a point has the row of its number modulo their length.
        self._joules = self._seconds = self._put_off = np.zeros((0, 0))

    def rehearse(self, cluster: Cluster) -> None:
        """Choose the release of a task that does not exist: what the choice needs is then loaded and compiled."""
        kinds = np.flatnonzero(self._deferrable)[:1].astype(np.int32)
        one, nowhere = np.ones(len(kinds)), np.zeros((1, len(cluster.site_of_bus)))
        outlook = Outlook(
            start=np.zeros(1),
            seconds=WEATHER_STEP,
            green_watts=nowhere[np.newaxis],
            grams_per_joule=nowhere,
            first=np.zeros(1, np.int64),
        )
        tasks = Tasks(arrival=one, task_class=kinds, work=one, deadline=one)
        beside = TemporalShifting(self._deferrable, backend=self._backend)
        beside.release(tasks, np.array([0, len(kinds)]), cluster, outlook)

    def release(self, tasks: Tasks, first: CountArray, cluster: Cluster, outlook: Outlook) -> FloatArray:
        """See `Shifting.release`. Raises ValueError for an outlook longer than the first, which sets the memory."""
        release = tasks.arrival.copy()
        waits = self._deferrable[tasks.task_class]
        if not waits.any():
            return release
        if cluster is not self._cluster:
            self._cluster, self._tables = cluster, _tables_of(cluster)
        tables = self._tables
        self._remember(cluster, outlook)
        self._choose(
            first,
            waits,
            tasks.task_class,
            tasks.work,
            tasks.deadline - cluster.longest_wait - tasks.work * tables.slowest[tasks.task_class],
            tables.service,
            tables.joules,
            tables.hold,
            cluster.fits,
            cluster.bus,
            outlook.start,
            float(outlook.seconds),  # a whole number would be another type to compile for
            outlook.green_watts,
            outlook.grams_per_joule,
            outlook.first,
            LEAST_GAIN,
            self._point,
            self._joules,
            self._seconds,
            self._put_off,
            release,
        )
        return release

    def _remember(self, cluster: Cluster, outlook: Outlook) -> None:
        """Make sure that there is room for promises."""
        points, buses = outlook.green_watts.shape[1:]
        if not len(self._joules):
            # A promise that begins within the outlook may hold its node beyond it.
            rows, nodes = 2 * points, len(cluster.names)
            self._joules, self._seconds = np.zeros((rows, buses)), np.zeros((rows, nodes))
            self._put_off = np.full((rows, nodes), -1.0)
        if 2 * points > len(self._joules):
            raise ValueError(f"expected an outlook of at most {len(self._joules) // 2} points, as the first was")
