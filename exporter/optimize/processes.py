"""Processes that keep a CPU busy, from two readings of a procfs."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.units import Seconds
from exporter.sources.cpu import TICKS_PER_SECOND
from exporter.sources.processes.stat import Process
from exporter.sources.reading import BUSY


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyProcess:
    """A process that was busy, and how many CPUs it had on average."""

    pid: int
    name: str
    cpus: float


def busy_processes(
    before: Mapping[int, Process], after: Mapping[int, Process], elapsed: Seconds
) -> tuple[BusyProcess, ...]:
    """Return the processes that had more than `BUSY` of a CPU over the time between two readings, busiest first."""
    if elapsed <= 0.0:
        return ()
    ticks = elapsed * TICKS_PER_SECOND
    stayed = ((one, was) for one in after.values() if one.is_same(was := before.get(one.pid)) and was is not None)
    shares = {one: (one.used - was.used) / ticks for one, was in stayed}
    return tuple(
        BusyProcess(pid=one.pid, name=one.name, cpus=share)
        for one, share in sorted(shares.items(), key=lambda item: (-item[1], item[0].pid))
        if share > BUSY
    )
