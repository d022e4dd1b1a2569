"""CPU times and the number of CPUs, from `stat` of a procfs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import Seconds
from exporter.sources.reading import CpuTimes, require_counts

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_times(procfs: Path) -> CpuTimes:
    """Return the CPU times since the machine started, and the number of CPUs online now.

    The fields are those of proc_stat(5); guest time is in user and nice already. Raises OSError where there is no such
    file, and ValueError, IndexError or ReadingUnavailableError where it says something else.
    """
    stat = (procfs / "stat").read_bytes()
    user, nice, system, idle, iowait, irq, softirq = (int(field) for field in stat.split(maxsplit=8)[1:8])
    require_counts(procfs / "stat", user, nice, system, idle, iowait, irq, softirq)
    cpus = _cpus_online(stat)
    if not cpus:
        raise ValueError("no CPU is online")
    return CpuTimes(
        busy=_seconds(user + nice + system + irq + softirq), idle=_seconds(idle), iowait=_seconds(iowait), cpus=cpus
    )


def logical_cpus(procfs: Path) -> int:
    """Return the number of logical CPUs online, whatever share of them this process may use. Raises OSError."""
    return _cpus_online((procfs / "stat").read_bytes()) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyTicks:
    """Clock ticks for which all CPUs, and each that is online, were busy, as `CpuTimes.busy`; and how often was forked.

    `forks` counts threads as well, and is None where the kernel does not tell.
    """

    total: int
    by_cpu: Mapping[int, int]
    forks: int | None


def busy_ticks(procfs: Path) -> BusyTicks:
    """Return for how long CPUs were busy since the machine started. Raises as `cpu_times` does."""
    stat = (procfs / "stat").read_bytes()
    total, *singles = stat[: stat.index(b"\nintr")].splitlines() if b"\nintr" in stat else stat.splitlines()
    by_cpu = {int(one[3 : one.index(b" ")]): _busy(one) for one in singles if one.startswith(b"cpu")}
    busy = _busy(total)
    require_counts(procfs / "stat", busy, *by_cpu.values())
    forks = stat.partition(b"\nprocesses ")[2].split(maxsplit=1)
    return BusyTicks(total=busy, by_cpu=by_cpu, forks=int(forks[0]) if forks else None)


def _busy(line: bytes) -> int:
    user, nice, system, _, _, irq, softirq = (int(field) for field in line.split(maxsplit=8)[1:8])
    return user + nice + system + irq + softirq


def _cpus_online(stat: bytes) -> int:
    """Count the lines of single CPUs; that of their sum is the file's first."""
    return stat.count(b"\ncpu")


def _seconds(ticks: int) -> Seconds:
    return Seconds(ticks / TICKS_PER_SECOND)
