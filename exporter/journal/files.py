"""The files of a journal: rows are only ever added at the end of one, which is put aside once it is large or old."""

import contextlib
import fcntl
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_DAY, UnixSeconds
from exporter.journal.layout import CURRENT_NAME, HEADER_LINE

LOG = logging.getLogger(__name__)

BYTES_PER_MEGABYTE = 10**6

TAIL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Bounds of the current file, and the number of older ones that are kept; None keeps all."""

    megabytes: float
    days: float
    keep_files: int | None = None


class JournalFiles:
    """Folder of a journal."""

    def __init__(self, folder: Path, rotation: Rotation, now: UnixSeconds) -> None:
        """Open the folder, making it if need be, and take away a line that a crash left unfinished.

        Raises ConfigError where the folder cannot be used, or holds a `journal.csv` of another layout.
        """
        self._folder = folder
        self._rotation = rotation
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._size = _repaired(self._current)
            self._begun = _first_time(self._current, now)
        except BlockingIOError as error:
            raise ConfigError([f"journal.folder: {folder}: another ecotrack is using it"]) from error
        except OSError as error:
            raise ConfigError([f"journal.folder: {folder}: cannot be used: {error.strerror}"]) from error

    def close(self) -> None:
        """Release the folder to other instances."""
        os.close(self._lock)

    @property
    def _current(self) -> Path:
        return self._folder / CURRENT_NAME

    def append(self, rows: bytes, now: UnixSeconds) -> None:
        """Add whole rows. Raises OSError, and then leaves none of them behind where the disk allows it."""
        if self._is_due(now):
            self._rotate(now)
        descriptor = os.open(self._current, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            # A file that somebody moved away is begun anew, and what a refused write left behind is overwritten.
            self._size = min(self._size, os.fstat(descriptor).st_size)
            if not self._size:
                rows, self._begun = HEADER_LINE + rows, now
            _write_whole(descriptor, rows, self._size)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, self._size)
            raise
        finally:
            os.close(descriptor)
        self._size += len(rows)

    def _is_due(self, now: UnixSeconds) -> bool:
        if not self._size:
            return False
        old = now - self._begun >= self._rotation.days * SECONDS_PER_DAY
        return old or self._size >= self._rotation.megabytes * BYTES_PER_MEGABYTE

    def _rotate(self, now: UnixSeconds) -> None:
        """Put the current file aside under a name of its own, and delete the oldest beyond those that are kept."""
        stem = f"journal-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
        names = (self._folder / f"{stem}{f'-{number}' if number else ''}.csv" for number in range(1000))
        self._current.rename(next(name for name in names if not name.exists()))
        self._size = 0
        if self._rotation.keep_files is not None:
            aside = sorted(self._folder.glob("journal-*Z*.csv"))
            for path in aside[: max(0, len(aside) - self._rotation.keep_files)]:
                path.unlink()


def _first_time(path: Path, now: UnixSeconds) -> UnixSeconds:
    """Return the time of a journal's first row; `now` where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        file.seek(len(HEADER_LINE))
        first = file.readline(TAIL_BYTES).partition(b",")[0]
        return UnixSeconds(datetime.fromisoformat(first.decode("ascii")).timestamp())
    return now


def _write_whole(descriptor: int, data: bytes, place: int) -> None:
    """Write all of `data` at a place of a file; a disk that is nearly full takes a part first and then refuses."""
    written = 0
    while written < len(data):
        written += os.pwrite(descriptor, data[written:], place + written)


def _repaired(path: Path) -> int:
    """Cut a torn last line off a journal, and return its size; 0 where there is none.

    Raises ConfigError, with the file untouched, where it is no journal of this layout.
    """
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        head = file.read(len(HEADER_LINE))
        if head != HEADER_LINE and not (len(head) < len(HEADER_LINE) and HEADER_LINE.startswith(head)):
            raise ConfigError(
                [f"journal.folder: {path}: is no journal of this version: move it, or name another folder"]
            )
        size = file.seek(0, os.SEEK_END)
        whole = _end_of_last_line(file.fileno(), size)
        if whole < size:
            file.truncate(whole)
            LOG.warning("journal %s: the last line was torn; %d bytes of it were cut off", path, size - whole)
    return whole


def _end_of_last_line(descriptor: int, size: int) -> int:
    """Return the length of a file up to its last line break."""
    end = size
    while end > 0:
        start = max(0, end - TAIL_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
