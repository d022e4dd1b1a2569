"""Bytes of processes between two readings, by whichever means they were counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessBytes:
    """Bytes that one process has received and sent by sockets since the last reading, without loopback.

    `started` is its start in clock ticks since boot, as `/proc/PID/stat` has it, and `name` that of its first thread
    when it last moved bytes. It may have ended since. Two processes can have the same `pid` in one reading.
    """

    pid: int
    started: int
    name: str
    received: int
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketReading:
    """Processes that have moved bytes since the last reading, and what else moved but had no room in the kernel."""

    processes: tuple[ProcessBytes, ...]
    lost: int
