"""Readings, as sources hand them over: cumulative counters and levels, each with the moment it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Generic, TypeVar

from exporter.core.no_answer import NoAnswerError
from exporter.core.units import BytesPerSecond, Grams, Joules, MonotonicSeconds, Ratio, Seconds, UnixSeconds
from exporter.power.component import Coverage, EnergyCounter

ValueT = TypeVar("ValueT")

COUNTS = 2**64
"""Number of the values of a counter of 64 bits, the widest that the kernel has (Linux, include/linux/types.h)."""


class ReadingUnavailableError(NoAnswerError):
    """The platform answered, but without the figure."""


def require_counts(place: Path, *figures: float) -> None:
    """Refuse figures that no count of the kernel can be: negative ones, NaN, and those of more than 64 bits.

    They would stay in every total that they reach, and in the state. Raises ReadingUnavailableError, which names the
    place that they come from.
    """
    if not all(0 <= figure < COUNTS for figure in figures):
        raise ReadingUnavailableError(f"{place} has a count that is negative, too large or no number")


class NotPresentError(Exception):
    """The machine has nothing of the kind, which is no failure."""


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
class NetworkCounters:
    """Cumulative traffic by device, and how fast a device can carry it in each direction, where the kernel tells it."""

    devices: Mapping[str, Traffic]
    speeds: Mapping[str, BytesPerSecond] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """The last hour whose consumption was signed, of the target that Prometheus calls `instance`, as its proof tells.

    `proof` is the content of its file.
    """

    instance: str
    start: UnixSeconds
    end: UnixSeconds
    energy: Joules
    emissions: Grams
    proof: bytes


class SourceState(StrEnum):
    """State of a source. Only `FAILS` is a failure."""

    WORKS = "works"
    FAILS = "fails"
    DENIED = "denied"
    """It is there, and this process may not read it."""
    ABSENT = "absent"
    """The machine has nothing of the kind."""


BUSY = Ratio(0.5)
"""Share of one CPU above which a process is told of (CEP technical report, section 3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUse:
    """CPU time of one process over the last reading's interval, as a number of CPUs, and the group it belongs to."""

    pid: int
    name: str
    group: str
    cpus: float

    @property
    def is_busy(self) -> bool:
        """True where it had more than `BUSY` of a CPU."""
        return self.cpus > BUSY


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTimes:
    """CPU time that groups of processes have had since their source was opened; no figure ever falls.

    `cpu` sums to the busy time of all CPUs: what no process shows is in the group `other`. In `weighted`, time beside a
    busy SMT sibling counts less. `gpu` is time on graphics cards, where a card tells it by process. `busiest` are
    processes of the last interval, and `interval` is the time between readings, None at the first. Where groups come
    and go for long, those without time for the longest leave with what they had, and begin at zero if they come again.
    """

    cpu: Mapping[str, Seconds]
    weighted: Mapping[str, Seconds]
    interval: Seconds | None
    gpu: Mapping[str, Seconds] = field(default_factory=dict)
    busiest: tuple[ProcessUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupBytes:
    """Bytes that groups of processes have received and sent by sockets since their source was opened.

    No figure ever falls. `lost` are bytes that were counted for no group, for want of room in the kernel. `means` says
    how they are counted, and `why` in one line why by no better means; it is empty where there is none. Unless it
    `sees_all`, a group without bytes may have moved some.
    """

    received: Mapping[str, int]
    sent: Mapping[str, int]
    lost: int
    means: str
    why: str = ""
    sees_all: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of one collector in one sample.

    `remedy` says what helps a source that is denied. A source that is `replaced` reads sensors, which a model stands in
    for.
    """

    collector: str
    state: SourceState
    duration: Seconds
    remedy: str = ""
    replaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """Everything read for one sample. A part that could not be read is None, never zero."""

    wall: UnixSeconds
    awake: MonotonicSeconds
    elapsed: Seconds
    cpu: Timed[CpuTimes] | None = None
    memory: Memory | None = None
    disk: Timed[DiskBytes] | None = None
    network: Timed[NetworkCounters] | None = None
    sockstat: Mapping[tuple[str, str], int] | None = None  # by protocol and kind
    connections: Mapping[str, int] | None = None  # by state
    attestation: Attestation | None = None
    processes: Timed[GroupTimes] | None = None
    process_bytes: Timed[GroupBytes] | None = None
    sensors: Mapping[str, Timed[EnergyCounter]] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()  # the last of each collector, perhaps of an earlier reading
    failed: tuple[str, ...] = ()  # collectors that failed in this one

    def is_absent(self, collector: str) -> bool:
        """Tell whether the machine has nothing of what a collector reads."""
        return any(one.collector == collector and one.state is SourceState.ABSENT for one in self.outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """Counters of a run's last reading that go on in the kernel without the exporter, and its times.

    `told` is awake time since its CPU times, where those are older, that sensors of a coverage have told of already.
    """

    wall: UnixSeconds
    awake: MonotonicSeconds
    elapsed: Seconds
    cpu: Timed[CpuTimes] | None = None
    network: Timed[NetworkCounters] | None = None
    sensors: Mapping[str, Timed[EnergyCounter]] = field(default_factory=dict)
    told: Mapping[Coverage, tuple[tuple[float, float], ...]] = field(default_factory=dict)
