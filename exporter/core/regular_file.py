"""Files that people name, read as files alone: a pipe would hold up its reader, and a device may never end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def require_file(path: Path) -> None:
    """Raise OSError where something other than a file or a folder stands at a path, or nothing."""
    _require(path.stat(), str(path))


def open_file(path: Path) -> BinaryIO:
    """Open a file to be read. Raises OSError, for a folder, a pipe and a device too."""
    require_file(path)
    return open(path, "rb", opener=_opened)


def read_file(path: Path, most: int | None = None) -> bytes:
    """Read a file of at most so many bytes. Raises OSError, for a folder, a pipe and a device too."""
    with open_file(path) as file:
        content = file.read(-1 if most is None else most + 1)
    if most is not None and len(content) > most:
        raise OSError(errno.EFBIG, f"expected at most {most:,} bytes", str(path))
    return content


def _opened(path: str, flags: int) -> int:
    """Open a file without waiting, and look again, should a pipe or a device have taken its place."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    try:
        _require(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _require(status: os.stat_result, path: str) -> None:
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise OSError(errno.EINVAL, "expected a file, got a pipe or a device", path)
