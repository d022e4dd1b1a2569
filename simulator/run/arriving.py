"""The tasks that arrive in each step, of a workload that gives them by the hour."""

from collections.abc import Iterator

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import CountArray
from simulator.workload.generated import Workload
from simulator.workload.task import EMPTY, Batch, Tasks


class Arriving:
    """Tasks by the step, for steps in ascending order; steps divide an hour's batches. One batch is kept at a time."""

    def __init__(self, workload: Workload, step: Seconds) -> None:
        self._workload = workload
        self._step = step
        self._steps_per_hour = round(SECONDS_PER_HOUR / step)
        self._hour = -1
        self._batches: Iterator[Batch] = iter(())
        self._tasks = EMPTY
        # Steps of the batch: the first, the one after the last, and where the tasks of each begin.
        self._begin = self._end = 0
        self._first: CountArray = np.zeros(1, np.int64)

    def block(self, step: int, most_steps: int, most_tasks: int) -> tuple[Tasks, CountArray]:
        """Return the tasks of the S steps from this one on, and where those of each step begin (S + 1,).

        They are as many steps of one hour as have so many tasks at most, but at least one.
        """
        while not self._begin <= step < self._end:
            self._go_on(step // self._steps_per_hour)
        first = self._first[step - self._begin :][: most_steps + 1]
        steps = max(1, int(np.searchsorted(first, first[0] + most_tasks, side="right")) - 1)
        return self._tasks[int(first[0]) : int(first[steps])], first[: steps + 1] - first[0]

    def _go_on(self, hour: int) -> None:
        """Take the next batch of an hour."""
        if hour != self._hour:
            self._hour, self._batches, self._end = hour, self._workload.hour(hour), hour * self._steps_per_hour
        self._tasks = EMPTY
        batch = next(self._batches)
        self._tasks, self._begin, self._end = batch.tasks, self._end, round(batch.end / self._step)
        edges = np.arange(self._begin, self._end + 1) * self._step
        self._first = np.searchsorted(self._tasks.arrival, edges, side="left")
