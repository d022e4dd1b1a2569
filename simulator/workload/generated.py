"""Tasks by the hour, from a generator that reaches any hour directly."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from simulator.arrays import IntArray
from simulator.streams import Stream, generator
from simulator.workload.arrivals import Arrivals, draw_times
from simulator.workload.task import TaskClass, Tasks


class Workload(Protocol):
    """Tasks in order of arrival."""

    def hour(self, index: int) -> Tasks:
        """Return the tasks that arrive from 3600 x index up to 3600 x (index + 1) on the simulated clock."""


class GeneratedWorkload:
    """Random arrivals of a mix of classes. Each hour has its own random streams, so any order of hours is possible.

    A task's work is its class's times a uniform draw from [1 - noise, 1 + noise]; the draw has a stream of its own, so
    the same tasks arrive with and without noise.
    """

    def __init__(self, classes: Sequence[TaskClass], arrivals: Arrivals, *, noise: float, seed: int) -> None:
        """Normalise the classes' shares; `noise` is in [0, 1)."""
        shares = np.array([one.share for one in classes])
        self._thresholds = np.cumsum(shares / shares.sum())[:-1]
        self._work = np.array([one.work for one in classes])
        self._deadline = np.array([one.deadline for one in classes])
        self._arrivals = arrivals
        self._noise = noise
        self._seed = seed

    def hour(self, index: int) -> Tasks:
        """See `Workload.hour`."""
        random = generator(self._seed, Stream.WORKLOAD, index)
        arrival = draw_times(self._arrivals.intensity(index, self._seed), random)
        task_class = self._draw_classes(len(arrival), random)
        noise = generator(self._seed, Stream.NOISE, index).uniform(1 - self._noise, 1 + self._noise, len(arrival))
        return Tasks(
            arrival=arrival,
            task_class=task_class,
            work=self._work[task_class] * noise,
            deadline=arrival + self._deadline[task_class],
        )

    def _draw_classes(self, count: int, random: np.random.Generator) -> IntArray:
        """Draw with one comparison per class and task, five times as fast as `Generator.choice` for a few classes."""
        level = random.random(count)
        drawn = np.zeros(count, dtype=np.int32)
        for threshold in self._thresholds:
            drawn += level >= threshold
        return drawn
