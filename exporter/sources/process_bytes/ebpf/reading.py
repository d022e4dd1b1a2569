"""Bytes of processes that the kernel has counted between two readings."""

from dataclasses import dataclass


class EbpfUnavailableError(Exception):
    """The kernel lets nothing be counted; the message says why in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessBytes:
    """Bytes that one process has received and sent by TCP and UDP since the last reading, without loopback.

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
