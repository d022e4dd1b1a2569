"""Tasks by the hour, from a generator that reaches any hour directly."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import IntArray
from simulator.streams import Stream, generator
from simulator.workload.arrivals import Arrivals, Intensity, draw_times
from simulator.workload.task import Batch, TaskClass, Tasks

MOST_AT_ONCE = 1_000_000
"""Expected tasks in an hour up to which they are drawn at once; of more, so that they need little memory, a part of the
hour at a time. A million tasks take 36 megabytes while they are drawn. A run of more has its weather computed by a
child process, whose libraries would take as much again as its tasks."""

PARTS = 12
"""Parts of such an hour. No step of a run is longer than one."""


class Workload(Protocol):
    """Tasks in order of arrival."""

    def hour(self, index: int) -> Iterator[Batch]:
        """Yield the tasks that arrive from 3600 x index up to 3600 x (index + 1) on the simulated clock, in order.

        Batches end with the hour or with a twelfth of it.
        """


class GeneratedWorkload:
    """Random arrivals of a mix of classes. Each hour has its own random streams, so any order of hours is possible.

    A task's work is its class's times a uniform draw from [1 - noise, 1 + noise]; the draw has a stream of its own, so
    the same tasks arrive with and without noise.
    """

    def __init__(self, classes: Sequence[TaskClass], arrivals: Arrivals, *, noise: float, seed: int) -> None:
        """Normalise the classes' shares; `noise` is in [0, 1)."""
        shares = np.array([one.share for one in classes])
        self._thresholds = np.cumsum(shares / shares.sum())[:-1]
        self._work = np.array([one.work for one in classes], dtype=np.float64)
        self._deadline = np.array([one.deadline for one in classes], dtype=np.float64)
        self._arrivals = arrivals
        self._noise = noise
        self._seed = seed

    def hour(self, index: int) -> Iterator[Batch]:
        """See `Workload.hour`."""
        whole = self._arrivals.intensity(index, self._seed)
        if whole.expected <= MOST_AT_ONCE:
            yield Batch(tasks=self._tasks(whole, index), end=Seconds((index + 1) * SECONDS_PER_HOUR))
            return
        edges = (index * PARTS + np.arange(PARTS + 1)) * (SECONDS_PER_HOUR / PARTS)
        for part in range(PARTS):
            end = Seconds(float(edges[part + 1]))
            yield Batch(tasks=self._tasks(whole.between(float(edges[part]), end), index, part), end=end)

    def _tasks(self, intensity: Intensity, *key: int) -> Tasks:
        """Draw the tasks of a time, from streams with this key."""
        random = generator(self._seed, Stream.WORKLOAD, *key)
        arrival = draw_times(intensity, random)
        task_class = self._draw_classes(len(arrival), random)
        # In place, because there may be many: the noise becomes the work, and the time that is left the deadline.
        work = generator(self._seed, Stream.NOISE, *key).uniform(1 - self._noise, 1 + self._noise, len(arrival))
        work *= self._work.take(task_class)
        deadline = self._deadline.take(task_class)
        deadline += arrival
        return Tasks(arrival=arrival, task_class=task_class, work=work, deadline=deadline)

    def _draw_classes(self, count: int, random: np.random.Generator) -> IntArray:
        """Draw with one comparison per class and task, five times as fast as `Generator.choice` for a few classes."""
        level = random.random(count)
        drawn = np.zeros(count, dtype=np.int32)
        for threshold in self._thresholds:
            drawn += level >= threshold
        return drawn
