"""CPU time that groups had, from the times of all processes, and the busiest processes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from pathlib import Path

from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.cpu import TICKS_PER_SECOND
from exporter.sources.processes.grouping import OTHER, By, Grouping, GroupRule, label
from exporter.sources.processes.lives import Had, Lives, TickSpan
from exporter.sources.processes.siblings import Weights
from exporter.sources.processes.stat import Process, ProcessReader
from exporter.sources.processes.sums import Portion
from exporter.sources.processes.thread_weights import ThreadWeights
from exporter.sources.reading import ProcessUse

MOST_BUSIEST = 20
"""Processes that are told of at most. Judgement: a page shows no more."""

FIRST_PROCESS = 1
"""Id of the process that starts services, each in a cgroup of its own, and adopts orphans (init(1))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Time since the last look: its clock ticks, 0 at the first, its end on two clocks, and what the kernel told."""

    ticks: float
    awake: MonotonicSeconds
    elapsed: Seconds
    cpus: int = 1
    forks: int | None = None
    weights: Weights = field(default_factory=Weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """CPU time of groups in an interval, the most certain first, and the busiest processes."""

    steps: Sequence[Sequence[Portion]] = ()
    busiest: tuple[ProcessUse, ...] = ()


class ProcessWatch:
    """Watch on all processes, from one look to the next."""

    def __init__(self, procfs: Path, rule: GroupRule) -> None:
        self._reader = ProcessReader(procfs)
        self._grouping = Grouping(rule, procfs)
        self._inherits = rule.by is By.CGROUP
        self._processes: Mapping[int, Process] = {}
        self._lives: Lives | None = None
        self._threads = ThreadWeights(procfs)

    def look(self, interval: Interval) -> Seen:
        """Return what was had since the last look; nothing at the first. Raises OSError without a procfs."""
        processes = self._reader.read()
        # The group of one that ends before it has had any time could not be found afterwards.
        for pid in processes.keys() - self._processes.keys():
            self._group(processes[pid])
        self._processes = processes
        if self._lives is None:
            self._lives = Lives(processes)
            return Seen()
        until = interval.elapsed * TICKS_PER_SECOND
        most = interval.ticks * interval.cpus
        span = TickSpan(ticks=interval.ticks, until=until, forks=interval.forks, most=most)
        spent = self._lives.advance(processes, span)
        # The name of a process that nobody saw is not known, but it was its parent's cgroup that it began in.
        unseen = [had for had in spent.unseen if self._inherits and had[0].pid != FIRST_PROCESS]
        weights = interval.weights
        of_threads = self._threads.weigh(spent.own, weights, interval.ticks)
        steps = [self._portions(part, weights, of_threads) for part in (spent.own, spent.ended, unseen)]
        return Seen(steps=steps, busiest=self._busiest(spent.own, interval.ticks))

    def _portions(self, had: Iterable[Had], weights: Weights, of_threads: Mapping[int, float]) -> Sequence[Portion]:
        return [
            Portion(self._group(one), ticks, of_threads.get(one.pid) or weights.of(one.cpu, one.threads))
            for one, ticks in had
        ]

    def _busiest(self, had: Iterable[Had], ticks: float) -> tuple[ProcessUse, ...]:
        if ticks <= 0.0:
            return ()
        most = nlargest(MOST_BUSIEST, had, key=lambda one: one[1])
        return tuple(
            ProcessUse(pid=one.pid, name=label(one.name), group=self._group(one), cpus=used / ticks)
            for one, used in most
        )

    def group_of(self, pid: int) -> str:
        """Return the group of a process by its id alone, as the last look saw it; `OTHER` where none did."""
        process = self._processes.get(pid)
        return OTHER if process is None else self._group(process)

    def _group(self, process: Process) -> str:
        return self._grouping.group_of(process.pid, process.started, process.name)
