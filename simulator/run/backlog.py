"""The backlog: tasks between placement and completion, and the energy that they will take in steps to come."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.run.deferred import Released
from simulator.run.totals import LATENCY_BOUNDS, Totals
from simulator.scheduling.interface import DROPPED, Cluster, Placements
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.kernels.placement import account, tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Executions:
    """M placed tasks; arrays are (M,), times on the simulated clock."""

    arrival: FloatArray
    task_class: IntArray
    work: FloatArray
    deadline: FloatArray
    node: IntArray
    level: IntArray
    start: FloatArray
    finish: FloatArray

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self.node)

    def where(self, chosen: np.typing.NDArray[np.bool_]) -> "Executions":
        """Select the executions for which `chosen` is true."""
        return Executions(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})

    def followed_by(self, others: "Executions") -> "Executions":
        """Concatenate two sets of executions."""
        if not len(self):
            return others
        if not len(others):
            return self
        return together((self, others))


def together(parts: Sequence[Executions]) -> Executions:
    """Concatenate all executions, in this order."""
    names = Executions.__dataclass_fields__
    return Executions(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


NOTHING = Executions(
    arrival=np.zeros(0),
    task_class=np.zeros(0, dtype=np.int32),
    work=np.zeros(0),
    deadline=np.zeros(0),
    node=np.zeros(0, dtype=np.int32),
    level=np.zeros(0, dtype=np.int32),
    start=np.zeros(0),
    finish=np.zeros(0),
)
BOUNDS = np.array(LATENCY_BOUNDS)
FIRST_ROWS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work of the nodes in a step: energy above idle and busy time, each (N,), and the tasks that they completed."""

    joules: FloatArray
    seconds: FloatArray
    completed: Executions


class Queue:
    """All placed tasks that are not completed. Each node executes one at a time, in order of placement."""

    def __init__(self, cluster: Cluster, step: Seconds, backend: Backend) -> None:
        nodes = len(cluster.names)
        self.free_at = np.zeros(nodes)
        self.pending = NOTHING
        self._extra_watts = cluster.extra_watts
        self._step = step
        self._index = 0
        # Energy and time by step and node, of the steps from now on: a ring that grows with the longest queue.
        self._joules = np.zeros((FIRST_ROWS, nodes))
        self._seconds = np.zeros((FIRST_ROWS, nodes))
        self._account = kernel(account, backend)
        self._tally = kernel(tally, backend)

    def enter(self, released: Released, placements: Placements, totals: Totals) -> None:
        """Add the tasks of a step; those that no node takes are counted as dropped."""
        tasks = released.tasks
        if not len(tasks):
            return
        fresh = Executions(
            arrival=released.arrival,
            task_class=tasks.task_class,
            work=tasks.work,
            deadline=tasks.deadline,
            node=placements.node,
            level=placements.level,
            start=placements.start,
            finish=placements.finish,
        )
        dropped = placements.node == DROPPED
        if dropped.any():
            self._count(fresh.where(dropped), totals)
            fresh = fresh.where(~dropped)
        totals.placed[:] += len(fresh)
        totals.terms[:] += placements.terms
        self._spread(fresh)
        self.pending = self.pending.followed_by(fresh)

    def advance(self, totals: Totals) -> Work:
        """Execute the present step and go on to the next."""
        end = (self._index + 1) * self._step
        done, completed = self.pending.finish <= end, NOTHING
        if done.any():
            # Most steps complete all tasks that were placed in them, so no selection is needed.
            everything = bool(done.all())
            completed = self.pending if everything else self.pending.where(done)
            self.pending = NOTHING if everything else self.pending.where(~done)
            self._count(completed, totals)
        row = self._index % len(self._joules)
        joules, seconds = self._joules[row].copy(), self._seconds[row].copy()
        self._joules[row] = 0.0
        self._seconds[row] = 0.0
        self._index += 1
        return Work(joules=joules, seconds=seconds, completed=completed)

    def overdue(self) -> int:
        """Return the tasks that are not completed and will be late."""
        return int(np.count_nonzero(self.pending.finish > self.pending.deadline))

    def _spread(self, fresh: Executions) -> None:
        """Add the executions' energy and time to the rows of their steps."""
        if not len(fresh):
            return
        self._reach(float(fresh.finish.max()))
        self._account(
            fresh.node,
            fresh.level,
            fresh.start,
            fresh.finish,
            self._extra_watts,
            self._step,
            self.free_at,
            self._joules,
            self._seconds,
        )

    def _reach(self, until: float) -> None:
        """Grow the rows to cover all steps up to this time."""
        rows = len(self._joules)
        needed = math.ceil(until / self._step) - self._index + 1
        if needed <= rows:
            return
        larger = 1 << (needed - 1).bit_length()
        steps = np.arange(self._index, self._index + rows)
        for name in ("_joules", "_seconds"):
            grown = np.zeros((larger, len(self.free_at)))
            grown[steps % larger] = getattr(self, name)[steps % rows]
            setattr(self, name, grown)

    def _count(self, ended: Executions, totals: Totals) -> None:
        self._tally(
            ended.arrival,
            ended.deadline,
            ended.task_class,
            ended.node,
            ended.level,
            ended.finish,
            BOUNDS,
            totals.class_tasks,
            totals.node_tasks,
            totals.placements,
            totals.latency,
            totals.histogram,
        )
