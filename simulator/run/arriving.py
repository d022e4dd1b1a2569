"""The tasks that arrive in each step, of a workload that gives them by the hour."""

from collections.abc import Iterator

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
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
        self._first = [0]

    def at(self, step: int) -> Tasks:
        """Return the tasks that arrive in a step."""
        while not self._begin <= step < self._end:
            self._go_on(step // self._steps_per_hour)
        first, last = self._first[step - self._begin], self._first[step - self._begin + 1]
        return self._tasks[first:last] if first < last else EMPTY

    def _go_on(self, hour: int) -> None:
        """Take the next batch of an hour."""
        if hour != self._hour:
            self._hour, self._batches, self._end = hour, self._workload.hour(hour), hour * self._steps_per_hour
        self._tasks = EMPTY
        batch = next(self._batches)
        self._tasks, self._begin, self._end = batch.tasks, self._end, round(batch.end / self._step)
        edges = np.arange(self._begin, self._end + 1) * self._step
        self._first = np.searchsorted(self._tasks.arrival, edges, side="left").tolist()
