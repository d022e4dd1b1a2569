"""The tasks that arrive in each step, of a workload that gives them by the hour."""

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.workload.generated import Workload
from simulator.workload.task import EMPTY, Tasks


class Arriving:
    """Tasks by the step; steps divide an hour."""

    def __init__(self, workload: Workload, step: Seconds) -> None:
        self._workload = workload
        self._step = step
        self._steps_per_hour = round(SECONDS_PER_HOUR / step)
        self._hour = -1
        self._tasks = EMPTY
        self._first = [0]

    def at(self, step: int) -> Tasks:
        """Return the tasks that arrive in a step."""
        hour, number = divmod(step, self._steps_per_hour)
        if hour != self._hour:
            self._hour, self._tasks = hour, self._workload.hour(hour)
            edges = (hour * self._steps_per_hour + np.arange(self._steps_per_hour + 1)) * self._step
            self._first = np.searchsorted(self._tasks.arrival, edges, side="left").tolist()
        first, last = self._first[number], self._first[number + 1]
        return self._tasks[first:last] if first < last else EMPTY
