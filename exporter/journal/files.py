"""The files of a journal: rows are only ever added at the end of one, which is put aside once it is large or old."""

import contextlib
import errno
import fcntl
import logging
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_DAY, UnixSeconds
from exporter.journal.layout import CURRENT_NAME, HEADER_LINE

LOG = logging.getLogger(__name__)

BYTES_PER_MEGABYTE = 10**6

TAIL_BYTES = 64 * 1024

ASIDE = re.compile(r"journal-(\d{8}T\d{6}Z)(?:-(\d{1,9}))?\.csv")
"""Name of a file that was put aside: the time of that moment, and a number beyond the first of the same time."""


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

        Raises ConfigError where the folder cannot be used, or holds a `journal.csv` of another layout, or none to which
        lines can be added.
        """
        self._folder = folder
        self._rotation = rotation
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with contextlib.ExitStack() as on_failure:
                on_failure.callback(os.close, self._lock)
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._size = _repaired(self._current)
                self._begun = _first_time(self._current, now)
                on_failure.pop_all()
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
        # A pipe that stands there by now must not hold up the sampling.
        descriptor = os.open(self._current, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
        try:
            # A file that somebody moved away is begun anew, and what a refused write left behind is overwritten.
            self._size = min(self._size, _size(descriptor))
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
        self._begun = min(self._begun, now)  # a clock that was ahead and is set back would keep the file young
        old = now - self._begun >= self._rotation.days * SECONDS_PER_DAY
        return old or self._size >= self._rotation.megabytes * BYTES_PER_MEGABYTE

    def _rotate(self, now: UnixSeconds) -> None:
        """Put the current file aside under a name behind all others, and delete the first beyond those that are kept.

        The order of the names is that of the files, whatever the clock says meanwhile.
        """
        aside = sorted(_put_aside(self._folder))
        time, number = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}", 0
        if aside and (time, number) <= aside[-1][:2]:
            time, number = aside[-1][0], aside[-1][1] + 1
        path = self._folder / f"journal-{time}{f'-{number}' if number else ''}.csv"
        self._current.rename(path)
        self._size = 0
        if self._rotation.keep_files is not None:
            files = [old for *_, old in aside if old.is_file()]
            for old in files[: max(0, len(files) + 1 - self._rotation.keep_files)]:
                with contextlib.suppress(OSError):
                    old.unlink()


def _size(descriptor: int) -> int:
    """Return the size of a file. Raises OSError for what is none."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, f"{CURRENT_NAME} is not a file")
    return found.st_size


def _put_aside(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Return the files that were put aside, with the time and the number in the name of each."""
    for path in folder.iterdir():
        if found := ASIDE.fullmatch(path.name):
            yield found[1], int(found[2] or 0), path


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
    if not path.is_file():
        raise ConfigError([f"journal.folder: {path}: is not a file"])
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
