"""A folder for the disks of a run. What a disk does when the power fails is played, so a real one is not worn."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
"""Folder of Linux whose files are in memory, where `fsync` costs nothing."""


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Make a folder in memory, or on a disk where there is none, and remove it."""
    parent = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)
