"""Weights of a second of CPU time of processes with several threads, by the CPUs that these ran on.

`/proc/PID/stat` tells the CPU of a process's first thread alone. The threads of those that were busy are looked at, as
far as that stays cheap: what keeps two threads of one core busy counts less than what has cores of its own.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from exporter.sources.processes.lives import Had
from exporter.sources.processes.siblings import Weights
from exporter.sources.processes.stat import Process, parse_stat
from exporter.sources.sysfs import content

LEAST_BUSY = 0.1
"""Share of a CPU from which on a process's threads are looked at. Judgement: the weights of two are apart by less than
half, so that what is less busy is off by a twentieth of a CPU at most."""

MOST_THREADS = 256
"""Threads that are looked at in one reading. Judgement: some 5 ms, and all that a machine of 128 cores runs at once."""


class ThreadWeights:
    """Weights of the busiest processes that have several threads."""

    def __init__(self, procfs: Path) -> None:
        self._procfs = procfs
        self._before: Mapping[int, Mapping[int, int]] = {}

    def weigh(self, had: Iterable[Had], weights: Weights, ticks: float) -> Mapping[int, float]:
        """Return the weight of a second by process, of those whose threads could be looked at, the busiest first."""
        if not weights.by_cpu:
            return {}
        busy = sorted(
            ((used, one.pid, one) for one, used in had if one.threads > 1 and used >= LEAST_BUSY * ticks), reverse=True
        )
        found: dict[int, float] = {}
        seen: dict[int, Mapping[int, int]] = {}
        left = MOST_THREADS
        for _, pid, process in busy:
            if process.threads > left:
                continue
            threads = self._threads(pid)
            left -= len(threads)
            before = self._before.get(pid, {})
            used = {tid: max(0, one.used - before.get(tid, 0)) for tid, one in threads.items()}
            if total := sum(used.values()):
                found[pid] = sum(ticks * weights.of(threads[tid].cpu, 1) for tid, ticks in used.items()) / total
            seen[pid] = {tid: one.used for tid, one in threads.items()}
        self._before = seen
        return found

    def _threads(self, pid: int) -> Mapping[int, Process]:
        """Return the threads of a process by id, without those that have ended under the look."""
        folder = f"{self._procfs}/{pid}/task"
        found: dict[int, Process] = {}
        with suppress(OSError):
            for name in os.listdir(folder):  # noqa: PTH208 - hundreds of names
                with suppress(OSError):
                    thread = parse_stat(content(f"{folder}/{name}/stat"))
                    if thread is not None:
                        found[thread.pid] = thread
        return found
