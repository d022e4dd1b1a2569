"""A folder of static files that a web server may publish while they are written.

A file appears as a whole or not at all, and no symbolic link within the folder is followed.
"""

import ctypes
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

from simulator.ledger.file.faults import StoreError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


MOST_SYNCED = 512
"""Files that are waited for one by one: with more, all of a busy disk takes less time than each of them."""


class Folder:
    """An open folder; names of its files are paths below it with `/` between their parts."""

    def __init__(self, path: Path) -> None:
        """Open a folder, which is made where it is missing. Raises StoreError."""
        self.path = path
        self.written = 0
        self._unsynced: set[str] = set()
        with self._told(""):
            path.mkdir(parents=True, exist_ok=True)
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def lock(self) -> None:
        """Keep other processes from writing to it. Raises StoreError where one does."""
        with self._told(""):
            try:
                fcntl.flock(self._root, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(f"{self.path}: another process writes to it") from error

    def names(self, name: str = "") -> list[str]:
        """Return what lies in a folder, in order; nothing where there is none. Raises StoreError."""
        with self._told(name), ExitStack() as stack:
            try:
                return sorted(entry.name for entry in stack.enter_context(os.scandir(self._open(stack, name))))
            except FileNotFoundError:
                return []

    def read(self, name: str, most: int) -> bytes | None:
        """Return the content of a file of at most so many bytes; None where there is none. Raises StoreError."""
        with self._told(name), ExitStack() as stack:
            parent, _, last = name.rpartition("/")
            try:
                file = os.open(last, _FILE, dir_fd=self._open(stack, parent))
            except FileNotFoundError:
                return None
            stack.callback(os.close, file)
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise StoreError(f"{self.path / name}: expected a file")
            with open(file, "rb", closefd=False) as reader:
                content = reader.read(most + 1)
        if len(content) > most:
            raise StoreError(f"{self.path / name}: expected at most {most:,} bytes")
        return content

    def holds(self, name: str, content: bytes) -> bool:
        """Tell whether a file has this content. Raises StoreError where a folder on the way to it is none."""
        with self._told(name), ExitStack() as stack:
            parent, _, last = name.rpartition("/")
            try:
                file = os.open(last, _FILE, dir_fd=self._open(stack, parent))
            except OSError:
                # Whatever is there, a link for instance, is no such file.
                return False
            stack.callback(os.close, file)
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode) or status.st_size != len(content):
                return False
            with open(file, "rb", closefd=False) as reader:
                return reader.read() == content

    def put(self, name: str, content: bytes) -> None:
        """Write a file, unless it has this content already. Raises StoreError."""
        if self.holds(name, content):
            return
        parent, _, last = name.rpartition("/")
        with self._told(name), ExitStack() as stack:
            folder = self._open(stack, parent, is_made=True)
            begun = f".{last}.new"
            # What a process that was killed has left, or somebody else has laid there, is not written into.
            with suppress(FileNotFoundError):
                os.unlink(begun, dir_fd=folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(begun, flags, 0o666, dir_fd=folder)
            stack.callback(os.close, file)
            with open(file, "wb", closefd=False) as writer:
                writer.write(content)
            os.rename(begun, last, src_dir_fd=folder, dst_dir_fd=folder)
        self._note({name, parent})
        self.written += 1

    def sync(self) -> None:
        """Wait until all that was written is on the disk. Raises StoreError."""
        if len(self._unsynced) > MOST_SYNCED:
            with self._told(""):
                _sync_all(self._root)
            self._unsynced.clear()
        for name in sorted(self._unsynced, reverse=True):
            with self._told(name), ExitStack() as stack:
                parent, _, last = name.rpartition("/")
                if not name:
                    os.fsync(self._root)
                    continue
                file = os.open(last, _FILE, dir_fd=self._open(stack, parent))
                stack.callback(os.close, file)
                os.fsync(file)
        self._unsynced.clear()

    def remove(self, name: str) -> None:
        """Remove a folder whose files have numbers for names, with those files and what a kill left of them.

        Raises StoreError.
        """
        numbered = [one for one in self.names(name) if one.removeprefix(".").removesuffix(".new").isdecimal()]
        with self._told(name), ExitStack() as stack:
            try:
                folder = self._open(stack, name)
            except FileNotFoundError:
                return
            for one in numbered:
                os.unlink(one, dir_fd=folder)
            parent, _, last = name.rpartition("/")
            # Where something else lies in it, it stays.
            with suppress(OSError):
                os.rmdir(last, dir_fd=self._open(stack, parent))

    def close(self) -> None:
        """Let go of the folder and of its lock."""
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, stack: ExitStack, name: str, *, is_made: bool = False) -> int:
        """Return an open folder below this one, which is closed with the stack. Raises OSError."""
        folder, path = self._root, ""
        for part in filter(None, name.split("/")):
            if is_made:
                try:
                    os.mkdir(part, dir_fd=folder)
                    self._note({path})
                except FileExistsError:
                    pass
            folder = os.open(part, _FOLDER, dir_fd=folder)
            stack.callback(os.close, folder)
            path = f"{path}/{part}" if path else part
        return folder

    def _note(self, names: set[str]) -> None:
        """Note what has to be on the disk; beyond the number from which all of the disk is waited for, no more."""
        if len(self._unsynced) <= MOST_SYNCED:
            self._unsynced |= names

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self.path / name}: cannot be used: {error.strerror}") from error


def _sync_all(file: int) -> None:
    """Wait until all of the file system of an open file is on the disk. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        os.sync()
    elif library.syncfs(file):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
