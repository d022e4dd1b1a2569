"""Folders of sysfs: what stands in them, found anew only when that changes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from exporter.sources.reading import ReadingUnavailableError

FoundT = TypeVar("FoundT")


class Cached(Generic[FoundT]):
    """Findings of a function in a folder of devices, kept while the same devices are there.

    A device's own facts do not change, and looking for them costs more than reading its figures.
    """

    def __init__(self, folder: Path, find: Callable[[Path], FoundT]) -> None:
        self._folder = folder
        self._find = find
        self._entries: list[tuple[str, str]] | None = None
        self._found: FoundT | None = None

    def current(self) -> FoundT:
        """Return what there is now. Raises what `find` raises."""
        entries = _entries(self._folder)
        if self._found is None or entries != self._entries:
            self._found = self._find(self._folder)
            self._entries = entries
        return self._found


def _entries(folder: Path) -> list[tuple[str, str]]:
    """Return each name, and where it leads: numbers are given again to other devices."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - half the cost of pathlib, at each sample
    except FileNotFoundError:
        return []
    return [(name, _target(f"{folder}/{name}")) for name in names]


def _target(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - the same
    except OSError:
        return ""


def figure(path: str | Path) -> int:
    """Return the number in a file, which is not below zero. Raises OSError or ReadingUnavailableError."""
    text = content(path)
    if not text.isdigit() or len(text) > MOST_DIGITS:
        raise ReadingUnavailableError(f"{path} is not a figure")
    return int(text)


def text(path: str | Path) -> str:
    """Return a file's text without space around it; what is not ASCII is replaced. Raises OSError."""
    return content(path).decode("ascii", "replace")


def opened(path: Path) -> BinaryIO:
    """Open a file to be read, without waiting for whoever writes to a pipe. Raises OSError."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


def content(path: str | Path) -> bytes:
    """Return a file's content without space around it, by one system call where it is short. Raises OSError.

    Never blocks: what stands in a mounted folder may be a pipe that nobody writes to.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, LONGEST).strip()
    finally:
        os.close(descriptor)


MOST_DIGITS = 20
"""Digits of the largest number of 64 bits, which the kernel counts with."""

LONGEST = 4096
"""Bytes of an attribute of sysfs at most: a page (Documentation/filesystems/sysfs.rst)."""
