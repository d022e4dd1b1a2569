"""What happened between two readings.

The one place that handles counters which wrap, reset or stand still, devices that come and go, a machine that slept
and a clock that was set. Whatever it meets it reports as an event, to be counted.
"""

from dataclasses import dataclass, replace

from exporter.core.units import Seconds
from exporter.sources.reading import DiskBytes, HostReading
from exporter.usage.cpu import CpuUsage, cpu_usage, stands_still
from exporter.usage.disk import disk_usage
from exporter.usage.events import Event, EventKind, Events
from exporter.usage.gaps import note_gaps
from exporter.usage.network import NetworkUsage, network_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the machine did since the reading before. A part without two usable readings is None."""

    elapsed: Seconds
    cpu: CpuUsage | None = None
    network: NetworkUsage | None = None
    disk: DiskBytes | None = None
    events: tuple[Event, ...] = ()


def usage_between(previous: HostReading, current: HostReading, *, interval: Seconds) -> Usage:
    """What happened from `previous` to `current`, read about `interval` apart.

    Readings must be in order of awake time. A part that failed now is None here, and its old reading has to be carried
    forward with `carry_forward`, so that the next good reading covers the whole time.
    """
    events = Events()
    note_gaps(previous, current, interval, events)
    return Usage(
        elapsed=Seconds(current.awake - previous.awake),
        cpu=cpu_usage(previous.cpu, current.cpu, events),
        network=network_usage(previous.network, current.network, events),
        disk=disk_usage(previous.disk, current.disk, events),
        events=(*failures(current), *events.found),
    )


def failures(reading: HostReading) -> tuple[Event, ...]:
    """The collectors that failed in a reading, as events to be counted."""
    return tuple(Event(kind=EventKind.DISCARD, source=collector, reason="error") for collector in reading.failed)


def carry_forward(previous: HostReading, current: HostReading) -> HostReading:
    """`current`, with the counters that failed or stood still taken from `previous`, times included."""
    return replace(
        current,
        cpu=previous.cpu if stands_still(previous.cpu, current.cpu) else current.cpu or previous.cpu,
        network=current.network or previous.network,
        disk=current.disk or previous.disk,
    )
