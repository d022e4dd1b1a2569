"""CPU time that groups had, from the counters of cgroups, which hold the time of what has ended as well."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from exporter.core.units import MonotonicSeconds, Ratio, Seconds
from exporter.sources.cpu import TICKS_PER_SECOND
from exporter.sources.processes.cgroup_tree import Had, TreeLives, read_tree
from exporter.sources.processes.grouping import Grouping, GroupRule
from exporter.sources.processes.pace import MOST_OF_A_CPU, Pace
from exporter.sources.processes.siblings import Weights
from exporter.sources.processes.sums import Portion
from exporter.sources.processes.watch import Interval, ProcessWatch, Seen
from exporter.sources.reading import ProcessUse

TICKS_PER_MICROSECOND = TICKS_PER_SECOND / 1e6
"""Clock ticks in a microsecond."""

MOST_FOR_PROCESSES = Ratio(MOST_OF_A_CPU / 2)
"""Share of one CPU that looks at single processes take at most, where cgroups tell the time. Judgement: half."""


class CgroupWatch:
    """Watch on all cgroups, from one look to the next.

    Counters of cgroups tell neither on which CPUs a group ran nor which of its processes was busy: processes are looked
    at as well, but more seldom, since that takes the longest.
    """

    def __init__(self, root: Path, procfs: Path, rule: GroupRule, cpu_time: Callable[[], float]) -> None:
        self._root = root
        self._grouping = Grouping(rule, procfs)
        self._groups: Mapping[str, str] = {}
        self._lives: TreeLives | None = None
        self._watch = ProcessWatch(procfs, rule)
        self._processes = _SeldomProcesses(self._watch, cpu_time)

    def look(self, interval: Interval) -> Seen:
        """Return what was had since the last look; nothing at the first. Raises OSError without tree or procfs."""
        cgroups = read_tree(self._root)
        self._processes.look(interval)
        known = self._groups
        self._groups = {path: known.get(path) or self._grouping.group_of_cgroup((path,), "") for path in cgroups}
        if self._lives is None:
            self._lives = TreeLives(cgroups)
            return Seen()
        microseconds = interval.ticks / TICKS_PER_MICROSECOND
        own, ended = self._lives.advance(cgroups, microseconds, interval.cpus)
        groups = {**known, **self._groups}
        steps = [self._portions(had, groups, interval.weights) for had in (own, ended)]
        return Seen(steps=steps, busiest=self._processes.busiest)

    def group_of(self, pid: int) -> str:
        """Return the group of a process by its id alone, as the last look at processes saw it."""
        return self._watch.group_of(pid)

    def _portions(self, had: Iterable[Had], groups: Mapping[str, str], weights: Weights) -> Sequence[Portion]:
        return [
            Portion(group, used * TICKS_PER_MICROSECOND, self._processes.weight(group, weights))
            for group, used in ((groups[path], used) for path, used in had)
        ]


class _SeldomProcesses:
    """The last look at processes: the busiest of them, and what a second of each group counted for."""

    def __init__(self, watch: ProcessWatch, cpu_time: Callable[[], float]) -> None:
        self._watch = watch
        self._cpu_time = cpu_time
        self._pace = Pace(MOST_FOR_PROCESSES)
        self._at: MonotonicSeconds | None = None
        self._weights: Mapping[str, float] = {}
        self.busiest: tuple[ProcessUse, ...] = ()

    def look(self, interval: Interval) -> None:
        """Look at processes, unless the last look was too dear for that. Raises OSError without a procfs."""
        now = interval.awake
        if not self._pace.is_due(now):
            return
        began = self._cpu_time()
        ticks_since = 0.0 if self._at is None else (now - self._at) * TICKS_PER_SECOND
        seen = self._watch.look(replace(interval, ticks=ticks_since, forks=None))
        self._at = now
        self.busiest = seen.busiest
        ticks: dict[str, float] = defaultdict(float)
        weighted: dict[str, float] = defaultdict(float)
        for one in (portion for step in seen.steps for portion in step):
            ticks[one.group] += one.ticks
            weighted[one.group] += one.ticks * one.weight
        self._weights = {group: weighted[group] / had for group, had in ticks.items() if had > 0.0}
        self._pace.took(Seconds(self._cpu_time() - began), now)

    def weight(self, group: str, weights: Weights) -> float:
        """Return the weight of a second of a group; the mean of all where no process of it was seen."""
        return self._weights.get(group, weights.mean) if weights.by_cpu else 1.0
