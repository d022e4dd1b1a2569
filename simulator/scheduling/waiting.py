"""Waiting for a clean grid: deferrable tasks are released when the forecast intensity of their grid is least.

After Wiesner et al., Let's Wait Awhile (Middleware 2021).

This is the paper's strategy for jobs that cannot be interrupted, for a task here runs as a whole: of all times at which
a task could begin, that from which on the mean intensity over its duration is least, the earliest of several. The grid
is that of the site where it arrives. Supply of the nodes' own, and power, are not looked at.

The paper has as many nodes as are asked for. Here a time takes no more tasks that were put off to it than the nodes can
execute in a part of it, as with `TemporalShifting`; the next best time takes the others. The duration is the mean of
those on the nodes that fit, at full frequency. A task is released early enough to meet its deadline, if it then waited
the longest admitted time and ran on the slowest of them.
"""

import math
from collections import defaultdict

import numpy as np

from simulator.arrays import BoolArray, CountArray, FloatArray
from simulator.scheduling.interface import Cluster, Outlook
from simulator.scheduling.shifting import DEFERRED_SHARE, LEAST_GAIN
from simulator.workload.task import Tasks


class WaitAwhile:
    """Choice of release times, with a memory over the run of the work that is put off to each point of the weather."""

    def __init__(self, deferrable: BoolArray) -> None:
        """Take which task classes may wait, `deferrable` (K,)."""
        self._deferrable = deferrable
        self._promised: defaultdict[int, float] = defaultdict(float)

    def release(self, tasks: Tasks, first: CountArray, cluster: Cluster, outlook: Outlook) -> FloatArray:
        """See `Shifting.release`."""
        release = tasks.arrival.copy()
        waits = self._deferrable[tasks.task_class]
        service = np.where(cluster.fits, cluster.service[:, :, -1], np.nan)
        for step in range(len(first) - 1):
            present = round(float(outlook.start[step]) / outlook.seconds)
            for past in [point for point in self._promised if point < present]:
                del self._promised[past]
            for i in range(int(first[step]), int(first[step + 1])):
                kind = tasks.task_class[i]
                if waits[i] and cluster.fits[:, kind].any():
                    release[i] = self._chosen(tasks, i, service[:, kind], cluster, outlook, step)
        return release

    def _chosen(
        self, tasks: Tasks, i: int, service: FloatArray, cluster: Cluster, outlook: Outlook, step: int
    ) -> float:
        """Return when task i is released, which arrives in a step of the outlook.

        `service` (N,) are its seconds on each node for a second of work, NaN where it does not fit.
        """
        arrival, work = float(tasks.arrival[i]), float(tasks.work[i])
        start, seconds = float(outlook.start[step]), float(outlook.seconds)
        present = int((arrival - start) // seconds)
        ahead = outlook.first[step] + np.arange(present, outlook.green_watts.shape[1])
        grams = outlook.grams_per_joule[ahead, cluster.home[tasks.task_class[i]]]
        means = window_means(grams, work * float(np.nanmean(service)) / seconds)
        latest = float(tasks.deadline[i]) - cluster.longest_wait - work * float(np.nanmax(service))
        room = DEFERRED_SHARE * seconds * float(np.nansum(1.0 / service))
        zero = round(start / seconds) + present
        open_to = [0]
        for later in range(1, len(means)):
            promised = self._promised.get(zero + later, 0.0)
            if (zero + later) * seconds > latest:
                break
            if promised == 0.0 or promised + work <= room:
                open_to.append(later)
        least = min(means[later] for later in open_to) * (1.0 + LEAST_GAIN)
        best = next(later for later in open_to if means[later] <= least)
        if best == 0:
            return arrival
        self._promised[zero + best] += work
        return (zero + best) * seconds


def window_means(grams: FloatArray, points: float) -> FloatArray:
    """Return the means of `grams` (H,) over so many points, whole ones and a part of the last, from each point on from
    which all of them are known; from the first on in any case."""
    whole = math.ceil(points)
    if whole > len(grams):
        return np.array([grams.mean()])
    if whole <= 1:
        return grams
    weights = np.ones(whole)
    weights[-1] = points - (whole - 1)
    means: FloatArray = np.correlate(grams, weights, "valid") / weights.sum()
    return means
