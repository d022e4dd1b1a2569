"""Bytes of physical disks, from `diskstats` of a procfs."""

from pathlib import Path

import psutil

from exporter.sources.procfs import psutil_reading
from exporter.sources.reading import DiskBytes, NotPresentError


def disk_bytes(procfs: Path, sysfs: Path) -> DiskBytes:
    """Return the bytes read and written since the machine started. Raises NotPresentError without a disk."""
    with psutil_reading(procfs):
        counters = psutil.disk_io_counters(perdisk=True, nowrap=False)
    disks = [disk for name, disk in counters.items() if _is_physical(name, sysfs)]
    if not disks:
        raise NotPresentError
    return DiskBytes(read=sum(disk.read_bytes for disk in disks), written=sum(disk.write_bytes for disk in disks))


def _is_physical(name: str, sysfs: Path) -> bool:
    """Tell whether there is hardware behind a block device; a slash in its name is an exclamation mark in sysfs."""
    return (sysfs / "block" / name.replace("/", "!") / "device").exists()
