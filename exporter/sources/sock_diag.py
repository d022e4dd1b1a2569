"""Bytes of TCP sockets by process, which need no privilege of eBPF.

What a socket moved after the last look at it, and one that was opened and closed between two looks, is unseen. The
process is found by the sockets among the open files of processes: of other users' only where the exporter may look.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import NamedTuple, Protocol

from exporter.sources.ebpf.reading import ProcessBytes, SocketReading
from exporter.sources.tcp_sockets import TcpSocket


class Sockets(Protocol):
    """Table of the machine's sockets."""

    def read(self) -> Iterable[TcpSocket]:
        """Return the sockets. Raises OSError or ReadingUnavailableError."""

    def close(self) -> None:
        """Close the table."""


class _Process(NamedTuple):
    """Process as its `/proc/PID/stat` tells it."""

    pid: int
    started: int
    name: str


class _Seen(NamedTuple):
    """Bytes of a socket up to the last look, and its process. It is looked for once, when the socket moves bytes."""

    received: int = 0
    sent: int = 0
    process: _Process | None = None
    is_looked_for: bool = False


class SockDiagCounter:
    """Counter of the bytes that sockets have moved since the last reading, in the first one since it was opened."""

    means = "sock_diag"

    def __init__(self, sockets: Sockets, procfs: Path) -> None:
        """Take the table, and look at it for the first time. Raises what it raises."""
        self._sockets = sockets
        self._procfs = procfs
        self._seen = {one.cookie: _Seen(one.received, one.sent) for one in sockets.read()}

    def close(self) -> None:
        """Look no more."""
        self._sockets.close()

    def read(self) -> SocketReading:
        """Return the processes whose sockets have moved bytes, as far as these can be told. Raises what it raises."""
        moved = [(one, self._seen.get(one.cookie, _Seen())) for one in self._sockets.read()]
        unknown = {
            now.inode
            for now, seen in moved
            if not seen.is_looked_for and now.inode and (now.received > seen.received or now.sent > seen.sent)
        }
        found = self._processes(unknown) if unknown else {}
        self._seen, gains = {}, []
        for now, before in moved:
            seen = before
            if now.inode in unknown:
                seen = seen._replace(process=found.get(now.inode), is_looked_for=True)
            # What nobody has accepted yet will have a process at the next look.
            if now.inode or seen.process is not None:
                if seen.process is not None:
                    gains.append(_gained(seen.process, now, before))
                seen = seen._replace(received=now.received, sent=now.sent)
            self._seen[now.cookie] = seen
        return SocketReading(processes=tuple(one for one in gains if one.received or one.sent), lost=0)

    def _processes(self, inodes: Set[int]) -> dict[int, _Process]:
        """Return the processes that have these sockets open, of each the first one found.

        Those come first that had sockets before: a server opens its next one, too.
        """
        before = {seen.process.pid for seen in self._seen.values() if seen.process is not None}
        with os.scandir(self._procfs) as folders:
            everyone = sorted(
                (int(one.name) for one in folders if one.name.isdecimal()), key=lambda pid: pid not in before
            )
        found: dict[int, _Process] = {}
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

    def _process(self, pid: int) -> _Process | None:
        """Return a process; None for one that has ended."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = (self._procfs / str(pid) / "stat").read_bytes()
            # The name stands in parentheses, and may hold some itself; the start is field 22 (proc(5)).
            name, _, rest = stat.partition(b"(")[2].rpartition(b")")
            return _Process(pid, int(rest.split(maxsplit=20)[19]), name.decode("utf-8", "replace"))
        return None


def _gained(process: _Process, now: TcpSocket, before: _Seen) -> ProcessBytes:
    return ProcessBytes(
        pid=process.pid,
        started=process.started,
        name=process.name,
        received=max(0, now.received - before.received),
        sent=max(0, now.sent - before.sent),
    )
