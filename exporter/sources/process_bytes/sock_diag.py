"""Bytes of TCP sockets by process, which need no privilege of eBPF.

What a socket moved after the last look at it, and one that was opened and closed between two looks, is unseen. The
process is found by the sockets among the open files of processes: of other users' only where the exporter may look.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path
from typing import NamedTuple, Protocol

from exporter.core.clock import Clock
from exporter.core.units import Seconds
from exporter.sources.process_bytes.reading import ProcessBytes, SocketReading
from exporter.sources.process_bytes.tcp_sockets import TcpSocket
from exporter.sources.processes.pace import Pace
from exporter.sources.processes.stat import Process, parse_stat


class Sockets(Protocol):
    """Table of the machine's sockets."""

    def read(self) -> Iterable[TcpSocket]:
        """Return the sockets. Raises OSError or ReadingUnavailableError."""

    def close(self) -> None:
        """Close the table."""


class _Seen(NamedTuple):
    """Bytes of a socket up to the last look, and its process. It is looked for once, when the socket moves bytes."""

    received: int = 0
    sent: int = 0
    process: Process | None = None
    is_looked_for: bool = False


class SockDiagCounter:
    """Counter of the bytes that sockets have moved since the last reading, in the first one since it was opened."""

    means = "sock_diag"

    def __init__(
        self, sockets: Sockets, procfs: Path, clock: Clock, cpu_time: Callable[[], float] = time.thread_time
    ) -> None:
        """Take the table, and look at it for the first time. Raises what it raises.

        `cpu_time` tells the seconds that this thread has had.
        """
        self._sockets = sockets
        self._procfs = procfs
        self._clock = clock
        self._cpu_time = cpu_time
        self._pace = Pace()
        self._seen = {one.cookie: _Seen(one.received, one.sent) for one in sockets.read()}

    def close(self) -> None:
        """Look no more."""
        self._sockets.close()

    def read(self) -> SocketReading | None:
        """Return the processes whose sockets have moved bytes, as far as these can be told.

        None where the last look cost so much that it is too soon for the next one. Raises what the table raises.
        """
        now, began = self._clock.awake(), self._cpu_time()
        if not self._pace.is_due(now):
            return None
        moved = [(one, self._seen.get(one.cookie, _Seen())) for one in self._sockets.read()]
        unknown = {one.inode for one, seen in moved if one.inode and not seen.is_looked_for and _has_moved(one, seen)}
        found = self._processes(unknown) if unknown else {}
        self._seen, gains = {}, []
        for one, before in moved:
            seen = before
            if one.inode in unknown:
                seen = seen._replace(process=found.get(one.inode), is_looked_for=True)
            # Bytes of a socket that nobody has accepted yet are counted when somebody has.
            if seen.is_looked_for:
                if seen.process is not None and _has_moved(one, before):
                    gains.append(_gained(seen.process, one, before))
                seen = seen._replace(received=one.received, sent=one.sent)
            self._seen[one.cookie] = seen
        self._pace.took(Seconds(self._cpu_time() - began), now)
        return SocketReading(processes=tuple(gains), lost=0)

    def _processes(self, inodes: Set[int]) -> dict[int, Process]:
        """Return the processes that have these sockets open, of each the first one found.

        Those come first that had sockets before: a server opens its next one, too.
        """
        before = {seen.process.pid for seen in self._seen.values() if seen.process is not None}
        with os.scandir(self._procfs) as folders:
            everyone = sorted(
                (int(one.name) for one in folders if one.name.isdecimal()), key=lambda pid: pid not in before
            )
        found: dict[int, Process] = {}
        for pid in everyone:
            held = {inode for inode in self._inodes(pid) if inode in inodes and inode not in found}
            if held and (process := self._process(pid)) is not None:
                found |= dict.fromkeys(held, process)
            if len(found) == len(inodes):
                break
        return found

    def _inodes(self, pid: int) -> Iterator[int]:
        """Yield the sockets that a process has open; none of one that has ended or may not be looked at."""
        with contextlib.suppress(OSError), os.scandir(f"{self._procfs}/{pid}/fd") as files:
            for file in files:
                with contextlib.suppress(OSError):
                    link = os.readlink(file.path)  # noqa: PTH115 - a server has thousands
                    if link.startswith("socket:["):
                        yield int(link[8:-1])

    def _process(self, pid: int) -> Process | None:
        """Return a process; None for one that has ended."""
        with contextlib.suppress(OSError):
            return parse_stat((self._procfs / str(pid) / "stat").read_bytes())
        return None


def _has_moved(now: TcpSocket, before: _Seen) -> bool:
    return now.received > before.received or now.sent > before.sent


def _gained(process: Process, now: TcpSocket, before: _Seen) -> ProcessBytes:
    return ProcessBytes(
        pid=process.pid,
        started=process.started,
        name=process.name,
        received=max(0, now.received - before.received),
        sent=max(0, now.sent - before.sent),
    )
