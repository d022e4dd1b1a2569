"""Bytes by process since the last reading, from what the kernel has counted since it was asked to."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from exporter.sources.process_bytes.ebpf.attach import Means
from exporter.sources.process_bytes.ebpf.loader import Loaded, load
from exporter.sources.process_bytes.ebpf.program import ENTRY, KEY
from exporter.sources.process_bytes.ebpf.table import Table
from exporter.sources.process_bytes.reading import ProcessBytes, SocketReading
from exporter.sources.procfs import USUAL

MOST_PROCESSES = 4096
"""Processes that are counted at once. Judgement: more than move bytes between two readings of a busy machine; the
kernel takes some 0.45 MiB for so many, from the start, so that it never has to find memory while a program sends."""

MOST_BYTES = 1 << 60
"""Bytes above which a figure is no count. Judgement: three years of a link of 100 Gbit/s."""

NANOSECONDS = 1_000_000_000


class Entries(Protocol):
    """Entries of processes, as `Table` has them in the kernel."""

    def entries(self) -> list[tuple[bytes, bytes]]:
        """Return keys and values."""

    def remove(self, key: bytes) -> bytes | None:
        """Remove one and return its value; None where it is gone."""

    def lost(self) -> int:
        """Return the bytes without an entry."""


class EbpfCounter:
    """Counter of bytes by process. What it has put into the kernel is gone when it is closed, or its process ends.

    `means` is how the kernel counts, and `sees_messages` whether it sees where each message of UDP goes (`Attached`).
    """

    def __init__(self, table: Entries, loaded: Loaded, procfs: Path) -> None:
        self.means: str = loaded.attached.means
        self.sees_messages = loaded.attached.sees_messages
        self._table = table
        self._procfs = procfs
        self._close = loaded.held.close
        self._seen: dict[bytes, tuple[int, int]] = {}
        self._lost = 0
        self._ticks = os.sysconf("SC_CLK_TCK")

    def read(self) -> SocketReading:
        """Return the bytes since the last reading; entries of processes that have ended leave the kernel.

        Raises OSError where the kernel or the folder of processes cannot be read.
        """
        entries = self._table.entries()
        # In this order: whoever is missing among the running has ended, and its entry will not change any more.
        running = set(os.listdir(self._procfs))  # noqa: PTH208 - thousands of names
        moved, seen = [], {}
        for key, value in entries:
            started, pid, _ = KEY.unpack(key)
            is_running = str(pid) in running
            received, sent, name = ENTRY.unpack(value if is_running else self._table.remove(key) or value)
            before = self._seen.get(key, (0, 0))
            new = (_gained(received, before[0]), _gained(sent, before[1]))
            if is_running:
                seen[key] = (received, sent)
            if any(new):
                moved.append(
                    ProcessBytes(
                        pid=pid,
                        started=started * self._ticks // NANOSECONDS,
                        name=name.partition(b"\0")[0].decode("utf-8", "replace"),
                        received=new[0],
                        sent=new[1],
                    )
                )
        self._seen = seen
        return SocketReading(processes=tuple(moved), lost=self._newly_lost())

    def close(self) -> None:
        """Take everything out of the kernel."""
        self._close()

    def _newly_lost(self) -> int:
        lost = self._table.lost()
        new, self._lost = _gained(lost, self._lost), lost
        return new


def _gained(now: int, before: int) -> int:
    """Return what a count has gained; 0 where one of them is no count of bytes."""
    return max(0, now - before) if max(now, before) < MOST_BYTES else 0


def open_socket_counter(
    procfs: Path = USUAL, room: int = MOST_PROCESSES, means: Sequence[Means] = tuple(Means)
) -> EbpfCounter:
    """Let the kernel count from now on, by the first of some means that it has, with room for so many processes.

    Raises EbpfUnavailableError, which says why, where it has none or this process may not.
    """
    loaded = load(procfs, room, means)
    return EbpfCounter(Table(loaded.maps, room), loaded, procfs)
