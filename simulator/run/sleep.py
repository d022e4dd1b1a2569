"""The nodes' sleep in a run: who is awake, what sleep and its transitions take, and wakes that fail."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.run.totals import Totals
from simulator.scheduling.interface import DROPPED, Cluster, Placements
from simulator.scheduling.sleeping import Sleeping, SleepTable, SleepView
from simulator.streams import Stream, generator

NEVER = np.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The power of nodes beside their tasks in a step: `joules` (N,), of which `moving` (N,) fell asleep or woke.

    `asleep_seconds` (N,) were spent asleep.
    """

    joules: FloatArray
    moving: FloatArray
    asleep_seconds: FloatArray


class SleepState:
    """The sleep of N nodes. Each has one cycle at a time: entering, asleep, waking, and awake again.

    Times (N,) are seconds of the simulated clock: `enters`, `sleeps` and `wakes` are when the parts of the cycle begin,
    and `rises` when it ends; infinite where they are not known.
    """

    def __init__(
        self,
        cluster: Cluster,
        table: SleepTable,
        sleeping: Sleeping,
        *,
        failure_ratio: float,
        seed: int,
    ) -> None:
        """Draw failed wakes, with the probability `failure_ratio` each, from a stream for each of the nodes' names."""
        nodes = len(cluster.names)
        self.table = table
        self._cluster = cluster
        self._sleeping = sleeping
        self._failure_ratio = failure_ratio
        self._random = [generator(seed, Stream.WAKE, crc32(name.encode())) for name in cluster.names]
        self.enters = np.full(nodes, NEVER)
        self.sleeps = np.full(nodes, NEVER)
        self.wakes = np.full(nodes, NEVER)
        self.rises = np.full(nodes, NEVER)
        self._work = np.zeros(nodes)

    @property
    def wake_seconds(self) -> FloatArray:
        """Return the seconds (N,) that each node would take to wake; 0 where it is awake or already waking."""
        return np.where(self._down, self.table.wake_seconds, 0.0)

    @property
    def _down(self) -> BoolArray:
        """Return which nodes (N,) are asleep or falling asleep, and have not been woken."""
        down: BoolArray = np.isfinite(self.enters) & ~np.isfinite(self.wakes)
        return down

    def state_at(self, time: Seconds) -> IntArray:
        """Return 0 for awake, 1 for asleep or falling asleep, 2 for waking (N,) at a time."""
        asleep = (self.enters <= time) & (time < self.wakes)
        waking = (self.wakes <= time) & (time < self.rises)
        return np.where(asleep, 1, np.where(waking, 2, 0)).astype(np.int32)

    def send(self, start: Seconds, seconds: Seconds, free_at: FloatArray) -> None:
        """Let the policy send nodes to sleep at the start of a step, and move `free_at` (N,), of their queues."""
        risen = self.rises <= start
        for times in (self.enters, self.sleeps, self.wakes, self.rises):
            times[risen] = NEVER
        awake = ~self._down
        may = self.table.able & awake & ~np.isfinite(self.enters) & (free_at <= start)
        view = SleepView(
            start=start,
            seconds=seconds,
            may=may,
            awake=awake,
            idle_seconds=np.where(may, start - free_at, 0.0),
            work=self._work,
        )
        chosen = self._sleeping.to_sleep(self._cluster, self.table, view) & may
        self.enters[chosen] = start
        self.sleeps[chosen] = start + self.table.enter_seconds[chosen]
        free_at[chosen] = self.sleeps[chosen] + self.table.dwell_seconds[chosen]

    def wake(self, placements: Placements, totals: Totals) -> Placements:
        """Wake the nodes on which tasks were placed, as late as the first of them allows, and return the placements.

        A wake that fails is tried again at once, and takes its time and its energy each time: tasks placed on the node
        start later by as much.
        """
        down = self._down
        if not down.any() or not len(placements.node):
            return placements
        placed = placements.node != DROPPED
        node, start = placements.node[placed], placements.start[placed]
        first = np.full(len(down), NEVER)
        np.minimum.at(first, node, start)
        woken = down & np.isfinite(first)
        if not woken.any():
            return placements
        failures = np.array([self._failed(n) if woken[n] else 0 for n in range(len(down))])
        self.wakes[woken] = first[woken] - self.table.wake_seconds[woken]
        late = failures * self.table.wake_seconds
        self.rises[woken] = first[woken] + late[woken]
        totals.wakes[:] += woken
        totals.failed_wakes[:] += failures
        if not failures.any():
            return placements
        shift = np.where(placed, late[np.where(placed, placements.node, 0)], 0.0)
        return Placements(
            node=placements.node,
            level=placements.level,
            start=placements.start + shift,
            finish=placements.finish + shift,
            terms=placements.terms,
        )

    def _failed(self, node: int) -> int:
        """Draw how many wakes fail before one does not."""
        if self._failure_ratio == 0.0:
            return 0
        return int(self._random[node].geometric(1.0 - self._failure_ratio)) - 1

    def standing(self, start: Seconds, seconds: Seconds, work: FloatArray) -> Standing:
        """Return what the nodes take beside their tasks in a step, in which they are busy for `work` seconds (N,)."""
        self._work = work
        end, table = start + seconds, self.table
        entering = _within(self.enters, self.sleeps, start, end)
        asleep = _within(self.sleeps, self.wakes, start, end)
        waking = _within(self.wakes, self.rises, start, end)
        moving = _spread(table.enter_joules, table.enter_seconds, entering, self.enters, start, end)
        moving += _spread(table.wake_joules, table.wake_seconds, waking, self.wakes, start, end)
        awake = seconds - entering - asleep - waking
        idle = self._cluster.idle_watts * awake + np.where(table.able, table.watts, 0.0) * asleep
        return Standing(joules=idle + moving, moving=moving, asleep_seconds=asleep)


def _within(begins: FloatArray, ends: FloatArray, start: float, end: float) -> FloatArray:
    """Return the seconds (N,) of each interval that lie within a step; none of an interval that never begins."""
    within: FloatArray = np.maximum(0.0, np.minimum(ends, end) - np.maximum(np.minimum(begins, end), start))
    return within


def _spread(
    joules: FloatArray, lasts: FloatArray, within: FloatArray, begins: FloatArray, start: float, end: float
) -> FloatArray:
    """Return the joules (N,) of a transition in a step: even over its time, all at once where it takes none."""
    even = np.divide(joules, lasts, out=np.zeros_like(joules), where=lasts > 0.0) * within
    at_once = (lasts == 0.0) & (begins >= start) & (begins < end)
    return np.where(at_once, joules, even)
