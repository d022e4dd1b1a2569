"""Tasks that wait for a later step."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.workload.task import EMPTY, Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Tasks in order of their release, which is their `tasks.arrival`; `arrival` is their true arrival."""

    tasks: Tasks
    arrival: FloatArray

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self.arrival)

    def chosen(self, index: IntArray | np.typing.NDArray[np.intp] | BoolArray) -> "Released":
        """Return some of the tasks."""
        tasks = self.tasks
        return Released(
            tasks=Tasks(
                arrival=tasks.arrival[index],
                task_class=tasks.task_class[index],
                work=tasks.work[index],
                deadline=tasks.deadline[index],
            ),
            arrival=self.arrival[index],
        )


NOTHING = Released(tasks=EMPTY, arrival=EMPTY.arrival)
"""No tasks at all."""


class HeldTasks:
    """Tasks by the hour in which they are to be released."""

    def __init__(self) -> None:
        self._by_hour: defaultdict[int, list[Released]] = defaultdict(list)

    @property
    def parts(self) -> list[Released]:
        """Return all waiting tasks."""
        return [part for parts in self._by_hour.values() for part in parts]

    def release(self, fresh: Released, end: Seconds) -> Released:
        """Hold the `fresh` tasks that are released at `end` or later, and return the others and those held for them.

        `end` is that of a time within an hour which begins where the one before it ended. They come in order of their
        release, and of their arrival where that is the same.
        """
        hour = int(-(-end // SECONDS_PER_HOUR)) - 1
        hours = (fresh.tasks.arrival // SECONDS_PER_HOUR).astype(np.int64)
        for later in np.unique(hours[hours > hour]):
            self._by_hour[int(later)].append(fresh.chosen(hours == later))
        parts = [*self._by_hour.pop(hour, ()), fresh.chosen(hours == hour)]
        known = together(parts) if len(parts) > 1 else parts[0]
        due = known.tasks.arrival < end
        if not due.all():
            self._by_hour[hour].append(known.chosen(~due))
            known = known.chosen(due)
        return known.chosen(np.argsort(known.tasks.arrival, kind="stable"))


def together(parts: list[Released]) -> Released:
    """Concatenate tasks, in this order."""
    return Released(
        tasks=Tasks(
            arrival=np.concatenate([part.tasks.arrival for part in parts]),
            task_class=np.concatenate([part.tasks.task_class for part in parts]),
            work=np.concatenate([part.tasks.work for part in parts]),
            deadline=np.concatenate([part.tasks.deadline for part in parts]),
        ),
        arrival=np.concatenate([part.arrival for part in parts]),
    )
