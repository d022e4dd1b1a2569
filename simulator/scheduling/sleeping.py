"""Sleep: the interface of those who send nodes to sleep, and two of them.

A node asleep wakes for the first task that is placed on it: to sleep never loses a task, it may only delay some.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.scheduling.interface import Cluster

MEMORY = Seconds(SECONDS_PER_HOUR)
"""Time over which the consolidating policy forgets the work that it has seen: an exponential mean. A choice: far longer
than a burst, far shorter than the course of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepTable:
    """The sleep of N nodes as arrays (N,); of a node that cannot sleep, `able` is false and the others mean nothing.

    `watts` asleep; `enter_seconds` and `enter_joules` to fall asleep, `wake_seconds` and `wake_joules` to wake;
    `dwell_seconds` is the least time asleep, and `break_even_seconds` that from which on sleep saves energy.
    """

    able: BoolArray
    watts: FloatArray
    enter_seconds: FloatArray
    enter_joules: FloatArray
    wake_seconds: FloatArray
    wake_joules: FloatArray
    dwell_seconds: FloatArray
    break_even_seconds: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepView:
    """The state at the start of a step. `may` (N,) are the nodes that could go to sleep: awake, without any task.

    `idle_seconds` (N,) is the time since each node's queue was emptied or it woke, 0 where it works. `work` (N,) is the
    time that each node was busy in the last step, and `awake` (N,) whether it is awake or waking.
    """

    start: Seconds
    seconds: Seconds
    may: BoolArray
    awake: BoolArray
    idle_seconds: FloatArray
    work: FloatArray


class Sleeping(Protocol):
    """A way to choose which nodes sleep, asked in every step. One object serves one run."""

    @property
    def name(self) -> str:
        """Return the name in the configuration and in the results."""

    def to_sleep(self, cluster: Cluster, table: SleepTable, view: SleepView) -> BoolArray:
        """Choose the nodes (N,) that are to go to sleep now; those that may not are left alone."""


class TimeoutSleeping:
    """Nodes sleep once they have been idle for a time: by default that in which sleep would have paid for itself.

    With that time the energy is at most twice that of one who knows when the next task comes (ski rental; Karlin,
    Manasse, Rudolph and Sleator 1988). A run needs to ask nobody for that.
    """

    name = "timeout"

    def __init__(self, seconds: Seconds | None = None) -> None:
        self._seconds = seconds

    def timeout(self, table: SleepTable) -> FloatArray:
        """Return the seconds (N,) of idleness after which each node goes to sleep."""
        after = table.break_even_seconds
        return after if self._seconds is None else np.full(len(after), float(self._seconds))


NOT_KEPT, KEPT_FOR_WORK, KEPT_FOR_CLASS = range(3)
"""The reasons of the consolidating policy to keep a node awake: none, the work, or a class that no other such node
fits."""


class ConsolidatingSleeping:
    """As few nodes as the work of the last hour needs stay awake, the most frugal of them first.

    The work is an exponential mean of that seen, and the nodes that stay awake could do it in `utilization` of their
    time; every class keeps at least one node that it fits. The others sleep once they have no task left and have been
    idle for as long as sleep has to last to save energy. The order is by idle power over speed: the mean over the
    classes of the watts of a node for what it could do in a second at full frequency.

    `kept` (N,) says who stays awake at the moment, and why; None before anybody asked.
    """

    name = "consolidate"

    def __init__(self, utilization: float) -> None:
        self._utilization = utilization
        self._needed: float | None = None
        self._speed: FloatArray | None = None
        self.kept: IntArray | None = None

    def to_sleep(self, cluster: Cluster, table: SleepTable, view: SleepView) -> BoolArray:
        """See `Sleeping.to_sleep`."""
        speed = self._speed = speeds(cluster) if self._speed is None else self._speed
        done = float((view.work * speed).sum() / view.seconds)
        forget = math.exp(-view.seconds / MEMORY)
        self._needed = done if self._needed is None else forget * self._needed + (1.0 - forget) * done
        self.kept = self._kept(cluster, speed, self._needed / self._utilization)
        chosen: BoolArray = view.may & (self.kept == NOT_KEPT) & (view.idle_seconds >= table.break_even_seconds)
        return chosen

    def _kept(self, cluster: Cluster, speed: FloatArray, wanted: float) -> IntArray:
        kept = np.full(len(speed), NOT_KEPT, dtype=np.int32)
        served = np.zeros(cluster.fits.shape[1], dtype=np.bool_)
        capacity = 0.0
        price = np.divide(cluster.idle_watts, speed, out=np.full_like(speed, np.inf), where=speed > 0.0)
        for node in np.argsort(price, kind="stable"):
            if capacity >= wanted and not (cluster.fits[node] & ~served).any():
                continue
            kept[node] = KEPT_FOR_WORK if capacity < wanted else KEPT_FOR_CLASS
            served |= cluster.fits[node]
            capacity += float(speed[node])
        return kept


def speeds(cluster: Cluster) -> FloatArray:
    """Return the reference work (N,) that each node does in a second, the mean over the classes that fit."""
    fits = cluster.fits
    rates = np.where(fits, 1.0 / cluster.service[:, :, -1], 0.0)
    means: FloatArray = rates.sum(axis=1) / np.maximum(fits.sum(axis=1), 1)
    return means
