"""CPU time by group of processes since the source was opened."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from exporter.core.clock import Clock
from exporter.core.logs import Seldom
from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.cpu import TICKS_PER_SECOND, BusyTicks, busy_ticks
from exporter.sources.processes.cgroup_tree import find_tree
from exporter.sources.processes.cgroup_watch import CgroupWatch
from exporter.sources.processes.grouping import UNATTRIBUTED, By, GroupRule
from exporter.sources.processes.pace import Pace
from exporter.sources.processes.siblings import Siblings
from exporter.sources.processes.sums import GroupSums
from exporter.sources.processes.watch import Interval, ProcessWatch, Seen
from exporter.sources.reading import GroupTimes

LOG = logging.getLogger(__name__)


class Watch(Protocol):
    """Watch on those who use the CPUs."""

    def look(self, interval: Interval) -> Seen:
        """Return what groups had since the last look."""

    def group_of(self, pid: int, /) -> str:
        """Return the group of a process that the last look saw."""


Cards = Callable[[], Mapping[int | None, Seconds]]
"""Reading of the time on graphics cards since the last one, by process; that of no process stands under None."""


class ProcessesSource:
    """CPU time by group, read no oftener than its own cost allows.

    By cgroup it is that of the counters of version 2 where there are any, and else that of processes.
    """

    def __init__(
        self,
        procfs: Path,
        sysfs: Path,
        rule: GroupRule,
        clock: Clock,
        cards: Cards = dict,
        cpu_time: Callable[[], float] = time.thread_time,
    ) -> None:
        """Put readings off by what they cost: `cpu_time` tells the seconds that this thread has had."""
        self._cards = cards
        self._procfs = procfs
        self._clock = clock
        self._cpu_time = cpu_time
        self._siblings = Siblings(sysfs)
        tree = find_tree(sysfs) if rule.by is By.CGROUP else None
        self._watch: Watch = ProcessWatch(procfs, rule) if tree is None else CgroupWatch(tree, procfs, rule, cpu_time)
        self._pace = Pace()
        self._sums = GroupSums()
        self._lines = Seldom()
        self._last: tuple[MonotonicSeconds, BusyTicks, GroupTimes] | None = None

    def read(self) -> GroupTimes:
        """Return the times of now, or the same object as before where it is not yet time for a reading.

        Raises OSError without a procfs, and ValueError, IndexError or ReadingUnavailableError where `stat` is none.
        """
        now = self._clock.awake()
        is_due = self._pace.is_due(now)
        if self._last is not None and not (is_due and now > self._last[0]):
            return self._last[2]
        began = self._cpu_time()
        times = self._read(now)
        self._pace.took(Seconds(self._cpu_time() - began), now)
        self._say(now)
        return times

    def _read(self, now: MonotonicSeconds) -> GroupTimes:
        busy = busy_ticks(self._procfs)
        at, before, _ = self._last or (now, busy, None)
        ticks = (now - at) * TICKS_PER_SECOND
        weights = self._siblings.weights(before, busy, ticks)
        seen = self._watch.look(
            Interval(
                ticks=ticks,
                awake=now,
                elapsed=self._clock.elapsed(),
                cpus=len(busy.by_cpu),
                forks=None if busy.forks is None or before.forks is None else busy.forks - before.forks,
                weights=weights,
            )
        )
        self._sums.add(seen.steps, busy.total - before.total, weights.mean)
        self._sums.add_cards(
            (UNATTRIBUTED if pid is None else self._watch.group_of(pid), time) for pid, time in self._cards().items()
        )
        times = GroupTimes(
            cpu=self._sums.cpu(),
            weighted=self._sums.weighted(),
            gpu=self._sums.gpu(),
            interval=Seconds(now - at) if self._last else None,
            busiest=seen.busiest,
        )
        self._last = now, busy, times
        return times

    def _say(self, now: MonotonicSeconds) -> None:
        """Log where readings are put off, and where they no longer are."""
        is_put_off = self._pace.is_put_off
        if not self._lines.changes(now, "put off" if is_put_off else ""):
            return
        if is_put_off:
            LOG.info("processes are read every %.0f s, to take little CPU time", self._pace.wait)
        else:
            LOG.info("processes are read at each sample again")
