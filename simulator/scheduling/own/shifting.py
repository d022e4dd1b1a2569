"""Waiting as a user's own policy chooses it: each deferrable task is released when its method `release` says."""

import numbers
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import SupportsFloat, TypeGuard

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR
from simulator.arrays import BoolArray, CountArray, FloatArray
from simulator.scheduling.interface import Cluster, Outlook
from simulator.scheduling.own.per_task import task_view
from simulator.scheduling.own.users_code import asked, refusal
from simulator.scheduling.own.views import HourView, TaskView
from simulator.workload.task import Tasks


class OwnShifting:
    """Choice of release times by a function that is asked for one task at a time."""

    def __init__(
        self, name: str, release: Callable[[TaskView, Sequence[HourView]], float], deferrable: BoolArray
    ) -> None:
        """Take which task classes may wait, `deferrable` (K,)."""
        self.name = name
        self._release = release
        self._deferrable = deferrable

    def release(self, tasks: Tasks, first: CountArray, cluster: Cluster, outlook: Outlook) -> FloatArray:
        """See `Shifting.release`. Raises ConfigError, in one line, for errors of the user's and impossible times."""
        release = tasks.arrival.copy()
        slowest = np.where(cluster.fits[:, :, np.newaxis], cluster.service, 0.0).max(axis=(0, 2))
        latest = tasks.deadline - cluster.longest_wait - tasks.work * slowest[tasks.task_class]
        for step in range(len(first) - 1):
            for i in range(int(first[step]), int(first[step + 1])):
                if self._deferrable[tasks.task_class[i]]:
                    now, *later = hour_views(cluster, outlook, step)
                    task = task_view(tasks, cluster, i)
                    hours = (replace(now, start=task.release), *(one for one in later if one.start <= latest[i]))
                    release[i] = self._chosen(task, hours, float(tasks.arrival[i]), float(tasks.deadline[i]))
        return release

    def _chosen(self, task: TaskView, hours: Sequence[HourView], arrival: float, deadline: float) -> float:
        with asked(self.name, self._release):
            chosen: object = self._release(task, hours)
            if not is_number(chosen) or not arrival <= float(chosen) <= deadline:
                expected = f"a time from {arrival:.10g} to {deadline:.10g}, the task's arrival and deadline"
                raise refusal(self.name, self._release, expected, chosen)
            return float(chosen)


def is_number(value: object) -> TypeGuard[SupportsFloat]:
    """Return whether a value is a number that is no truth value; NaN is one."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def hour_views(cluster: Cluster, outlook: Outlook, step: int) -> tuple[HourView, ...]:
    """Return the hours of the clock from the present point of a step on, the last of which may be short."""
    start, seconds = float(outlook.start[step]), float(outlook.seconds)
    green = outlook.green_watts[step] * seconds
    points = len(green)
    first = int(outlook.first[step])
    grams = outlook.grams_per_joule[first : first + points]
    starts = start + np.arange(points) * seconds
    begins = np.flatnonzero(np.diff(starts // SECONDS_PER_HOUR, prepend=-1.0))
    lengths = np.diff(begins, append=points)
    buses, sites = cluster.site_of_bus, int(cluster.site_of_bus.max()) + 1
    joules = np.add.reduceat(green, begins)
    by_site = np.stack([joules[:, buses == site].sum(axis=1) for site in range(sites)], axis=1)
    # All buses of a site are on one grid.
    means = (np.add.reduceat(grams, begins) / lengths[:, np.newaxis])[:, [list(buses).index(n) for n in range(sites)]]
    rows = zip(starts[begins].tolist(), by_site.tolist(), means.tolist(), strict=True)
    return tuple(
        HourView(start=begin, green_joules=tuple(energy), grams_per_joule=tuple(intensity))
        for begin, energy, intensity in rows
    )
