"""Task classes, and tasks as arrays."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClass:
    """A kind of inference task.

    `work` is its mean execution time on the reference device (speed 1) at full frequency in FP32. `deadline` counts
    from the arrival. `priority` in (0, 1] weighs its latency in the score. A `deferrable` class may wait for greener
    supply within its deadline. `input_bytes` move with it to another site than that where it arrives.
    """

    name: str
    model: str
    work: Seconds
    share: float
    deadline: Seconds
    priority: float
    memory_bytes: int
    input_bytes: float
    deferrable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """M tasks in order of arrival; times are seconds of the simulated clock.

    `task_class` counts the classes of every site on their own, those of the first site first. `work` is each task's own
    execution time on the reference device, its noise included. `deadline` is absolute.
    """

    arrival: FloatArray
    task_class: IntArray
    work: FloatArray
    deadline: FloatArray

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self.arrival)

    def __getitem__(self, part: slice) -> "Tasks":
        """Return the selected tasks, as views."""
        return Tasks(
            arrival=self.arrival[part],
            task_class=self.task_class[part],
            work=self.work[part],
            deadline=self.deadline[part],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All tasks that arrive after the batch before it, or from the start of the hour on, and before `end`."""

    tasks: Tasks
    end: Seconds


EMPTY = Tasks(arrival=np.zeros(0), task_class=np.zeros(0, dtype=np.int32), work=np.zeros(0), deadline=np.zeros(0))
"""No tasks at all."""
