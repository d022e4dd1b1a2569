"""The lock of a state folder: one exporter at a time writes to it, even where the folder is deleted meanwhile."""

import errno
import fcntl
import os
from pathlib import Path

from exporter.core.regular_file import require_file


class StateLock:
    """Lock on the file `lock` of a folder, which is made if need be."""

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises OSError, of the kind BlockingIOError where another process has it."""
        self._folder = folder
        self._descriptor = _taken(folder)

    def is_held(self) -> bool:
        """Tell whether the lock is that of the file that now stands in the folder. Raises OSError."""
        try:
            return os.path.samestat((self._folder / "lock").stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def take_again(self) -> None:
        """Make the folder and take its lock anew. Raises OSError, as at first, and then holds what it held."""
        descriptor = _taken(self._folder)
        os.close(self._descriptor)
        self._descriptor = descriptor

    def close(self) -> None:
        """Release the folder to other instances."""
        os.close(self._descriptor)


def _taken(folder: Path) -> int:
    """Return a descriptor of the lock file that holds its lock. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    try:
        # A file that is open for writing would keep its file system from being mounted read-only.
        return _locked(folder / "lock", os.O_RDONLY)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        # NFS locks only what is open for writing (flock(2)).
        return _locked(folder / "lock", os.O_RDWR)


def _locked(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
    try:
        require_file(path)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BlockingIOError(error.errno, "another ecotrack is using it") from error
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
