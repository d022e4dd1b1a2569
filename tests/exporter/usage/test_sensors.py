"""Gains of a sensor's counter, and cases in which it tells nothing or is not believed."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules, MonotonicSeconds
from exporter.power.component import MAX_MACHINE_WATTS, Coverage, EnergyCounter, Sensor
from exporter.sources.reading import Timed
from exporter.totals import MAX_SENSORS, add_sensors
from exporter.usage.events import Event, EventKind
from exporter.usage.sensors import (
    FLAT_SAMPLES,
    MAX_PART_WATTS,
    NEVER_FLAT,
    Counters,
    Measured,
    Telling,
    believed,
    resets_between,
    told_between,
)
from exporter.usage.span import Span

RANGE = Joules(1000.0)


def sensor(covers: Coverage = Coverage.PACKAGE) -> Sensor:
    return Sensor(source="rapl", covers=covers, factor=1.05, description="a fake")


def at(moment: float, energy: float, wraps_at: Joules | None = RANGE) -> Counters:
    counter = EnergyCounter(sensor=sensor(), energy=Joules(energy), wraps_at=wraps_at)
    return {"package-0": Timed(value=counter, at=MonotonicSeconds(moment))}


def measured_between(before: Counters, now: Counters, *, suspended: bool = False) -> tuple[Measured, ...]:
    return believed(told_between(before, now, suspended=suspended), {}).measured


def telling(energy: float | None, covers: Coverage = Coverage.PACKAGE) -> Telling:
    span = Span(start=MonotonicSeconds(0.0), end=MonotonicSeconds(5.0))
    measured = None if energy is None else Measured(sensor=sensor(covers), energy=Joules(energy), span=span)
    return Telling(sensor=sensor(covers), measured=measured)


@given(
    start=st.floats(min_value=0, max_value=999),
    steps=st.lists(st.floats(min_value=0, max_value=499), min_size=1, max_size=30),
)
def test_a_counter_that_wraps_loses_nothing(start: float, steps: list[float]) -> None:
    spent = start
    found = 0.0
    for second, step in enumerate(steps):
        before, spent = spent, spent + step
        (measured,) = measured_between(at(second, before % RANGE), at(second + 1, spent % RANGE))
        found += measured.energy
    assert found == pytest.approx(sum(steps), abs=1e-6)


@pytest.mark.parametrize(("seconds", "is_told"), [(1.9, True), (2.0, False), (4000.0, False)])
def test_over_a_time_in_which_a_turn_may_be_missing_a_counter_is_not_believed(seconds: float, is_told: bool) -> None:
    found = believed(told_between(at(0.0, 100.0), at(seconds, 300.0), suspended=False), {})
    assert bool(found.measured) is is_told
    assert [one.reason for one in found.events] == ([] if is_told else ["implausible"])


@pytest.mark.parametrize("wraps_at", [None, RANGE])
def test_a_fall_that_is_no_wrap_books_nothing_and_is_counted(wraps_at: Joules | None) -> None:
    before, now = at(0.0, 400.0, wraps_at), at(5.0, 20.0, wraps_at)
    assert measured_between(before, now) == ()
    assert resets_between(before, now, suspended=False) == RESET


RESET = (
    Event(kind=EventKind.RESET, source="rapl"),
    Event(kind=EventKind.DISCARD, source="rapl", reason="reset"),
)


@pytest.mark.parametrize(("after", "events"), [(20.0, RESET), (990.0, ())])
def test_over_a_suspension_a_counter_says_nothing_and_no_fall_is_a_wrap(
    after: float, events: tuple[Event, ...]
) -> None:
    before, now = at(0.0, 980.0), at(1.0, after)
    assert len(measured_between(before, now)) == 1
    assert resets_between(before, now, suspended=False) == ()
    assert measured_between(before, now, suspended=True) == ()
    assert resets_between(before, now, suspended=True) == events


def test_a_sensor_seen_for_the_first_time_only_starts() -> None:
    assert measured_between({}, at(5.0, 20.0)) == ()
    assert resets_between({}, at(5.0, 20.0), suspended=False) == ()


def test_a_sensor_that_is_gone_tells_nothing() -> None:
    assert measured_between(at(0.0, 1.0), {}) == ()


def test_where_one_of_two_packages_says_nothing_neither_does_the_other() -> None:
    """The time of both would be taken for measured, and half of the energy for all of it."""

    def both(moment: float, first: float, second: float) -> Counters:
        return {**at(moment, first), "package-1": at(moment, second)["package-0"]}

    assert len(measured_between(both(0.0, 1.0, 400.0), both(1.0, 2.0, 401.0))) == 2
    assert measured_between(both(0.0, 1.0, 400.0), both(1.0, 2.0, 20.0)) == ()
    assert measured_between(at(0.0, 1.0), both(1.0, 2.0, 20.0)) == ()


def samples(energies: Iterable[float], covers: Coverage = Coverage.PACKAGE) -> list[str]:
    """Return what becomes of a counter's samples in turn: its joules where they are booked, and why not else."""
    flat: dict[str, int] = {}
    found = []
    for energy in energies:
        result = believed({"one": telling(energy, covers)}, flat)
        flat = dict(result.flat)
        found.append(" ".join([*(f"{one.energy:g} J" for one in result.measured), *(e.reason for e in result.events)]))
    return found


def test_a_counter_that_stands_still_is_given_up_until_it_has_moved_again() -> None:
    flat = ["0 J"] * FLAT_SAMPLES
    told = samples([9.0, *[0.0] * FLAT_SAMPLES, 0.0, 0.0, 70.0, 8.0])
    assert told == ["9 J", *flat, "frozen", "frozen", "frozen", "8 J"]


def test_what_a_slow_counter_catches_up_with_is_booked_once() -> None:
    told = samples([0.0] * FLAT_SAMPLES + [40.0] + [0.0] * FLAT_SAMPLES)
    assert told == ["0 J"] * FLAT_SAMPLES + ["40 J"] + ["0 J"] * FLAT_SAMPLES


@pytest.mark.parametrize("covers", Coverage)
def test_only_what_always_draws_power_can_be_frozen(covers: Coverage) -> None:
    assert ("frozen" in samples([0.0] * 10, covers)) is (covers in NEVER_FLAT)


def test_where_one_of_two_packages_is_frozen_neither_counts() -> None:
    told = {"package-0": telling(9.0), "package-1": telling(0.0), "dram": telling(2.0, Coverage.MEMORY)}
    result = believed(told, {"package-1": FLAT_SAMPLES})
    assert [one.sensor.covers for one in result.measured] == [Coverage.MEMORY]
    assert [event.reason for event in result.events] == ["frozen"]


@pytest.mark.parametrize("covers", Coverage)
def test_a_power_that_nothing_draws_is_a_bad_reading(covers: Coverage) -> None:
    most = 5.0 * (MAX_MACHINE_WATTS if covers is Coverage.MACHINE else MAX_PART_WATTS)
    assert samples([most, most * 1.01, most], covers) == [f"{most:g} J", "implausible", f"{most:g} J"]


def test_sensors_that_come_and_go_leave_a_bounded_number_of_series() -> None:
    totals = add_sensors({}, {f"hwmon {number}": telling(None) for number in range(2 * MAX_SENSORS)})
    assert len(totals) == MAX_SENSORS
    assert set(totals.values()) == {0.0}
    assert add_sensors(totals, {"hwmon 0": telling(5.0), "hwmon new": telling(5.0)}) == {**totals, "hwmon 0": 5.0}
