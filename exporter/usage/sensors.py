"""The energy that sensors measured between two readings."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.units import Joules
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.reading import Timed
from exporter.usage.events import Event, EventKind
from exporter.usage.span import Span

Counters = Mapping[str, Timed[EnergyCounter]]
"""The sensors that were read, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Energy that a sensor measured, and the awake time in which it was spent."""

    sensor: Sensor
    energy: Joules
    span: Span


def measured_between(previous: Counters, current: Counters) -> tuple[Measured, ...]:
    """Return the energy that each sensor in both readings measured between them.

    A sensor that is new, or that failed last time, only starts anew: a model covered the time before (ADR 11). A
    counter that fell says nothing about this interval. Where one of several sensors that a source has of the same
    coverage says nothing, none of them does: half a sum would be taken for the whole.
    """
    found = {name: _measured(previous.get(name), now) for name, now in current.items()}
    silent = {_group(current[name].value.sensor) for name, one in found.items() if one is None}
    return tuple(one for one in found.values() if one is not None and _group(one.sensor) not in silent)


def _measured(before: Timed[EnergyCounter] | None, now: Timed[EnergyCounter]) -> Measured | None:
    gained = None if before is None else _gained(before.value, now.value)
    if before is None or gained is None or now.at <= before.at:
        return None
    return Measured(sensor=now.value.sensor, energy=gained, span=Span(start=before.at, end=now.at))


def _group(sensor: Sensor) -> tuple[str, Coverage]:
    return sensor.source, sensor.covers


def resets_between(previous: Counters, current: Counters) -> tuple[Event, ...]:
    """Return a reset and a discarded reading for every counter that fell without having wrapped."""
    fallen = [
        now.value.sensor.source
        for name, now in current.items()
        if name in previous and _gained(previous[name].value, now.value) is None
    ]
    return tuple(
        event
        for source in fallen
        for event in (
            Event(kind=EventKind.RESET, source=source),
            Event(kind=EventKind.DISCARD, source=source, reason="reset"),
        )
    )


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
