"""Bytes of physical disks, from `diskstats` of a procfs."""

from pathlib import Path

import psutil

from exporter.sources.procfs import psutil_reading
from exporter.sources.reading import DiskBytes, NotPresentError, require_counts


class DiskSource:
    """Reads the disks that have hardware behind them; which they are is looked up anew when a name comes or goes."""

    def __init__(self, procfs: Path, sysfs: Path) -> None:
        self._procfs = procfs
        self._blocks = sysfs / "block"
        self._names: frozenset[str] = frozenset()
        self._physical: frozenset[str] = frozenset()

    def read(self) -> DiskBytes:
        """Return the bytes read and written since the machine started.

        Raises NotPresentError without a disk, and ReadingUnavailableError.
        """
        with psutil_reading(self._procfs):
            counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
        if counters.keys() != self._names or not self._physical:
            self._names = frozenset(counters)
            self._physical = frozenset(name for name in counters if self._is_physical(name))
        if not self._physical:
            raise NotPresentError
        disks = [counters[name] for name in self._physical]
        read, written = ([getattr(disk, field) for disk in disks] for field in ("read_bytes", "write_bytes"))
        require_counts(self._procfs / "diskstats", *read, *written)
        return DiskBytes(read=sum(read), written=sum(written))

    def _is_physical(self, name: str) -> bool:
        """Tell whether there is hardware behind a block device; a slash in its name is an exclamation mark in sysfs."""
        return (self._blocks / name.replace("/", "!") / "device").exists()
