"""The processes of a procfs, as `/proc/PID/stat` tells of them (proc_pid_stat(5))."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from errno import EMFILE, ENFILE, ENOMEM
from pathlib import Path

from exporter.sources.reading import COUNTS

NO_FAULT_OF_A_FILE = {EMFILE, ENFILE, ENOMEM}
"""Errors that say nothing of the file: this process, or the machine, has no room to open one."""

LONGEST_STAT = 2048
"""Bytes of a `stat` at most: 52 numbers of 20 digits, and a name of 64 bytes (Linux, fs/proc/array.c)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process at a moment; times are in clock ticks. An id is given again, but not with the same start time.

    `used` is the time of all threads, and `waited` that of the children that have ended and were waited for, and of
    theirs. `cpu` is the CPU that its first thread ran on last, and -1 where it is not told.
    """

    pid: int
    started: int
    name: str
    parent: int
    threads: int
    used: int
    waited: int
    cpu: int = -1

    def is_same(self, other: "Process | None") -> bool:
        """Tell whether the other one is this process at another moment."""
        return other is self or (other is not None and other.started == self.started and other.pid == self.pid)


def parse_stat(line: bytes) -> Process | None:
    """Return the process that a `stat` tells of; None where it is not understood.

    The name may hold blanks, brackets and newlines.
    """
    head, _, rest = line.rpartition(b") ")
    pid, opened, name = head.partition(b" (")
    fields = rest.split(maxsplit=37)
    try:
        numbers = [int(fields[at]) for at in (1, 11, 12, 13, 14, 17, 19)]
        cpu = int(fields[36]) if len(fields) > 36 else -1
        number = int(pid)
    except (ValueError, IndexError):
        return None
    if not opened or not all(0 <= one < COUNTS for one in numbers):
        return None
    parent, user, system, waited_user, waited_system, threads, started = numbers
    return Process(
        pid=number,
        started=started,
        name=name.decode("utf-8", "replace"),
        parent=parent,
        threads=threads,
        used=user + system,
        waited=waited_user + waited_system,
        cpu=cpu,
    )


class ProcessReader:
    """Reader of all processes, which understands anew only what has changed: most of them sleep.

    A process that did is another object in the next reading, and one that did not is the same. One that is there but
    cannot be read at the moment stays as it was.
    """

    def __init__(self, procfs: Path) -> None:
        self._procfs = str(procfs)
        self._understood: dict[bytes, Process] = {}
        self._processes: Mapping[int, Process] = {}

    def read(self) -> Mapping[int, Process]:
        """Return the processes by id. Raises OSError without a procfs, and where no file can be opened."""
        before, understood = self._understood, dict[bytes, Process]()
        unread: list[str] = []
        flags = os.O_RDONLY | os.O_NONBLOCK
        root = os.open(self._procfs, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in os.listdir(root):  # noqa: PTH208 - names below an open folder, which Path has not
                if not "0" < name[0] <= "9":
                    continue
                try:
                    file = os.open(f"{name}/stat", flags, dir_fd=root)
                    try:
                        line = os.read(file, LONGEST_STAT)
                    finally:
                        os.close(file)
                except (FileNotFoundError, ProcessLookupError):
                    continue
                except OSError as error:
                    if error.errno in NO_FAULT_OF_A_FILE:
                        raise
                    unread.append(name)
                    continue
                process = before.get(line) or parse_stat(line)
                if process is None or (line not in before and str(process.pid) != name):
                    unread.append(name)
                else:
                    understood[line] = process
        finally:
            os.close(root)
        self._understood = understood
        stayed = {number: self._processes[number] for number in _numbers(unread) if number in self._processes}
        self._processes = stayed | {process.pid: process for process in understood.values()}
        return self._processes


def _numbers(names: Iterable[str]) -> Iterator[int]:
    return (int(name) for name in names if name.isdecimal())
