"""CPU time by group since a source was opened, which sums to the busy time of all CPUs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter.core.units import Seconds
from exporter.sources.cpu import TICKS_PER_SECOND
from exporter.sources.processes.grouping import OTHER

MOST_GROUPS = 1000
"""Groups that are counted at most; those whose last time lies furthest back give way. Judgement: a busy machine has
fewer at once, and containers that come and go for months must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Clock ticks that a group has had, and what each of them counts for, less than 1 beside a busy sibling."""

    group: str
    ticks: float
    weight: float = 1.0


class GroupSums:
    """Sums by group, none of which ever falls."""

    def __init__(self) -> None:
        self._cpu: dict[str, float] = {}
        self._weighted: dict[str, float] = {}
        self._gpu: dict[str, float] = {}

    def add(self, steps: Sequence[Iterable[Portion]], busy: float, mean_weight: float) -> None:
        """Add what groups had while CPUs were busy for so many clock ticks; what none of them had is that of `OTHER`.

        The kernel counts the time of processes to the nanosecond, and that of CPUs by what runs at each tick, so that
        processes may have had more. Each step has what those before it have left, and is cut down to that.
        """
        cpu: dict[str, float] = defaultdict(float)
        weighted: dict[str, float] = defaultdict(float)
        left = max(0.0, busy)
        for step in steps:
            portions = tuple(step)
            total = sum(one.ticks for one in portions)
            factor = min(1.0, left / total) if total > 0.0 else 0.0
            for one in portions:
                cpu[one.group] += one.ticks * factor
                weighted[one.group] += one.ticks * factor * one.weight
            left = max(0.0, left - total * factor)
        cpu[OTHER] += left
        weighted[OTHER] += left * mean_weight
        # What has no room at once would be lost, and the others would pay for it.
        for group in sorted(cpu.keys() - {OTHER}, key=lambda one: (-cpu[one], one))[MOST_GROUPS - 1 :]:
            cpu[OTHER] += cpu.pop(group)
            weighted[OTHER] += weighted.pop(group)
        _add(self._cpu, cpu)
        _add(self._weighted, weighted)

    def add_cards(self, times: Iterable[tuple[str, Seconds]]) -> None:
        """Add the time that groups kept graphics cards busy."""
        gpu: dict[str, float] = defaultdict(float)
        for group, time in times:
            gpu[group] += time
        _add(self._gpu, gpu)

    def cpu(self) -> Mapping[str, Seconds]:
        """Return the CPU time by group."""
        return _seconds(self._cpu)

    def weighted(self) -> Mapping[str, Seconds]:
        """Return the CPU time by group, of which that beside a busy sibling counts less."""
        return _seconds(self._weighted)

    def gpu(self) -> Mapping[str, Seconds]:
        """Return the time on graphics cards by group."""
        return {group: Seconds(time) for group, time in self._gpu.items()}


def _add(sums: dict[str, float], more: Mapping[str, float]) -> None:
    """Add to sums. Whoever had time is the last then, so that those whose last time lies furthest back give way."""
    for group, one in more.items():
        sums[group] = sums.pop(group, 0.0) + one
    for group in list(sums)[: max(0, len(sums) - MOST_GROUPS)]:
        del sums[group]


def _seconds(ticks: Mapping[str, float]) -> Mapping[str, Seconds]:
    return {group: Seconds(one / TICKS_PER_SECOND) for group, one in ticks.items()}
