"""Logical CPUs that share a core (simultaneous multithreading), and what a second beside a busy sibling counts for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from exporter.sources.cpu import BusyTicks
from exporter.sources.sysfs import text

POWER_OF_BOTH = 1.15
"""Power of a core on which both threads run, as a multiple of that with one: about 15% more (METRION: Weigell, Hornung
and Bauer, arXiv 2512.06806, 2025). That each is told apart from a thread that runs alone is the rule of HaPPy (Zhai,
Zhang, Eranian, Tang and Mars, USENIX ATC 2014)."""

BESIDE_ANOTHER = POWER_OF_BOTH / 2
"""Weight of a second of CPU time beside a busy sibling: half of what both draw. A second alone on a core counts 1."""

MOST_CPUS = 8192
"""Logical CPUs of a machine at most (Linux, arch/x86/Kconfig: `NR_CPUS_RANGE_END`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weight of a second of CPU time by the CPU that it was spent on, and the mean over all that was spent."""

    by_cpu: Mapping[int, float] = field(default_factory=dict)
    mean: float = 1.0

    def of(self, cpu: int, threads: int) -> float:
        """Return the weight for a process by its first thread's last CPU; with more threads it may be on any."""
        return self.by_cpu.get(cpu, self.mean) if threads == 1 else self.mean


class Siblings:
    """The siblings of each CPU, found anew only when other CPUs are online."""

    def __init__(self, sysfs: Path) -> None:
        self._cpus = sysfs / "devices/system/cpu"
        self._online: tuple[int, ...] = ()
        self._siblings: Mapping[int, frozenset[int]] = {}

    def weights(self, before: BusyTicks, now: BusyTicks, ticks: float) -> Weights:
        """Return the weights of the clock ticks between two readings; all are 1 where no core runs two threads.

        How long two siblings were busy together is not told. They are taken to be so by chance, each for its share of
        the time.
        """
        online = tuple(now.by_cpu)
        if online != self._online:
            self._online, self._siblings = online, self._find(online)
        if not self._siblings or ticks <= 0.0:
            return Weights()
        busy = {cpu: max(0, used - before.by_cpu.get(cpu, used)) for cpu, used in now.by_cpu.items()}
        idle = {cpu: 1.0 - min(1.0, used / ticks) for cpu, used in busy.items()}
        by_cpu = {
            cpu: 1.0 - (1.0 - BESIDE_ANOTHER) * (1.0 - prod(idle.get(one, 1.0) for one in self._siblings.get(cpu, ())))
            for cpu in online
        }
        total = sum(busy.values())
        mean = sum(weight * busy[cpu] for cpu, weight in by_cpu.items()) / total if total else 1.0
        return Weights(by_cpu=by_cpu, mean=mean)

    def _find(self, online: tuple[int, ...]) -> Mapping[int, frozenset[int]]:
        """Return the siblings of each CPU that has any."""
        found = {}
        for cpu in online:
            try:
                core = _numbers(text(self._cpus / f"cpu{cpu}/topology/thread_siblings_list"))
            except (OSError, ValueError):
                continue
            if others := core - {cpu}:
                found[cpu] = others
        return found


def _numbers(ranges: str) -> frozenset[int]:
    """Return the numbers of a list such as `0,4` or `0-1`. Raises ValueError for another text."""
    found: set[int] = set()
    for one in ranges.split(","):
        first, _, last = one.partition("-")
        begin, end = int(first), int(last or first)
        if not 0 <= begin <= end < MOST_CPUS:
            raise ValueError("no list of CPUs")
        found |= set(range(begin, end + 1))
    return frozenset(found)
