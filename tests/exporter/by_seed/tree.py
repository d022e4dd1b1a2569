"""Files of a machine below a folder, as Linux shows them, which the shipped readers take apart."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from exporter.power.component import EnergyCounter
from exporter.sources.collector import Settings, Source
from exporter.sources.procfs import Procfs
from exporter.sources.reading import CpuTimes, DiskBytes, Memory, NetworkCounters
from tests.exporter.by_seed.laws import Law, need
from tests.exporter.by_seed.plan import Kind

READ = ("cpu", "memory", "disk", "network", "rapl")
"""Sources whose files are written."""

SECTOR = 512
"""Bytes of a sector, in which `diskstats` counts (Documentation/admin-guide/iostats.rst)."""

MEGABITS = 1000
"""Speed that each card states."""

REST = "Buffers: 0 kB\nCached: 0 kB\nActive: 0 kB\nInactive: 0 kB\nShmem: 0 kB\n"
"""Lines without which psutil warns."""

GARBAGE = "first\nsecond\nnot a figure\n"


class Tree:
    """Folders `proc` and `sys` of a machine."""

    def __init__(self, folder: Path) -> None:
        self._proc, self._sys = folder / "proc", folder / "sys"
        self._zone = self._sys / "class/powercap/intel-rapl:0"
        self._files = {
            "cpu": self._proc / "stat",
            "memory": self._proc / "meminfo",
            "disk": self._proc / "diskstats",
            "network": self._proc / "1/net/dev",
            "rapl": self._zone / "energy_uj",
        }
        self._proc.joinpath("1/net").mkdir(parents=True, exist_ok=True)
        self._sys.joinpath("block/sda/device").mkdir(parents=True, exist_ok=True)

    def reader(self, row: Source, settings: Settings) -> Callable[[], object]:
        """Return what the exporter reads this source with, pointed at the files."""
        return row.open(replace(settings, procfs=Procfs(self._proc), sysfs=self._sys))

    def told(self, name: str, value: object, read: Callable[[], object]) -> object:
        """Write a value, and return what is read of it, which must be the same."""
        self._write(name, value)
        found = read()
        need(_is_close(found, value), Law.PARSED, f"{found} for {value}")
        return found

    @staticmethod
    def can(name: str, kind: Kind) -> bool:
        """Tell whether a file can have a fault: who is root is denied nothing, and psutil has another for disks."""
        if kind is Kind.ABSENT:
            return name == "rapl"
        return kind in (Kind.FAIL, Kind.GARBAGE) or (kind is Kind.GONE and name != "disk")

    def fail(self, name: str, kind: Kind, read: Callable[[], object]) -> NoReturn:
        """Do to a file what a fault does, and read it, which must fail."""
        path = self._files[name]
        self._remove(name)
        if name == "rapl" and kind is not Kind.ABSENT:
            self._make_zone()
        if kind is Kind.FAIL:
            path.mkdir()
        elif kind is Kind.GARBAGE:
            path.write_text(GARBAGE)
        found = read()
        need(False, Law.PARSED, f"{found} where {kind}")
        raise AssertionError

    def _remove(self, name: str) -> None:
        path = self._files[name]
        if name == "rapl":
            shutil.rmtree(self._zone, ignore_errors=True)
        elif path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)

    def _make_zone(self) -> None:
        if not (self._zone / "name").exists():
            self._zone.mkdir(parents=True, exist_ok=True)
            (self._zone / "name").write_text("package-0\n")

    def _write(self, name: str, value: object) -> None:
        if self._files[name].is_dir():
            self._files[name].rmdir()
        self._files[name].parent.mkdir(parents=True, exist_ok=True)
        self._files[name].write_text(self._text(value))

    def _text(self, value: object) -> str:
        if isinstance(value, CpuTimes):
            busy, idle, waiting = (round(100.0 * one) for one in (value.busy, value.idle, value.iowait))
            lines = [f"cpu  {busy} 0 0 {idle} {waiting} 0 0 0 0 0", *(f"cpu{one} 0 0 0" for one in range(value.cpus))]
            return "\n".join([*lines, "intr 0", ""])
        if isinstance(value, Memory):
            total, free = value.total // 1024, (value.total - value.used) // 1024
            return f"MemTotal: {total} kB\nMemFree: {free} kB\nMemAvailable: {free} kB\n{REST}"
        if isinstance(value, DiskBytes):
            return f"8 0 sda 1 0 {value.read // SECTOR} 1 1 0 {value.written // SECTOR} 1 0 1 1\n"
        if isinstance(value, NetworkCounters):
            return self._devices(value)
        assert isinstance(value, dict)
        counter: EnergyCounter = value["package-0"]
        self._make_zone()
        (self._zone / "max_energy_range_uj").write_text(f"{round(1e6 * (counter.wraps_at or 0.0))}\n")
        return f"{int(1e6 * counter.energy)}\n"

    def _devices(self, value: NetworkCounters) -> str:
        for name in value.devices:
            folder = self._sys / "class/net" / name
            if not folder.exists():
                (folder / "device").mkdir(parents=True)
                (folder / "speed").write_text(f"{MEGABITS}\n")
        rows = [
            f"{name}: {one.received_bytes} {one.received_packets} 0 0 0 0 0 0 {one.sent_bytes} {one.sent_packets} 0 0"
            for name, one in value.devices.items()
        ]
        return "\n".join(["Inter-|   Receive", " face |bytes", *rows, ""])


def _is_close(found: object, value: object) -> bool:
    """Tell whether a value is the one that was written, but for what its file rounds."""
    if isinstance(found, CpuTimes) and isinstance(value, CpuTimes):
        return abs(found.busy - value.busy) < 0.01 and abs(found.idle - value.idle) < 0.01 and found.cpus == value.cpus
    if isinstance(found, DiskBytes) and isinstance(value, DiskBytes):
        return 0 <= value.read - found.read < SECTOR and 0 <= value.written - found.written < SECTOR
    if isinstance(found, dict) and isinstance(value, dict):
        one, other = found["package-0"], value["package-0"]
        limits = (one.wraps_at, other.wraps_at)
        return found.keys() == value.keys() and abs(one.energy - other.energy) < 2e-6 and limits[0] == limits[1]
    return found == value
