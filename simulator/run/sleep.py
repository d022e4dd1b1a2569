"""The nodes' sleep in a run: who is awake, who is sent to sleep, and wakes that fail."""

from zlib import crc32

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, CountArray, FloatArray, IntArray
from simulator.run.kernels import MOST_STEPS, Sleep, wake
from simulator.scheduling.interface import Cluster
from simulator.scheduling.sleeping import Sleeping, SleepTable, SleepView, TimeoutSleeping
from simulator.streams import Stream, generator

NEVER = np.inf


class SleepState:
    """The sleep of N nodes. Each has one cycle at a time: entering, asleep, waking, and awake again.

    `arrays` is what the kernels know and change of it.
    """

    def __init__(
        self,
        cluster: Cluster,
        table: SleepTable,
        sleeping: TimeoutSleeping | Sleeping,
        *,
        failure_ratio: float,
        seed: int,
    ) -> None:
        """Draw failed wakes, with the probability `failure_ratio` each, from a stream for each of the nodes' names."""
        nodes = len(cluster.names)
        self.table = table
        self._cluster = cluster
        # Who is asked in every step; a timeout asks for no one.
        self.asked = None if isinstance(sleeping, TimeoutSleeping) else sleeping
        self._failure_ratio = failure_ratio
        self._random = [generator(seed, Stream.WAKE, crc32(name.encode())) for name in cluster.names]
        columns = (table.watts, table.enter_seconds, table.enter_joules, table.wake_seconds, table.wake_joules)
        self.arrays = Sleep(
            able=table.able,
            table=np.array([*columns, table.dwell_seconds], dtype=np.float64),
            timeout=sleeping.timeout(table).copy() if isinstance(sleeping, TimeoutSleeping) else np.full(nodes, NEVER),
            cycle=np.full((4, nodes), NEVER),
            work=np.zeros(nodes),
            failures=np.zeros((nodes, MOST_STEPS), np.int64),
            woken=np.full(nodes, MOST_STEPS),
            late=np.zeros(nodes),
        )
        self.foresee()

    def state_at(self, time: Seconds) -> IntArray:
        """Return 0 for awake, 1 for asleep or falling asleep, 2 for waking (N,) at a time."""
        enters, _, wakes, rises = self.arrays.cycle
        asleep = (enters <= time) & (time < wakes)
        waking = (wakes <= time) & (time < rises)
        return np.where(asleep, 1, np.where(waking, 2, 0)).astype(np.int32)

    def wake_seconds(self) -> FloatArray:
        """Return the seconds (N,) that each node would take to wake; 0 where it is awake or already waking."""
        return np.where(self.down(), self.table.wake_seconds, 0.0)

    def down(self) -> BoolArray:
        """Return the nodes (N,) that sleep or fall asleep, and have not been woken."""
        enters, _, wakes, _ = self.arrays.cycle
        found: BoolArray = np.isfinite(enters) & ~np.isfinite(wakes)
        return found

    def rouse(self, chosen: BoolArray, start: Seconds, free_at: FloatArray, of_node: CountArray) -> None:
        """Wake the `chosen` nodes (N,) of those that sleep at a time, or as soon as they may, without a task.

        `free_at` (N,) becomes the time at which they are awake. Totals are `of_node`, those of `Sums`.
        """
        arrays = self.arrays
        nodes = np.flatnonzero(chosen & self.down())
        awake = np.maximum(free_at[nodes], start) + self.table.wake_seconds[nodes]
        choice = np.array([nodes, np.zeros_like(nodes)], np.int32)
        wake(
            len(nodes),
            choice,
            np.array([awake, awake]),
            arrays.table,
            arrays.cycle,
            arrays.failures,
            arrays.woken,
            arrays.late,
            of_node,
        )
        free_at[nodes] = arrays.cycle[3, nodes]

    def foresee(self) -> None:
        """Draw wakes anew in place of those that have been used."""
        failures, woken = self.arrays.failures, self.arrays.woken
        for node in np.flatnonzero(woken):
            used = int(woken[node])
            failures[node] = [*failures[node, used:], *(self._failed(node) for _ in range(used))]
        woken[:] = 0

    def ask(self, start: Seconds, seconds: Seconds, free_at: FloatArray) -> None:
        """Let who is asked in every step send nodes to sleep at its start, and move `free_at` (N,), of their queues."""
        if self.asked is None:
            return
        enters, sleeps, wakes, _ = self.arrays.cycle
        may = self.table.able & ~np.isfinite(enters) & (free_at <= start)
        view = SleepView(
            start=start,
            seconds=seconds,
            may=may,
            awake=~np.isfinite(enters) | np.isfinite(wakes),
            idle_seconds=np.where(may, start - free_at, 0.0),
            work=self.arrays.work.copy(),
        )
        chosen = self.asked.to_sleep(self._cluster, self.table, view) & may
        enters[chosen] = start
        sleeps[chosen] = start + self.table.enter_seconds[chosen]
        free_at[chosen] = sleeps[chosen] + self.table.dwell_seconds[chosen]

    def _failed(self, node: np.intp) -> int:
        """Draw how many wakes fail before one does not."""
        if self._failure_ratio == 0.0:
            return 0
        return int(self._random[node].geometric(1.0 - self._failure_ratio)) - 1
