"""The energy that sensors measured between two readings, and when they are not believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.core.units import Joules, MonotonicSeconds, Watts
from exporter.power.component import MAX_MACHINE_WATTS, Coverage, EnergyCounter, Sensor
from exporter.sources.reading import Timed
from exporter.usage.events import Event, EventKind
from exporter.usage.span import Span

Counters = Mapping[str, Timed[EnergyCounter]]
"""The sensors that were read, by name."""

FLAT_SAMPLES = 3
"""A counter that gained nothing in so many samples in a row stands still. Judgement: each of them is booked as 0 J, so
few; and more than one, since a slow driver may repeat itself once."""

NEVER_FLAT = {Coverage.PACKAGE, Coverage.MEMORY, Coverage.MACHINE}
"""Coverages that draw power as long as the exporter runs, busy or idle; a disk or a graphics card may be off meanwhile.
"""

MAX_PART_WATTS = Watts(3e3)
"""Mean power beyond which a sensor of one part has been misread. Judgement: more than twice the largest accelerators
and processors on sale; less than what a processor's counter would seem to gain by a whole turn within a minute."""


MOST_WATTS = Watts(500.0)
"""Power with which a counter may have run through its whole range unseen. The largest server processors on sale draw as
much (AMD, EPYC 9965: 500 W TDP), so a RAPL counter of 262 kJ is believed over up to nine minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Energy that a sensor measured, and the awake time in which it was spent.

    It is `ambiguous` where the counter may have run through its whole range meanwhile, so that a turn is missing.
    """

    sensor: Sensor
    energy: Joules
    span: Span
    ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A sensor that was read, and what it measured since the reading before; None where it says nothing of that."""

    sensor: Sensor
    measured: Measured | None = None


Told = Mapping[str, Telling]
"""Tellings of an interval by the name of the sensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """Believable part of a telling: measurements to be booked, how long each counter has stood still, and events.

    `told` is the telling without the measurements that are not believed; of those in it some may not be booked.
    """

    told: Told = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    flat: Mapping[str, int] = field(default_factory=dict)
    events: tuple[Event, ...] = ()


def told_between(previous: Counters, current: Counters, *, suspended: bool) -> Told:
    """Return what each sensor of the current reading measured since the previous one.

    A sensor that is new, or that failed last time, only starts anew: a model covered the time before (ADR 11). A
    counter that fell says nothing about this interval. Neither does any over which the machine was `suspended`: what
    was spent asleep is no power of the awake time, and a counter that is higher now may have begun again meanwhile.
    """
    return {
        name: Telling(sensor=now.value.sensor, measured=None if suspended else _measured(previous.get(name), now))
        for name, now in current.items()
    }


def believed(told: Told, flat: Mapping[str, int]) -> Believed:
    """Return what of a telling can be booked.

    `flat` is the number of samples in which each counter has stood still so far. One that has done so for
    `FLAT_SAMPLES` is not believed until it has moved again: what it gains by moving may be of the time that a model
    covered. Nor is a figure beyond all power, nor one of so long a time that a turn of the counter may be missing.
    Where one of several sensors that a source has of the same coverage says nothing, none of them does: half a sum
    would be taken for the whole.
    """
    still = {name: _flat_samples(one, flat.get(name, 0)) for name, one in told.items()}
    doubts = {name: doubt for name, one in told.items() if (doubt := _doubt(one, still[name], flat.get(name, 0)))}
    left = {name: replace(one, measured=None) if name in doubts else one for name, one in told.items()}
    silent = {_group(one.sensor) for one in left.values() if one.measured is None}
    return Believed(
        told=left,
        measured=tuple(
            one.measured for one in left.values() if one.measured is not None and _group(one.sensor) not in silent
        ),
        flat={name: count for name, count in still.items() if count},
        events=tuple(
            Event(kind=EventKind.DISCARD, source=told[name].sensor.source, reason=doubt)
            for name, doubt in doubts.items()
        ),
    )


def _measured(before: Timed[EnergyCounter] | None, now: Timed[EnergyCounter]) -> Measured | None:
    gained = None if before is None else _gained(before.value, now.value)
    if before is None or gained is None or now.at <= before.at:
        return None
    return Measured(
        sensor=now.value.sensor,
        energy=gained,
        span=Span(start=before.at, end=now.at),
        ambiguous=may_have_turned(before, now.at),
    )


def may_have_turned(before: Timed[EnergyCounter], now: MonotonicSeconds) -> bool:
    """Tell whether a counter may have run through its whole range since a reading, which nothing would show."""
    limit = before.value.wraps_at
    return limit is not None and MOST_WATTS * (now - before.at) >= limit


def _flat_samples(telling: Telling, before: int) -> int:
    """Return how many samples in a row a counter has stood still."""
    if telling.measured is None or telling.sensor.covers not in NEVER_FLAT:
        return before
    return 0 if telling.measured.energy > 0.0 else before + 1


def _doubt(telling: Telling, still: int, before: int) -> str:
    """Return why a measurement is not believed; empty where it is."""
    if telling.measured is None:
        return ""
    limit = MAX_MACHINE_WATTS if telling.sensor.covers is Coverage.MACHINE else MAX_PART_WATTS
    if telling.measured.ambiguous or telling.measured.energy > limit * telling.measured.span.length:
        return "implausible"
    return "frozen" if max(still, before) > FLAT_SAMPLES else ""


def _group(sensor: Sensor) -> tuple[str, Coverage]:
    return sensor.source, sensor.covers


def resets_between(previous: Counters, current: Counters, *, suspended: bool) -> tuple[Event, ...]:
    """Return a reset and a discarded reading for every counter that fell without having wrapped.

    After the machine was `suspended` no fall is a wrap: counters begin again while it sleeps.
    """
    fallen = [
        now.value.sensor.source
        for name, now in current.items()
        if name in previous and _fell(previous[name].value, now.value, suspended=suspended)
    ]
    return tuple(
        event
        for source in fallen
        for event in (
            Event(kind=EventKind.RESET, source=source),
            Event(kind=EventKind.DISCARD, source=source, reason="reset"),
        )
    )


def _fell(before: EnergyCounter, now: EnergyCounter, *, suspended: bool) -> bool:
    return now.energy < before.energy if suspended else _gained(before, now) is None


def _gained(before: EnergyCounter, now: EnergyCounter) -> Joules | None:
    """Return the energy from one reading to the next; None after a fall that is no wrap.

    A fall counts as a wrap only from the upper half of the counter's range into the lower half: a counter that was
    set back while the machine slept would otherwise book nearly its whole range.
    """
    if now.energy >= before.energy:
        return Joules(now.energy - before.energy)
    limit = now.wraps_at
    if limit is None or not (now.energy < limit / 2 <= before.energy <= limit):
        return None
    return Joules(now.energy + limit - before.energy)
