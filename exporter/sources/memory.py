"""Physical memory, from `meminfo` of a procfs."""

from pathlib import Path

import psutil

from exporter.sources.procfs import psutil_reading
from exporter.sources.reading import Memory, NotPresentError, require_counts


def memory(procfs: Path) -> Memory:
    """Return how much memory there is, and how much of it programs could not get.

    Raises OSError, NotPresentError where the file says nothing, as where a container masks it, and
    ReadingUnavailableError.
    """
    file = procfs / "meminfo"
    with file.open("rb") as opened:
        if not opened.read(1):
            raise NotPresentError
    with psutil_reading(procfs):
        found = psutil.virtual_memory()
    # The definition that the kernel's MemAvailable gives.
    used = found.total - found.available
    require_counts(file, found.total, used)
    return Memory(used=used, total=found.total)
