"""Processes that keep a CPU busy, from two readings of a procfs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import Seconds
from exporter.sources.cpu import TICKS_PER_SECOND
from exporter.sources.reading import BUSY

Process = tuple[int, int]
"""Process id and start time: ids are given again to other processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessTime:
    """CPU time that a process has had, and its name."""

    name: str
    used: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyProcess:
    """A process that was busy, and how many CPUs it had on average."""

    pid: int
    name: str
    cpus: float


def process_times(procfs: Path) -> Mapping[Process, ProcessTime]:
    """Return the CPU time of every process; those that end meanwhile are left out. Raises OSError without a procfs."""
    found = {}
    for folder in procfs.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            text = (folder / "stat").read_bytes()
            name, _, rest = text.partition(b"(")[2].rpartition(b")")
            fields = rest.split()
            # Fields 14, 15 and 22 of proc_pid_stat(5); the name before them may hold blanks and brackets.
            used, started = int(fields[11]) + int(fields[12]), int(fields[19])
        except (OSError, ValueError, IndexError):
            continue
        time = ProcessTime(name=name.decode("utf-8", "replace"), used=Seconds(used / TICKS_PER_SECOND))
        found[(int(folder.name), started)] = time
    return found


def busy_processes(
    before: Mapping[Process, ProcessTime], after: Mapping[Process, ProcessTime], elapsed: Seconds
) -> tuple[BusyProcess, ...]:
    """Return the processes that had more than `BUSY` of a CPU over the time between two readings, busiest first."""
    if elapsed <= 0.0:
        return ()
    shares = {one: (time.used - before[one].used) / elapsed for one, time in after.items() if one in before}
    return tuple(
        BusyProcess(pid=one[0], name=after[one].name, cpus=share)
        for one, share in sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        if share > BUSY
    )
