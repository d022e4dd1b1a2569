"""Work that several processes might do at once, and that one of them does while the others wait."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

LOOK_SECONDS = 0.05
"""Time between two looks at a lock that another process holds. A choice: far less than it takes to compile a kernel."""

MOST_SECONDS = 120.0
"""Time after which nobody waits any longer for a process that holds a lock, which may be stopped. Judgement: ten times
what all kernels take to compile on a busy machine. A process that ends leaves no lock behind."""


@contextlib.contextmanager
def alone(path: Path, most_seconds: float = MOST_SECONDS) -> Iterator[None]:
    """Wait until no other process is in a block under this path, an empty file that is made and stays.

    Where no such file can be opened, or after so many seconds, the block is entered all the same.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, descriptor)
            end = time.monotonic() + most_seconds
            while not _is_locked(descriptor) and time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
        yield


def _is_locked(descriptor: int) -> bool:
    """Try to lock a file, and return whether it is this process that holds the lock. Raises OSError where none can."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
