"""At most one `make up` per state folder, and a way to reach it: a locked file that holds its process id."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO


class InstanceError(Exception):
    """Failure to hold or stop an instance: another one is running, or does not stop; the message is one line."""


@contextlib.contextmanager
def only_instance(state: Path) -> Iterator[None]:
    """Hold the state folder while the block runs; raises InstanceError when another process holds it."""
    with _open(state) as file:
        if not _lock(file):
            raise InstanceError(f"already running as process {_pid(file)}; `make down` stops it")
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def stop_instance(state: Path, *, timeout: float = 60.0) -> bool:
    """Ask the instance that holds the folder to stop and wait until it has; False when there was none.

    Raises InstanceError when it belongs to another user or is still there after `timeout` seconds.
    """
    if not state.exists():
        return False
    with _open(state) as file:
        if not _signal_holder(file):
            return False
        deadline = time.monotonic() + timeout
        while not _lock(file):
            if time.monotonic() > deadline:
                raise InstanceError(f"process {_pid(file)} has not stopped after {timeout:.0f} s")
            time.sleep(0.05)
    return True


def _signal_holder(file: IO[str]) -> bool:
    """Send SIGTERM to the process that holds the lock, never to one that merely has its number."""
    if _lock(file):
        return False
    pid = _pid(file)
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        # Held still, after the descriptor was taken: so the number has not passed to another process.
        if _lock(file):
            return False
        signal.pidfd_send_signal(process, signal.SIGTERM)
    except PermissionError:
        raise InstanceError(f"process {pid} belongs to another user, who has to stop it") from None
    finally:
        os.close(process)
    return True


def _open(state: Path) -> IO[str]:
    """Open the file, which is never removed: two instances could then lock two files of that name."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        return (state / "up.pid").open("a+")
    except OSError as error:
        raise InstanceError(f"cannot write to {error.filename}: {error.strerror}") from None


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(file: IO[str]) -> int:
    """Read the holder's process id; wait for the moment between its lock and its first write."""
    for _ in range(20):
        file.seek(0)
        if text := file.read().strip():
            return int(text)
        time.sleep(0.05)
    raise InstanceError(f"{file.name} is locked but names no process")
