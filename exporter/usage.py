"""What happened between two readings.

The one place that handles counters which wrap, reset or stand still, devices that come and go, a machine that slept
and a clock that was set. Whatever it meets it reports as an event, to be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from exporter.core.units import Ratio, Seconds
from exporter.sources.reading import CpuTimes, DiskBytes, HostReading, Timed, Traffic

LATE_AFTER_INTERVALS = 3.0
"""A sample this many intervals after the one before is counted as late."""

STEP_TOLERANCE = Seconds(2.0)
"""Clocks may part by this much between two samples before it counts as a suspension or a step; slewing stays below."""

MAX_BYTES_PER_SECOND = 1e11
"""800 Gbit/s, the fastest Ethernet standard (IEEE 802.3df, 2024): more in either direction is a bad reading."""

WRAP = 2**32
"""Where counters of drivers with 32 bits start again."""

WRAP_MARGIN = WRAP // 8
"""A fall from this close below `WRAP` to this close above zero is a wrap; any other fall is a reset."""

IDLE_FALL = Seconds(3.0)
"""Idle time and iowait may run backwards (proc_stat(5)); for node_exporter a fall beyond this is a reset."""

COUNTERS = ("received_bytes", "sent_bytes", "received_packets", "sent_packets")
"""Fields of `Traffic`."""


class EventKind(StrEnum):
    """Families of events, one counter each."""

    GAP = "gap"
    RESET = "reset"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a sample met: a gap has a reason, a reset a source, a discarded reading both."""

    kind: EventKind
    source: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuUsage:
    """CPU use over an interval of awake time."""

    utilization: Ratio
    elapsed: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkUsage:
    """Traffic over an interval of awake time, by device."""

    devices: Mapping[str, Traffic]
    elapsed: Seconds

    @property
    def received_bytes(self) -> int:
        """Bytes received by all devices."""
        return sum(device.received_bytes for device in self.devices.values())

    @property
    def sent_bytes(self) -> int:
        """Bytes sent by all devices."""
        return sum(device.sent_bytes for device in self.devices.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the machine did since the reading before. A part without two usable readings is None."""

    elapsed: Seconds
    cpu: CpuUsage | None = None
    network: NetworkUsage | None = None
    disk: DiskBytes | None = None
    events: tuple[Event, ...] = ()


@dataclass(slots=True)
class _Events:
    found: list[Event] = field(default_factory=list)

    def reset(self, source: str) -> None:
        self.found.append(Event(kind=EventKind.RESET, source=source))

    def discard(self, source: str, reason: str) -> None:
        self.found.append(Event(kind=EventKind.DISCARD, source=source, reason=reason))

    def gap(self, reason: str) -> None:
        self.found.append(Event(kind=EventKind.GAP, reason=reason))


def usage_between(previous: HostReading, current: HostReading, *, interval: Seconds) -> Usage:
    """What happened from `previous` to `current`, read about `interval` apart.

    Readings must be in order of awake time. A part that failed now is None here, and its old reading has to be carried
    forward with `carry_forward`, so that the next good reading covers the whole time.
    """
    events = _Events()
    _note_gaps(previous, current, interval, events)
    return Usage(
        elapsed=Seconds(current.awake - previous.awake),
        cpu=_cpu_usage(previous.cpu, current.cpu, events),
        network=_network_usage(previous.network, current.network, events),
        disk=_disk_usage(previous.disk, current.disk, events),
        events=(*failures(current), *events.found),
    )


def failures(reading: HostReading) -> tuple[Event, ...]:
    """The collectors that failed in a reading, as events to be counted."""
    return tuple(Event(kind=EventKind.DISCARD, source=collector, reason="error") for collector in reading.failed)


def carry_forward(previous: HostReading, current: HostReading) -> HostReading:
    """`current`, with the counters that failed or stood still taken from `previous`, times included."""
    return replace(
        current,
        cpu=previous.cpu if _stands_still(previous.cpu, current.cpu) else current.cpu or previous.cpu,
        network=current.network or previous.network,
        disk=current.disk or previous.disk,
    )


def _stands_still(previous: Timed[CpuTimes] | None, current: Timed[CpuTimes] | None) -> bool:
    if previous is None or current is None:
        return False
    before, now = previous.value, current.value
    return (before.busy, before.idle, before.iowait) == (now.busy, now.idle, now.iowait)


def _note_gaps(previous: HostReading, current: HostReading, interval: Seconds, events: _Events) -> None:
    awake = current.awake - previous.awake
    elapsed = current.elapsed - previous.elapsed
    wall = current.wall - previous.wall
    if awake > LATE_AFTER_INTERVALS * interval:
        events.gap("late")
    if elapsed - awake > STEP_TOLERANCE:
        events.gap("suspend")
    if abs(wall - elapsed) > STEP_TOLERANCE:
        events.gap("clock_step")


def _cpu_usage(previous: Timed[CpuTimes] | None, current: Timed[CpuTimes] | None, events: _Events) -> CpuUsage | None:
    """Busy time as a share of what the online CPUs could have been busy for.

    Idle time is no part of it: it runs backwards, and a sum that it makes too small would read as load. The clock does
    not. Of CPUs that came or went meanwhile all count, so that a share is rather too small than load that never was.
    """
    if previous is None or current is None:
        return None
    before, now = previous.value, current.value
    elapsed = Seconds(current.at - previous.at)
    if elapsed <= 0.0 or _stands_still(previous, current):
        events.discard("cpu", "standstill")
        return None
    busy = now.busy - before.busy
    if busy < 0.0 or min(now.idle - before.idle, now.iowait - before.iowait) < -IDLE_FALL:
        events.reset("cpu")
    if busy < 0.0:
        events.discard("cpu", "reset")
        return None
    cpus = max(before.cpus, now.cpus)
    if busy > cpus * (elapsed + STEP_TOLERANCE):
        events.discard("cpu", "implausible")
        return None
    # The counters go by ticks, and are read a moment after the clock: at full load the share can pass 1 by as much.
    return CpuUsage(utilization=Ratio(min(1.0, busy / (cpus * elapsed))), elapsed=elapsed)


def _network_usage(
    previous: Timed[Mapping[str, Traffic]] | None,
    current: Timed[Mapping[str, Traffic]] | None,
    events: _Events,
) -> NetworkUsage | None:
    """A device seen for the first time counts from its next reading: what it moved before is not this interval's."""
    if previous is None or current is None or current.at <= previous.at:
        return None
    elapsed = Seconds(current.at - previous.at)
    moved = {
        name: _device_usage(previous.value[name], now, elapsed, events)
        for name, now in current.value.items()
        if name in previous.value
    }
    devices = {name: traffic for name, traffic in moved.items() if traffic is not None}
    return NetworkUsage(devices=devices, elapsed=elapsed) if devices else None


def _device_usage(before: Traffic, now: Traffic, elapsed: Seconds, events: _Events) -> Traffic | None:
    """The traffic of one device, or None where its counters do not tell; they count again from here."""
    moved = {name: _counted(getattr(before, name), getattr(now, name)) for name in COUNTERS}
    if any(amount < 0 for amount in moved.values()):
        # What a counter holds after a fall moved since then only if it began at zero, and a driver that takes back a
        # few packets did not: believing it would book everything since the machine started.
        events.reset("network")
        events.discard("network", "reset")
        return None
    if max(moved.values()) > MAX_BYTES_PER_SECOND * elapsed:
        events.discard("network", "implausible")
        return None
    return Traffic(**moved)


def _counted(old: int, new: int) -> int:
    """What a counter has counted; negative after a fall for another reason than passing 2^32."""
    wrapped = new <= WRAP_MARGIN and WRAP - WRAP_MARGIN <= old < WRAP
    return new - old + (WRAP if wrapped else 0)


def _disk_usage(
    previous: Timed[DiskBytes] | None, current: Timed[DiskBytes] | None, events: _Events
) -> DiskBytes | None:
    """The sum over disks falls when one is unplugged; what the others moved meanwhile is not known."""
    if previous is None or current is None:
        return None
    read = current.value.read - previous.value.read
    written = current.value.written - previous.value.written
    if read < 0 or written < 0:
        events.reset("disk")
        events.discard("disk", "reset")
        return None
    return DiskBytes(read=read, written=written)
