"""Tasks that are held back, and their release for the nodes that a plan has for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, CountArray, FloatArray, IntArray
from simulator.scheduling.interface import Cluster
from simulator.workload.task import Tasks

START_ROOM = Seconds(SECONDS_PER_HOUR / 4)
"""Time that a task has to have left at the beginning of an hour, beyond its latest start, to be put off to that hour: a
choice. It lets those that are due start one after the other."""

LEAST_QUOTA = 0.5
"""Share of a task's work that a plan has to have left for a node and a class to give the task to that node: plans are
made of work, and so rounded to whole tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Tasks in order of their release, which is their `tasks.arrival`; `arrival` is their true one.

    `node` and `level` (M,) are those for which they were released, -1 for any node.
    """

    tasks: Tasks
    arrival: FloatArray
    node: IntArray
    level: IntArray


Rows = npt.NDArray[np.void]
"""Tasks as rows of an array. Their number changes by hundreds, over which a live run would spread objects in memory."""


class _Task(NamedTuple):
    """A task that may wait: `latest` is the last time at which it may be released. They are sorted by it first."""

    latest: float
    arrival: float
    kind: int
    work: float
    deadline: float


_TASK: list[tuple[str, Any]] = [
    ("latest", np.float64),
    ("arrival", np.float64),
    ("kind", np.int32),
    ("work", np.float64),
    ("deadline", np.float64),
]
_HELD = np.dtype(_TASK)
_GIVEN = np.dtype([("release", np.float64), *_TASK, ("node", np.int32), ("level", np.int32)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The work that a plan has for an hour from `now` to `end`.

    `work` (N, K) in seconds of reference work, at the operating points `levels` (N, K). `free_at` (N,): when each node
    could begin with it; both change as tasks are given to nodes. `front` (N,): the nodes that such tasks go to last.
    """

    now: float
    end: float
    work: FloatArray
    levels: IntArray
    free_at: FloatArray
    front: BoolArray


class Held:
    """The tasks that may wait: held, or given to a node and not released yet."""

    def __init__(self, cluster: Cluster, step: Seconds) -> None:
        """Release tasks by a run's steps."""
        self._cluster = cluster
        self._slowest = np.where(cluster.fits[:, :, np.newaxis], cluster.service, 0.0).max(axis=(0, 2))
        self._lead = min(float(step), cluster.longest_wait / 2.0)
        self._step = float(step)
        self._held: Rows = np.empty(0, _HELD)
        self._given: Rows = np.empty(0, _GIVEN)
        self._quotas = Quotas(
            now=0.0,
            end=0.0,
            work=np.zeros(cluster.fits.shape),
            levels=np.full(cluster.fits.shape, cluster.service.shape[2] - 1, np.int32),
            free_at=np.zeros(len(cluster.names)),
            front=np.zeros(len(cluster.names), np.bool_),
        )

    def spare(self) -> FloatArray:
        """Return how long (K,) the mean task of each class may be held after its arrival."""
        cluster = self._cluster
        spare: FloatArray = cluster.deadline - cluster.longest_wait - cluster.work * self._slowest
        return spare

    def table(self) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return the class, the work and the latest release of each task that is held (M,)."""
        held = self._held
        return held["kind"].copy(), held["work"].copy(), held["latest"].copy()

    def all(self) -> Released:
        """Return all tasks by their release, or by the latest that it may be of those that no node has yet."""
        return _released(_with(self._given, [(one.latest, *one, -1, 0) for one in _tasks(self._held)]))

    def begin(self, quotas: Quotas) -> None:
        """Give the tasks that are held to the nodes that a plan has for them, those that are due first.

        Those that could not wait for the next hour go to the node that is free first, even where the plan has none.
        """
        self._quotas = quotas
        held = np.sort(self._held)
        stays, given = np.ones(len(held), np.bool_), []
        for row, one in enumerate(_tasks(held)):
            node = self._meant(one, quotas.now)
            if node < 0 and one.latest < quotas.end + START_ROOM:
                node = self._soonest(one.kind)
            if node >= 0:
                stays[row] = False
                given.append(self._give(one, node))
        self._held, self._given = held[stays], _with(self._given, given)

    def take(self, tasks: Tasks, end: Seconds) -> Released:
        """Take tasks that may wait, and return those that are released before `end`, with those of before."""
        latest = tasks.deadline - self._cluster.longest_wait - tasks.work * self._slowest[tasks.task_class]
        columns = (latest, tasks.arrival, tasks.task_class, tasks.work, tasks.deadline)
        held, given = [], []
        for values in zip(*(column.tolist() for column in columns), strict=True):
            one = _Task(*values)
            node = self._meant(one, one.arrival)
            if node >= 0:
                given.append(self._give(one, node))
            elif one.latest < self._quotas.end + START_ROOM:
                given.append((one.arrival, *one, -1, 0))
            else:
                held.append(one)
        self._held, self._given = _with(self._held, held), _with(self._given, given)
        due = self._given["release"] < end
        released, self._given = _released(self._given[due]), self._given[~due]
        return released

    def _meant(self, one: _Task, now: float) -> int:
        """Return the node that has a quota for a task and is free first, of those that go on without a gap; or -1."""
        quotas = self._quotas
        if quotas.work[:, one.kind].max() < LEAST_QUOTA * one.work:
            return -1
        begin = np.maximum(quotas.free_at, now)
        good = (quotas.work[:, one.kind] >= LEAST_QUOTA * one.work) & (begin < quotas.end)
        good &= quotas.free_at >= now - self._step
        if not good.any():
            return -1
        return int(np.where(good, begin, np.inf).argmin())

    def _soonest(self, kind: int) -> int:
        """Return the node that is free first for a class, behind if it fits there; -1 where it fits nowhere."""
        quotas = self._quotas
        fits = self._cluster.fits[:, kind]
        behind = fits & ~quotas.front
        good = behind if behind.any() else fits
        return int(np.where(good, quotas.free_at, np.inf).argmin()) if good.any() else -1

    def _give(self, one: _Task, node: int) -> tuple[float, ...]:
        """Give a task to a node, and return its row: it is released somewhat before the node is free."""
        quotas = self._quotas
        level = int(quotas.levels[node, one.kind])
        earliest = max(one.arrival, quotas.now)
        begin = max(float(quotas.free_at[node]), earliest)
        quotas.free_at[node] = begin + one.work * self._cluster.service[node, one.kind, level]
        quotas.work[node, one.kind] -= one.work
        release = min(max(begin - self._lead, earliest), max(one.latest, earliest))
        return (release, *one, node, level)


def _tasks(held: Rows) -> Iterator[_Task]:
    """Return one task after the other, each when it is asked for."""
    return (_Task._make(row.item()) for row in held)


def _with(rows: Rows, more: Sequence[tuple[float, ...]]) -> Rows:
    """Return rows with more behind them."""
    return np.concatenate((rows, np.array(more, rows.dtype))) if more else rows


def _released(due: Rows) -> Released:
    """Return tasks in order of their release, and of their arrival where that is the same."""
    due = due[np.lexsort((due["arrival"], due["release"]))]
    return Released(
        tasks=Tasks(
            arrival=due["release"].copy(),
            task_class=due["kind"].copy(),
            work=due["work"].copy(),
            deadline=due["deadline"].copy(),
        ),
        arrival=due["arrival"].copy(),
        node=due["node"].copy(),
        level=due["level"].copy(),
    )


def merged(prompt: Tasks, late: Released) -> Released:
    """Return tasks that are released as they arrive together with others, in order of their release."""
    free = np.full(len(prompt), -1, np.int32)
    release = np.concatenate((prompt.arrival, late.tasks.arrival))
    arrival = np.concatenate((prompt.arrival, late.arrival))
    order: CountArray = np.lexsort((arrival, release))
    return Released(
        tasks=Tasks(
            arrival=release[order],
            task_class=np.concatenate((prompt.task_class, late.tasks.task_class))[order],
            work=np.concatenate((prompt.work, late.tasks.work))[order],
            deadline=np.concatenate((prompt.deadline, late.tasks.deadline))[order],
        ),
        arrival=arrival[order],
        node=np.concatenate((free, late.node))[order],
        level=np.concatenate((np.zeros_like(free), late.level))[order],
    )
