"""Small files in the state folder that one command makes and the daemon reads: what was measured on purpose."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from exporter.core.regular_file import read_file
from exporter.state import StateError

KeptT = TypeVar("KeptT", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile(Generic[KeptT]):
    """A file of the state folder, named as lines to the user name it, with the command that makes it.

    `block` is the number of bytes that are written at first, so that a full disk shows: more than the file gets.
    """

    name: str
    subject: str
    command: str
    remedy: str
    kind: type[KeptT]
    block: int

    def load(self, folder: Path) -> KeptT | None:
        """Return what was kept last; None where nothing was. Raises StateError for a file that says nothing."""
        path = folder / self.name
        try:
            return msgspec.json.decode(read_file(path), type=self.kind)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{self.subject} {path}: cannot be read: {error.strerror}; see --state.dir") from error
        except (ValueError, RecursionError) as error:  # msgspec's errors are the former
            raise StateError(f"{self.subject} {path}: is damaged; {self.remedy}") from error

    @contextlib.contextmanager
    def place_of_the_next(self, folder: Path) -> Iterator[Callable[[KeptT], Path]]:
        """Hold the place of the next content, and yield what keeps one there and returns its file.

        Raises StateError at once where nothing can be written, or while the same command holds it elsewhere: what takes
        minutes to measure should not be lost in the end.
        """
        path = folder / self.name
        new = path.with_suffix(".new")
        with contextlib.ExitStack() as stack:
            with self._told(path):
                folder.mkdir(parents=True, exist_ok=True, mode=0o750)
                # Root may be writing to a folder of the service's user, who may have put a link there.
                file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
                stack.callback(os.close, file)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StateError(f"{self.subject} {path}: another `{self.command}` is running") from error
            if not _is_at(new, file):
                raise StateError(f"{self.subject} {path}: another `{self.command}` has just ended; try again")
            stack.callback(new.unlink, missing_ok=True)
            with self._told(path):
                _write(file, b" " * self.block)

            def keep(content: KeptT) -> Path:
                with self._told(path):
                    _write(file, msgspec.json.encode(content) + b"\n")
                    os.fchmod(file, 0o644)  # for the service's user
                    os.fsync(file)
                    new.replace(path)
                return path

            yield keep

    @contextlib.contextmanager
    def _told(self, path: Path) -> Iterator[None]:
        """Turn what keeps the file from being written into one line."""
        try:
            yield
        except OSError as error:
            told = f"{self.subject} {path}: cannot be written: {error.strerror}; see --state.dir"
            raise StateError(told) from error

    def remove(self, folder: Path) -> bool:
        """Remove the file, a damaged one too; return whether there was one. Raises StateError."""
        path = folder / self.name
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                return True
        except OSError as error:
            raise StateError(f"{self.subject} {path}: cannot be removed: {error.strerror}") from error
        return False


def _is_at(path: Path, file: int) -> bool:
    """Tell whether an open file still is at its path: until it is locked, its last owner may move or remove it."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.lstat(), os.fstat(file))
    return False


def _write(file: int, content: bytes) -> None:
    """Make a file hold this and nothing else. Raises OSError, for one that takes only a part too."""
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "wb", closefd=False) as stream:
        stream.write(content)
        stream.truncate()
