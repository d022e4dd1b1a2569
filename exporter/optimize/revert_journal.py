"""The journal of old values: one small file that is on the disk before anything is changed.

Whoever may write to the state folder may write this file, so what it says is believed only as far as it names permitted
settings and values (`exporter.optimize.setting`). It is a header line with the checksum of the line of JSON after it.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.core.units import Seconds
from exporter.optimize.place import JOURNAL
from exporter.optimize.setting import Change, Kind, NotPermittedError, Setting
from exporter.optimize.strategies import STRATEGIES

LOCK = "optimize.lock"

FORMAT = "ecotrack-revert-journal"
VERSION = 1
"""Version of the journal's format; it rises when the last version would misread a new file, or this one an old one."""

MOST_BYTES = 1_000_000
"""Size in bytes beyond which a journal is refused unread: some thousand settings, more than a machine has. Chosen."""

LOCK_PATIENCE = Seconds(1.0)
"""Time for which a lock is tried: a daemon that looks whether somebody has it, has it for a moment. Chosen."""

_Text = Annotated[str, Meta(max_length=4096)]


class JournalError(Exception):
    """Journal that cannot be used; the message is one line."""


class DamagedJournalError(JournalError):
    """Journal that says nothing that can be believed."""


class _Header(msgspec.Struct, frozen=True):
    format: Annotated[str, Meta(max_length=64)]
    version: int
    sha256: Annotated[str, Meta(max_length=64)]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that was, or is about to be, changed from `old` to `new`."""

    kind: Kind
    attribute: _Text
    old: _Text
    new: _Text
    inode: int

    @property
    def change(self) -> Change:
        """The change as it was made."""
        setting = Setting(kind=self.kind, attribute=self.attribute)
        return Change(setting=setting, old=self.old, new=self.new, inode=self.inode)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the journal: changes of one strategy, in the order in which they were made, under one boot id."""

    strategy: _Text
    boot_id: _Text
    procfs: _Text
    sysfs: _Text
    entries: tuple[Entry, ...]


def entry_of(change: Change) -> Entry:
    """Return the entry of a change."""
    setting = change.setting
    return Entry(kind=setting.kind, attribute=setting.attribute, old=change.old, new=change.new, inode=change.inode)


def read_record(folder: Path) -> Record | None:
    """Return what the journal of a folder says, every entry of a permitted form; None where there is none.

    Raises DamagedJournalError where it says something else, and JournalError where it cannot be read or is newer.
    """
    path = folder / JOURNAL
    try:
        # Without following a link, or waiting for whoever writes to a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO, errno.EISDIR}:
            raise DamagedJournalError(f"journal {path}: is no file") from error
        raise JournalError(f"journal {path}: cannot be read: {error.strerror}") from error
    return _decode(data, path)


def _decode(data: bytes, path: Path) -> Record:
    head, _, payload = data.partition(b"\n")
    try:
        header = msgspec.json.decode(head, type=_Header)
        if header.format != FORMAT:
            raise DamagedJournalError(f"journal {path}: is damaged")
        if header.version > VERSION:
            raise JournalError(f"journal {path}: has version {header.version}, this program knows up to {VERSION}")
        if len(data) > MOST_BYTES or header.sha256 != _digest(payload):
            raise DamagedJournalError(f"journal {path}: is damaged")
        record = msgspec.json.decode(payload, type=Record)
        if record.strategy not in STRATEGIES:  # which becomes the value of a label
            raise DamagedJournalError(f"journal {path}: names no strategy")
        for entry in record.entries:
            for value in (entry.old, entry.new):
                entry.change.setting.require_form(value)
    except NotPermittedError as error:
        raise DamagedJournalError(f"journal {path}: names something that {error}") from error
    except (ValueError, RecursionError) as error:  # msgspec's errors are the former
        raise DamagedJournalError(f"journal {path}: is damaged") from error
    return record


def _digest(payload: bytes) -> str:
    return hashlib.sha256(b"%d\n" % VERSION + payload).hexdigest()


class RevertJournal:
    """Journal of a folder while one process holds its lock."""

    def __init__(self, folder: Path) -> None:
        """Make and lock the folder. Raises JournalError, as while another process changes settings."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise JournalError(f"state folder {folder}: cannot be used: {error.strerror}; see --state.dir") from error
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, self._descriptor)
            self._lock = _lock_of(self._descriptor, folder)
            stack.pop_all()

    def close(self) -> None:
        """Release the folder to others."""
        os.close(self._lock)
        os.close(self._descriptor)

    def read(self) -> Record | None:
        """Return what the journal says; see `read_record`."""
        return read_record(self._folder)

    def keep(self, record: Record) -> None:
        """Replace the journal, and return once it is on the disk; remove it where it has no entries.

        Raises JournalError.
        """
        with self._told():
            if not record.entries:
                self._remove(JOURNAL)
                os.fsync(self._descriptor)
                return
            payload = msgspec.json.encode(record)
            header = msgspec.json.encode(_Header(format=FORMAT, version=VERSION, sha256=_digest(payload)))
            beside = f"{JOURNAL}.tmp"
            self._remove(beside)
            # A new file: root may be writing to a folder of somebody who has put a link there.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(beside, flags, 0o644, dir_fd=self._descriptor), "wb") as file:
                os.fchmod(file.fileno(), 0o644)  # for the service's user, who tells of it
                file.write(header + b"\n" + payload)
                file.flush()
                os.fsync(file.fileno())
            os.rename(beside, JOURNAL, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            os.fsync(self._descriptor)

    def put_aside(self) -> Path:
        """Rename a damaged journal, and return its new place. Raises JournalError."""
        name = f"{JOURNAL}.damaged-{time.time_ns()}"
        with self._told():
            os.rename(JOURNAL, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        return self._folder / name

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JournalError(
                f"journal {self._folder / JOURNAL}: cannot be written: {error.strerror}; see --state.dir"
            ) from error


def _lock_of(descriptor: int, folder: Path) -> int:
    """Return a descriptor that holds the lock of a folder's journal. Raises JournalError."""
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    until = time.monotonic() + LOCK_PATIENCE
    with contextlib.ExitStack() as stack:
        try:
            lock = os.open(LOCK, flags, 0o644, dir_fd=descriptor)
            stack.callback(os.close, lock)
            with contextlib.suppress(PermissionError):  # of a folder's other user, who has made it
                os.fchmod(lock, 0o644)
            while not _is_taken(lock):
                if time.monotonic() >= until:
                    raise JournalError(f"state folder {folder}: another run is changing settings; see --state.dir")
                time.sleep(LOCK_PATIENCE / 20)
        except OSError as error:
            raise JournalError(f"state folder {folder}: cannot be locked: {error.strerror}; see --state.dir") from error
        stack.pop_all()
        return lock


def _is_taken(lock: int) -> bool:
    """Take a lock; return whether it was free. Raises OSError."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(folder: Path) -> bool:
    """Tell whether a process holds the lock of a folder's journal. Raises JournalError where that is not known."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(f"lock {folder / LOCK}: cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError as error:
        raise JournalError(f"lock {folder / LOCK}: cannot be tried: {error.strerror}") from error
    finally:
        os.close(descriptor)
    return False
