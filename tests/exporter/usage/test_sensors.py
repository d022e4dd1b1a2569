"""What a sensor's counter gained, and when it tells nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Joules, MonotonicSeconds, Ratio
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.reading import Timed
from exporter.usage.events import Event, EventKind
from exporter.usage.sensors import Counters, measured_between, resets_between

RANGE = Joules(1000.0)

PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, uncertainty=Ratio(0.05), description="package 0")


def at(moment: float, energy: float, wraps_at: Joules | None = RANGE) -> Counters:
    counter = EnergyCounter(sensor=PACKAGE, energy=Joules(energy), wraps_at=wraps_at)
    return {"package-0": Timed(value=counter, at=MonotonicSeconds(moment))}


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


@pytest.mark.parametrize("wraps_at", [None, RANGE])
def test_a_fall_that_is_no_wrap_books_nothing_and_is_counted(wraps_at: Joules | None) -> None:
    before, now = at(0.0, 400.0, wraps_at), at(5.0, 20.0, wraps_at)
    assert measured_between(before, now) == ()
    assert resets_between(before, now) == (
        Event(kind=EventKind.RESET, source="rapl"),
        Event(kind=EventKind.DISCARD, source="rapl", reason="reset"),
    )


def test_a_sensor_seen_for_the_first_time_only_starts() -> None:
    assert measured_between({}, at(5.0, 20.0)) == ()
    assert resets_between({}, at(5.0, 20.0)) == ()


def test_a_sensor_that_is_gone_tells_nothing() -> None:
    assert measured_between(at(0.0, 1.0), {}) == ()


def test_where_one_of_two_packages_says_nothing_neither_does_the_other() -> None:
    """The time of both would be taken for measured, and half of the energy for all of it."""

    def both(moment: float, first: float, second: float) -> Counters:
        return {**at(moment, first), "package-1": at(moment, second)["package-0"]}

    assert len(measured_between(both(0.0, 1.0, 400.0), both(5.0, 2.0, 401.0))) == 2
    assert measured_between(both(0.0, 1.0, 400.0), both(5.0, 2.0, 20.0)) == ()
    assert measured_between(at(0.0, 1.0), both(5.0, 2.0, 20.0)) == ()
