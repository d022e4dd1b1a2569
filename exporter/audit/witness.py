"""The audit's own readings of the machine's counters, and those next to a sample of the exporter."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from exporter.power.component import EnergyCounter
from exporter.sources.disk import DiskSource
from exporter.sources.procfs import Procfs
from exporter.sources.rapl import RaplSource
from exporter.sources.reading import NotPresentError, ReadingUnavailableError

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

UNREADABLE = (OSError, ValueError, IndexError, NotPresentError, ReadingUnavailableError)
"""Errors of a reading that a machine does not allow, or has nothing for."""

BUSY = (1, 2, 3, 6, 7)
"""Fields of a line of `stat` that are busy time: user, nice, system, irq and softirq (proc_stat(5))."""

TRAFFIC = ("receive_bytes", "receive_packets", "transmit_bytes", "transmit_packets")
"""Counters of a network device, by direction and unit."""

TRAFFIC_FIELDS = (0, 1, 8, 9)
"""Their fields in a line of `net/dev` (proc_net(5))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """One reading, begun and ended by the wall clock. What cannot be read is missing.

    `busy` is in seconds of all CPUs together, `disk` in bytes by direction, and `traffic` by device and counter.
    """

    began: float
    ended: float
    busy: float | None = None
    cpus: int = 0
    traffic: Mapping[tuple[str, str], float] = field(default_factory=dict)
    disk: Mapping[str, float] = field(default_factory=dict)
    sensors: Mapping[str, EnergyCounter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """The last reading before a sample was read, and the first one after it."""

    before: Own
    after: Own


class Witness:
    """Reads the counters of a machine."""

    def __init__(self, procfs: Path, sysfs: Path, wall: Callable[[], float]) -> None:
        self._procfs = Procfs(procfs)
        self._disks = DiskSource(procfs, sysfs)
        self._rapl = RaplSource(sysfs)
        self._wall = wall

    def read(self) -> Own:
        """Read everything once."""
        began = self._wall()
        busy, cpus = None, 0
        traffic: Mapping[tuple[str, str], float] = {}
        disk: Mapping[str, float] = {}
        sensors: Mapping[str, EnergyCounter] = {}
        with suppress(*UNREADABLE):
            busy, cpus = self._cpu()
        with suppress(*UNREADABLE):
            traffic = self._traffic()
        with suppress(*UNREADABLE):
            moved = self._disks.read()
            disk = {"read": moved.read, "write": moved.written}
        with suppress(*UNREADABLE):
            sensors = self._rapl.read()
        return Own(began=began, ended=self._wall(), busy=busy, cpus=cpus, traffic=traffic, disk=disk, sensors=sensors)

    def memory_bytes(self) -> float | None:
        """Return the machine's memory, by which it can be told from others; None where that cannot be read."""
        with suppress(*UNREADABLE):
            for line in (self._procfs.root / "meminfo").read_text(encoding="ascii").splitlines():
                name, _, size = line.partition(":")
                if name == "MemTotal":
                    return float(size.split()[0]) * 1024.0
        return None

    def _cpu(self) -> tuple[float, int]:
        lines = (self._procfs.root / "stat").read_bytes().splitlines()
        fields = lines[0].split()
        return sum(int(fields[one]) for one in BUSY) / TICKS_PER_SECOND, sum(
            line.startswith(b"cpu") for line in lines[1:]
        )

    def _traffic(self) -> Mapping[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for line in os.fsdecode((self._procfs.net / "dev").read_bytes()).splitlines()[2:]:
            device, _, row = line.partition(":")
            fields = row.split()
            for name, place in zip(TRAFFIC, TRAFFIC_FIELDS, strict=True):
                found[device.strip(" "), name] = float(fields[place])
        return found
