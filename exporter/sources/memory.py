"""Physical memory, from `meminfo` of a procfs."""

from pathlib import Path

import psutil

from exporter.sources.procfs import psutil_reading
from exporter.sources.reading import Memory


def memory(procfs: Path) -> Memory:
    """Return how much memory there is, and how much of it programs could not get. Raises OSError."""
    with psutil_reading(procfs):
        found = psutil.virtual_memory()
    # The definition that the kernel's MemAvailable gives.
    return Memory(used=found.total - found.available, total=found.total)
