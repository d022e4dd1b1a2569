"""The backlog: tasks between placement and completion, and the energy that they will take in steps to come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.run.deferred import Released
from simulator.run.kernels import complete, enter
from simulator.run.totals import LATENCY_BOUNDS, Totals
from simulator.scheduling.interface import Cluster, Placements
from simulator.scheduling.kernels.compiled import Backend, kernel


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
FIRST_PLACES = 64
_FLOATS = ("arrival", "deadline", "start", "finish", "work")
_MARKS = ("task_class", "node", "level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work of the nodes in a step: energy above idle and busy time, each (N,), and the tasks that they completed."""

    joules: FloatArray
    seconds: FloatArray
    completed: Executions


class Queue:
    """All placed tasks that are not completed. Each node executes one at a time, in order of placement.

    `free_at` (N,) is when each node's queue will be empty, `last_level` (N,) the operating point of its last task, -1
    before the first. `joules` and `seconds` (H, N) are the energy above idle and the time of work by step and node, of
    the present step, in `row`, and those to come: rings that grow with the longest queue.
    """

    def __init__(self, cluster: Cluster, step: Seconds, backend: Backend) -> None:
        nodes = len(cluster.names)
        self.free_at = np.zeros(nodes)
        self.last_level = np.full(nodes, -1, dtype=np.int32)
        self.joules = np.zeros((FIRST_ROWS, nodes))
        self.seconds = np.zeros((FIRST_ROWS, nodes))
        self._extra_watts = cluster.extra_watts
        self._step = step
        self._index = 0
        self._count = 0
        # The first `_count` columns are tasks, in order of placement; the others are room for more.
        self._numbers = np.zeros((len(_FLOATS), FIRST_PLACES))
        self._marks = np.zeros((len(_MARKS), FIRST_PLACES), dtype=np.int32)
        self._enter = kernel(enter, backend)
        self._complete = kernel(complete, backend)

    def __len__(self) -> int:
        """Return the number of tasks in execution or in a queue."""
        return self._count

    @property
    def row(self) -> int:
        """Return the row of the present step."""
        return self._index % len(self.joules)

    @property
    def pending(self) -> Executions:
        """Return the tasks that are not completed."""
        return self._executions(np.arange(self._count))

    def enter(self, released: Released, placements: Placements, totals: Totals) -> None:
        """Add the tasks of a step; those that no node takes are counted as dropped."""
        tasks = released.tasks
        self._make_room(self._count + len(tasks))
        while True:
            count = self._enter(
                released.arrival,
                tasks.task_class,
                tasks.work,
                tasks.deadline,
                placements.node,
                placements.level,
                placements.start,
                placements.finish,
                self._extra_watts,
                self._step,
                self._index,
                self._count,
                self._numbers,
                self._marks,
                self.free_at,
                self.last_level,
                self.joules,
                self.seconds,
                totals.class_tasks,
                totals.placed,
            )
            if count >= 0:
                break
            self._reach(-count)
        self._count = count
        totals.terms[:] += placements.terms

    def ending(self) -> Executions:
        """Return the tasks that will be completed in the present step."""
        return self._executions(np.flatnonzero(self._numbers[3, : self._count] <= (self._index + 1) * self._step))

    def advance(self, totals: Totals) -> None:
        """Complete the present step, whose row has been read and cleared, and go on to the next."""
        self._index += 1
        if self._count:
            self._count = self._complete(
                self._index * self._step,
                self._count,
                self._numbers,
                self._marks,
                BOUNDS,
                totals.class_tasks,
                totals.node_tasks,
                totals.placements,
                totals.latency,
                totals.histogram,
            )

    def overdue(self) -> int:
        """Return the tasks that are not completed and will be late."""
        pending = self.pending
        return int(np.count_nonzero(pending.finish > pending.deadline))

    def _executions(self, chosen: np.typing.NDArray[np.intp]) -> Executions:
        rows = zip((*_FLOATS, *_MARKS), (*self._numbers, *self._marks), strict=True)
        return Executions(**{name: row[chosen] for name, row in rows})

    def _make_room(self, places: int) -> None:
        """Grow the room for tasks."""
        if places <= self._numbers.shape[1]:
            return
        more = ((0, 0), (0, _power_of_two(places) - self._numbers.shape[1]))
        self._numbers, self._marks = np.pad(self._numbers, more), np.pad(self._marks, more)

    def _reach(self, needed: int) -> None:
        """Grow the rings to so many rows."""
        rows, larger = len(self.joules), _power_of_two(needed)
        steps = np.arange(self._index, self._index + rows)
        for name in ("joules", "seconds"):
            grown = np.zeros((larger, len(self.free_at)))
            grown[steps % larger] = getattr(self, name)[steps % rows]
            setattr(self, name, grown)


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
