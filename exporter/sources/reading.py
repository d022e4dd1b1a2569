"""What a source hands over: cumulative counters and levels, each with the moment it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from exporter.core.units import MonotonicSeconds, Seconds, UnixSeconds
from exporter.power.component import EnergyCounter

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed(Generic[ValueT]):
    """A value and the awake time at which it was read."""

    value: ValueT
    at: MonotonicSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTimes:
    """Cumulative CPU time over all logical CPUs, and how many of them were online.

    Time stolen by a hypervisor is in no field. `iowait` is idle time too, and may run backwards (proc_stat(5)).
    """

    busy: Seconds
    idle: Seconds
    iowait: Seconds
    cpus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Physical memory in bytes."""

    used: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskBytes:
    """Cumulative bytes over all physical disks; what lies on top of them (LVM, RAID, loop) would count twice."""

    read: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Bytes and packets by direction: cumulative as a counter, or the amount of an interval."""

    received_bytes: int
    sent_bytes: int
    received_packets: int
    sent_packets: int

    @property
    def total_bytes(self) -> int:
        """Bytes in both directions."""
        return self.received_bytes + self.sent_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one collector fared in one sample."""

    collector: str
    success: bool
    duration: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """Everything read for one sample. A part that could not be read is None, never zero."""

    wall: UnixSeconds
    awake: MonotonicSeconds
    elapsed: Seconds
    cpu: Timed[CpuTimes] | None = None
    memory: Memory | None = None
    disk: Timed[DiskBytes] | None = None
    network: Timed[Mapping[str, Traffic]] | None = None
    connections: Mapping[str, int] | None = None
    sensors: Mapping[str, Timed[EnergyCounter]] = field(default_factory=dict)  # those that were read, by name
    outcomes: tuple[Outcome, ...] = ()  # the last of each collector, perhaps of an earlier reading
    failed: tuple[str, ...] = ()  # collectors that failed in this one


class OnFailure(StrEnum):
    """What becomes of the time in which a part of a reading failed."""

    CARRIED = "carried"  # the next reading covers it
    REPLACED = "replaced"  # a model covered it, and the next reading only starts anew
    LEVEL = "level"  # nothing is booked of it


ON_FAILURE: Mapping[str, OnFailure] = {
    "cpu": OnFailure.CARRIED,
    "disk": OnFailure.CARRIED,
    "network": OnFailure.CARRIED,
    "sensors": OnFailure.REPLACED,
    "memory": OnFailure.LEVEL,
    "connections": OnFailure.LEVEL,
}
"""By part of `HostReading`. A part that was both carried and replaced would be booked twice (ADR 11)."""
