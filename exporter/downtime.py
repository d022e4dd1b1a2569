"""Time in which the exporter did not run while the machine did: proven by counters that went on, and booked apart.

CPU times, network counters, RAPL and the total that a meter keeps are compared with their last readings before the
stop, as any two readings are: a meter tells of the whole machine, and wins. Everything is booked at once, with the
carbon intensity of the new start: what it was meanwhile is not known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from exporter import budget, totals
from exporter.budget import Booked, Period, bounds_at
from exporter.core.carbon import emissions
from exporter.core.units import Grams, GramsPerKwh, Joules, MonotonicSeconds, Seconds, UnixSeconds, Watts, energy
from exporter.power.allocation import Pending, allocation_of
from exporter.power.component import Component, EnergyCounter
from exporter.power.model import HostPowerModel, NetworkPowerModel
from exporter.sources.reading import HostReading, LastReading, SourceState, Timed, Traffic
from exporter.totals import Exported
from exporter.usage.between import usage_between
from exporter.usage.events import Event
from exporter.usage.gaps import was_suspended
from exporter.usage.sensors import FLAT_SAMPLES, Counters, believed, may_have_turned, resets_between
from exporter.usage.span import Span

KERNEL_COUNTERS = "rapl"
"""The source of sensors whose counters belong to the kernel. Others begin again with the exporter, but for a meter that
keeps a total of its own."""

LONG = Seconds(600.0)
"""Time after which a meter's total tells whether it has stood still. Judgement: in ten minutes a machine of 12 W draws
two steps of the coarsest total, 0.001 kWh each."""

STILL_WATTS = Watts(0.1)
"""Mean power up to which it has, and proves nothing. Judgement: the smallest boards idle at several times as much."""

PATIENCE = Seconds(15.0)
"""Time for which the first reading waits for a meter's answer. Judgement: a meter is given up after ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """Energy and traffic of the time without exporter, and the civil time at which it began and ended."""

    start: UnixSeconds
    end: UnixSeconds
    elapsed: Seconds
    energies: Mapping[Component, Joules]
    devices: Mapping[str, Traffic]


def last_reading(reading: HostReading, flat: Mapping[str, int], pending: Pending) -> LastReading:
    """Return what of a reading is kept for the next start; `flat` says for how many samples each sensor stood still.

    The model covers the time of one that is not believed any more, so what it gains by moving proves nothing. What
    sensors have told of, and the model has not been asked about, is `pending`.
    """
    kept = {
        name: one
        for name, one in reading.sensors.items()
        if (one.value.sensor.source == KERNEL_COUNTERS or one.value.own is not None)
        and flat.get(name, 0) <= FLAT_SAMPLES
    }
    return LastReading(
        wall=reading.wall,
        awake=reading.awake,
        elapsed=reading.elapsed,
        cpu=reading.cpu,
        network=reading.network,
        sensors=kept,
        told={coverage: tuple((one.start, one.end) for one in spans) for coverage, spans in pending.items()},
    )


def is_awaited(last: LastReading | None, reading: HostReading) -> bool:
    """Tell whether a meter that may prove the time since the last reading works, but has yet to answer.

    Until then the time without exporter goes on.
    """
    if last is None:
        return False
    awaited = {one.value.sensor.source for name, one in last.sensors.items() if one.value.own is not None}
    told = {one.value.sensor.source for one in reading.sensors.values()}
    working = {one.collector for one in reading.outcomes if one.state is SourceState.WORKS}
    return bool((awaited - told) & working)


def downtime(
    last: LastReading | None, reading: HostReading, host: HostPowerModel, network: NetworkPowerModel, pue: float
) -> Downtime | None:
    """Return what happened between the last reading of a run and the first of the next, in one boot.

    None where nothing is proven.
    """
    before = _before(last, reading)
    if before is None:
        return None
    elapsed = Seconds(reading.elapsed - before.elapsed)
    # What the comparison meets is no event of a sample: the stop was meant, or is counted where it was not.
    usage = usage_between(before, reading, interval=elapsed)
    told = {name: one for name, one in usage.told.items() if name in before.sensors}
    proven = {name: told[name] for name in told if not _proves_nothing(before.sensors[name], reading.sensors[name])}
    measured = believed(proven, {}).measured
    energies = dict(allocation_of(usage, measured, host, _pending(last)).times(pue).energies)
    devices: Mapping[str, Traffic] = {}
    if usage.network is not None:
        devices = usage.network.devices
        for component, power in network.estimate(usage.network).items():
            energies[component] = energy(power, usage.network.elapsed)
    if not energies:
        return None
    # The wall clock may have been set meanwhile, so the start is counted back from the end.
    return Downtime(
        start=UnixSeconds(reading.wall - elapsed),
        end=reading.wall,
        elapsed=elapsed,
        energies=energies,
        devices=devices,
    )


def _pending(last: LastReading | None) -> Pending:
    told = {} if last is None else last.told
    return {
        coverage: tuple(Span(start=MonotonicSeconds(start), end=MonotonicSeconds(end)) for start, end in spans)
        for coverage, spans in told.items()
    }


def resets(last: LastReading | None, reading: HostReading) -> tuple[Event, ...]:
    """Return a reset and a discarded reading for every sensor that began again meanwhile, and so proves nothing."""
    before = _before(last, reading)
    if before is None:
        return ()
    return resets_between(before.sensors, reading.sensors, suspended=was_suspended(before, reading))


def _before(last: LastReading | None, reading: HostReading) -> HostReading | None:
    """Return the last reading of the run before, as far as it can be compared; None without one of the same boot."""
    if last is None or reading.awake <= last.awake or reading.elapsed <= last.elapsed:
        return None
    return HostReading(
        wall=last.wall,
        awake=last.awake,
        elapsed=last.elapsed,
        cpu=last.cpu,
        network=last.network,
        sensors=_unambiguous(last.sensors, reading.awake),
    )


def _proves_nothing(before: Timed[EnergyCounter], now: Timed[EnergyCounter]) -> bool:
    """Tell whether a meter's total fell, or hardly moved for long: what its counter runs ahead of it proves nothing."""
    if before.value.own is None or now.value.own is None:
        return False
    length, gained = now.at - before.at, now.value.own.total - before.value.own.total
    return gained < 0.0 or (length >= LONG and gained <= STILL_WATTS * length)


def _unambiguous(counters: Counters, now: MonotonicSeconds) -> Counters:
    """Return the counters that cannot have run through their whole range unseen."""
    return {
        name: one
        for name, one in counters.items()
        if one.value.own is not None or (one.value.wraps_at is not None and not may_have_turned(one, now))
    }


def grams_of(found: Downtime, intensity: GramsPerKwh | None) -> Mapping[Component, Grams]:
    """Return the grams by component; none where no intensity is known."""
    if intensity is None:
        return {}
    return {component: emissions(spent, intensity) for component, spent in found.energies.items()}


def with_downtime(before: Exported, found: Downtime, grams: Mapping[Component, Grams]) -> Exported:
    """Return the counters with a time without exporter added to those of their own."""
    return replace(
        before,
        gap_energy=totals.add_amounts(before.gap_energy, found.energies),
        gap_emissions=totals.add_amounts(before.gap_emissions, grams),
        gap_devices=totals.add_devices(before.gap_devices, found.devices),
    )


def book_downtime(booked: Booked, found: Downtime, grams: Grams, zone: tzinfo) -> Booked:
    """Return `booked` with the grams spread evenly over the days of the time without exporter."""
    for start, end in _days(found.start, found.end, zone):
        booked = budget.book(booked, Grams(grams * (end - start) / found.elapsed), start, zone)
    return booked


def _days(start: UnixSeconds, end: UnixSeconds, zone: tzinfo) -> Iterator[tuple[UnixSeconds, UnixSeconds]]:
    while start < end:
        following = min(bounds_at(Period.DAY, start, zone).end, end)
        yield start, following
        start = following
