"""The backlog: tasks between placement and completion, and the energy that they will take in steps to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray


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
FIRST_ROWS = 8
FIRST_PLACES = 64
_FLOATS = ("arrival", "deadline", "start", "finish", "work")
_MARKS = ("task_class", "node", "level")

RowsT = TypeVar("RowsT", FloatArray, IntArray)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Work of the nodes in a step: energy above idle and busy time, each (N,), and the tasks that they completed."""

    joules: FloatArray
    seconds: FloatArray
    completed: Executions


class Queue:
    """All placed tasks that are not completed. Each node executes one at a time, in order of placement.

    `free_at` (N,) is when each node's queue will be empty, `last_level` (N,) the operating point of its last task, -1
    before the first. `work` (2, H, N) is the energy above idle, and the time, by step and node, of the present step and
    those to come: a ring that grows with the longest queue. The first `queued` (1,) columns of
    `numbers` and `marks` are tasks, in order of placement; the others are room for more. The kernels change all of it.
    """

    def __init__(self, nodes: int) -> None:
        self.free_at = np.zeros(nodes)
        self.last_level = np.full(nodes, -1, dtype=np.int32)
        self.work = np.zeros((2, FIRST_ROWS, nodes))
        self.queued = np.zeros(1, np.int64)
        self.numbers = np.zeros((len(_FLOATS), FIRST_PLACES))
        self.marks = np.zeros((len(_MARKS), FIRST_PLACES), dtype=np.int32)

    def __len__(self) -> int:
        """Return the number of tasks in execution or in a queue."""
        return int(self.queued[0])

    @property
    def pending(self) -> Executions:
        """Return the tasks that are not completed."""
        return self._executions(np.arange(len(self)))

    def ending(self, time: Seconds) -> Executions:
        """Return the tasks that will have finished at a time."""
        return self._executions(np.flatnonzero(self.numbers[3, : len(self)] <= time))

    def overdue(self) -> int:
        """Return the tasks that are not completed and will be late."""
        pending = self.pending
        return int(np.count_nonzero(pending.finish > pending.deadline))

    def grow(self, index: int, places: int, rows: int) -> None:
        """Make room for so many tasks, and for the work of so many steps from this one on; 0 needs no more."""
        if places:
            self.numbers = _longer(self.numbers, len(self), places)
            self.marks = _longer(self.marks, len(self), places)
        if rows:
            steps, longer = np.arange(index, index + self.work.shape[1]), _power_of_two(rows)
            work = np.zeros((2, longer, self.work.shape[2]))
            work[:, steps % longer] = self.work[:, steps % self.work.shape[1]]
            self.work = work

    def _executions(self, chosen: np.typing.NDArray[np.intp]) -> Executions:
        rows = zip((*_FLOATS, *_MARKS), (*self.numbers, *self.marks), strict=True)
        return Executions(**{name: row[chosen] for name, row in rows})


def _longer(tasks: RowsT, count: int, places: int) -> RowsT:
    """Return rows with room for so many tasks. Room that none takes costs no memory, because nothing touches it."""
    longer = np.zeros((len(tasks), _power_of_two(places)), tasks.dtype)
    longer[:, :count] = tasks[:, :count]
    return longer


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()
