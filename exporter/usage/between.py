"""The machine's use between two readings.

The one place that handles counters which wrap, reset or stand still, devices that come and go, a machine that slept
and a clock that was set. Whatever it meets it reports as an event, to be counted.
"""

from dataclasses import dataclass, field, replace

from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.collector import SOURCES, OnFailure
from exporter.sources.reading import DiskBytes, HostReading
from exporter.usage.cpu import CpuUsage, cpu_usage, stands_still
from exporter.usage.disk import disk_usage
from exporter.usage.events import Event, EventKind, Events
from exporter.usage.gaps import note_gaps, was_suspended
from exporter.usage.network import NetworkUsage, network_usage
from exporter.usage.sensors import Told, resets_between, told_between


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Use of the machine since the reading before. A part without two usable readings is None."""

    elapsed: Seconds
    cpu: CpuUsage | None = None
    network: NetworkUsage | None = None
    disk: DiskBytes | None = None
    told: Told = field(default_factory=dict)  # by the sensors
    cpu_since: MonotonicSeconds | None = None  # when the CPU times were read that `cpu`, or the next one, begins with
    events: tuple[Event, ...] = ()


def usage_between(previous: HostReading, current: HostReading, *, interval: Seconds) -> Usage:
    """Return the use of the machine from `previous` to `current`, read about `interval` apart.

    Readings must be in order of awake time. A part that failed now is None here, and its old reading has to be carried
    forward with `carry_forward`, so that the next good reading covers the whole time.
    """
    events = Events()
    note_gaps(previous, current, interval, events)
    suspended = was_suspended(previous, current)
    resets = resets_between(previous.sensors, current.sensors, suspended=suspended)
    return Usage(
        elapsed=Seconds(current.awake - previous.awake),
        cpu=cpu_usage(previous.cpu, current.cpu, events),
        network=network_usage(previous.network, current.network, events),
        disk=disk_usage(previous.disk, current.disk, events),
        told=told_between(previous.sensors, current.sensors, suspended=suspended),
        cpu_since=None if previous.cpu is None else previous.cpu.at,
        events=(*failures(current), *events.found, *resets),
    )


def failures(reading: HostReading) -> tuple[Event, ...]:
    """Return the collectors that failed in a reading, as events to be counted."""
    return tuple(Event(kind=EventKind.DISCARD, source=collector, reason="error") for collector in reading.failed)


def carry_forward(previous: HostReading, current: HostReading) -> HostReading:
    """Return `current` with the parts that are carried (`SOURCES` says which) taken from `previous` where they failed.

    CPU times that stood still are carried too, since a tick has not passed.
    """
    carried = {
        source.name: getattr(previous, source.name)
        for source in SOURCES
        if source.on_failure is OnFailure.CARRIED and getattr(current, source.name) is None
    }
    if stands_still(previous.cpu, current.cpu):
        carried["cpu"] = previous.cpu
    return replace(current, **carried)
