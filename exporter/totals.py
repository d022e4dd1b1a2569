"""The exporter's running totals: everything that must not fall but to zero, or must survive a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from exporter.activity.window import Activity
from exporter.budget import Booked
from exporter.core.units import Grams, Joules, Seconds, UnixSeconds
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.last_hour import Emissions
from exporter.power.component import Component, Scope
from exporter.sources.reading import DiskBytes, LastReading, Traffic
from exporter.usage.events import Event
from exporter.usage.network import NetworkUsage
from exporter.usage.sensors import Told
from exporter.week import WeekProfile

NO_TRAFFIC = Traffic(received_bytes=0, sent_bytes=0, received_packets=0, sent_packets=0)

NO_DISK = DiskBytes(read=0, written=0)

MAX_DEVICES = 8
"""Network devices with series of their own; the rest share the label `other`."""

OTHER_DEVICES = "other"

CALLED_OTHER = r"\other"
"""Label of a device that is called `other`; no other name reads so, since backslashes stand doubled in labels."""

MAX_SENSORS = 64
"""Sensors with series of their own: eight processors of eight zones. Others have none; their sum would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityTotal:
    """Amounts spent under one activity; grams are of scope network."""

    duration: Seconds = Seconds(0.0)  # noqa: RUF009 - a number
    transferred_bytes: int = 0
    emitted: Grams = Grams(0.0)  # noqa: RUF009 - a number


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """Amounts of a group of processes: energy and emissions by scope, CPU time, and bytes of network devices.

    `mattered_at` is when the group last had a share that is worth series of its own.
    """

    energy: Mapping[Scope, Joules] = field(default_factory=dict)
    emissions: Mapping[Scope, Grams] = field(default_factory=dict)
    cpu: Seconds = Seconds(0.0)  # noqa: RUF009 - a number
    received_bytes: int = 0
    sent_bytes: int = 0
    mattered_at: UnixSeconds | None = None

    def plus(self, more: "GroupTotal") -> "GroupTotal":
        """Return the total with the amounts of another added."""
        return GroupTotal(
            energy=add_amounts(self.energy, more.energy),
            emissions=add_amounts(self.emissions, more.emissions),
            cpu=Seconds(self.cpu + more.cpu),
            received_bytes=self.received_bytes + more.received_bytes,
            sent_bytes=self.sent_bytes + more.sent_bytes,
            mattered_at=self.mattered_at,
        )


NO_AMOUNTS = GroupTotal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Counters as Prometheus sees them; they fall only to zero, at a restart (docs/adr/0003-state-and-counters.md)."""

    energy: Mapping[Component, Joules] = field(default_factory=dict)
    emissions: Mapping[Component, Grams] = field(default_factory=dict)
    activities: Mapping[Activity, ActivityTotal] = field(default_factory=dict)
    devices: Mapping[str, Traffic] = field(default_factory=dict)
    disk: DiskBytes = NO_DISK
    sensors: Mapping[str, Joules] = field(default_factory=dict)
    embodied: Grams = Grams(0.0)  # noqa: RUF009 - a number
    samples: int = 0
    events: Mapping[Event, int] = field(default_factory=dict)
    # Of time in which the exporter did not run; in none of the others.
    gap_energy: Mapping[Component, Joules] = field(default_factory=dict)
    gap_emissions: Mapping[Component, Grams] = field(default_factory=dict)
    gap_devices: Mapping[str, Traffic] = field(default_factory=dict)
    # Of groups of processes, by a criterion: what waits to be shared out, and what those had that have lost their
    # series. With both, the groups sum to the scope's amounts since they are told.
    grouping: str = ""
    groups: Mapping[str, GroupTotal] = field(default_factory=dict)
    waiting: GroupTotal = NO_AMOUNTS
    retired: GroupTotal = NO_AMOUNTS
    lost_bytes: int = 0  # bytes that were counted for no group


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Exported counters, and what outlives reboots: lifetime figures since `since`, budgets, and the device's week.

    `weeks` are the emissions of the last calendar weeks by their start, for the eco score (`exporter.past_weeks`).
    """

    since: UnixSeconds
    exported: Exported = field(default_factory=Exported)
    lifetime_energy: Joules = Joules(0.0)  # noqa: RUF009 - a number
    lifetime_emissions: Grams = Grams(0.0)  # noqa: RUF009 - a number
    booked: Booked = field(default_factory=dict)
    week: WeekProfile = field(default_factory=WeekProfile)
    weeks: Mapping[UnixSeconds, Emissions] = field(default_factory=dict)
    last: LastReading | None = None  # of the same boot
    embodied_until: UnixSeconds | None = None  # up to when the embodied share has been counted; never steps back


KeyT = TypeVar("KeyT")
AmountT = TypeVar("AmountT", bound=float)


def add_amounts(totals: Mapping[KeyT, AmountT], amounts: Mapping[KeyT, AmountT]) -> Mapping[KeyT, AmountT]:
    """Return totals by component or scope with the amounts of a sample added."""
    return dict(totals) | {
        name: cast(AmountT, totals[name] + amount) if name in totals else amount for name, amount in amounts.items()
    }


def add_devices(totals: Mapping[str, Traffic], usage: Mapping[str, Traffic]) -> Mapping[str, Traffic]:
    """Return device totals with a sample added.

    Devices beyond `MAX_DEVICES` are summed up as `OTHER_DEVICES`; one that has a series keeps it, so no counter falls
    when devices come and go.
    """
    result = dict(totals)
    for name, traffic in sorted(usage.items()):
        own = CALLED_OTHER if name == OTHER_DEVICES else name
        room = own in result or len(result.keys() - {OTHER_DEVICES}) < MAX_DEVICES
        label = own if room else OTHER_DEVICES
        result[label] = _sum(result.get(label, NO_TRAFFIC), traffic)
    return result


def _sum(first: Traffic, second: Traffic) -> Traffic:
    return Traffic(
        received_bytes=first.received_bytes + second.received_bytes,
        sent_bytes=first.sent_bytes + second.sent_bytes,
        received_packets=first.received_packets + second.received_packets,
        sent_packets=first.sent_packets + second.sent_packets,
    )


def add_disk(total: DiskBytes, usage: DiskBytes) -> DiskBytes:
    """Return the bytes of disks with a sample added."""
    return DiskBytes(read=total.read + usage.read, written=total.written + usage.written)


def add_activity(
    totals: Mapping[Activity, ActivityTotal], activity: Activity, network: NetworkUsage, emitted: Grams
) -> Mapping[Activity, ActivityTotal]:
    """Return totals by activity with a sample added, whose network emitted so many grams."""
    old = totals.get(activity, ActivityTotal())
    new = ActivityTotal(
        duration=Seconds(old.duration + network.elapsed),
        transferred_bytes=old.transferred_bytes + sum(device.total_bytes for device in network.devices.values()),
        emitted=Grams(old.emitted + emitted),
    )
    return dict(totals) | {activity: new}


def add_sensors(totals: Mapping[str, Joules], told: Told) -> Mapping[str, Joules]:
    """Return the energy of each sensor with what it told of an interval added; one that is new begins at zero.

    Hand over a telling without the measurements that are not believed (`Believed.told`). Beyond `MAX_SENSORS` those
    that have a series keep it.
    """
    result = dict(totals)
    for name, telling in told.items():
        if name in result or len(result) < MAX_SENSORS:
            gained = 0.0 if telling.measured is None else telling.measured.energy
            result[name] = Joules(result.get(name, 0.0) + gained)
    return result


def add_events(totals: Mapping[Event, int], events: Iterable[Event]) -> Mapping[Event, int]:
    """Return event counts with more events added."""
    result = dict(totals)
    for event in events:
        result[event] = result.get(event, 0) + 1
    return result


def with_events(totals: Totals, events: Iterable[Event]) -> Totals:
    """Return totals with more events counted."""
    return replace(totals, exported=replace(totals.exported, events=add_events(totals.exported.events, events)))


def add_groups(totals: Mapping[str, GroupTotal], gains: Mapping[str, GroupTotal]) -> Mapping[str, GroupTotal]:
    """Return totals by group of processes with gains added."""
    return dict(totals) | {name: totals.get(name, NO_AMOUNTS).plus(gain) for name, gain in gains.items()}


def without_groups(exported: Exported) -> Exported:
    """Return counters that tell of no group of processes."""
    return replace(exported, grouping="", groups={}, waiting=NO_AMOUNTS, retired=NO_AMOUNTS, lost_bytes=0)


def with_embodied(totals: Totals, embodied: EmbodiedCarbon | None, now: UnixSeconds) -> Totals:
    """Return totals with the embodied share up to `now`, that of the time without exporter included.

    The first count begins now. Each moment of the life counts once: where the clock stepped back, none does until the
    time comes that has been counted.
    """
    until = totals.embodied_until
    if embodied is None:
        return totals if until is None else replace(totals, embodied_until=None)
    if until is None:
        return replace(totals, embodied_until=now)
    if now <= until:
        return totals
    counted = Grams(totals.exported.embodied + embodied.between(until, now))
    return replace(totals, exported=replace(totals.exported, embodied=counted), embodied_until=now)


def begun_by(totals: Totals, now: UnixSeconds) -> Totals:
    """Return totals whose counting did not begin in the future.

    A clock that was ahead then and has been set since makes it seem so; counting then begins now.
    """
    return totals if totals.since <= now else replace(totals, since=now)
