"""The verified error of forecasts: by horizon, of the same hours as yesterday's value, and through clock steps."""

import math
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, GramsPerKwh, UnixSeconds
from exporter.intensity.by_hour import ByHour
from exporter.intensity.reading import HORIZONS, IntensityReading, Method, Outlook, Point
from exporter.intensity.verification import MOST_HOURS, Verification
from tests.fake_clock import NOON

Truth = Callable[[float], float]

CURRENT_HOUR = 500
"""Bytes for the hour that was seen last, and the like; a week of errors as objects would take a hundred times more."""


def daily(hour: float) -> float:
    """Return the intensity of a grid that repeats each day, and grows by 1 g/kWh each day."""
    return 200.0 + 50.0 * math.sin(2 * math.pi * hour / 24) + hour // 24


def live(verification: Verification, hours: range, truth: Truth, forecast: Truth, reach: int = 36) -> None:
    for hour in hours:
        now = UnixSeconds(NOON + hour * SECONDS_PER_HOUR)
        points = tuple(
            Point(now + at * SECONDS_PER_HOUR, now + (at + 1) * SECONDS_PER_HOUR, forecast(hour + at), Method.FORECAST)
            for at in range(1, reach)
        )
        verification.observe(now, reading(truth(hour)), Outlook(points=points))


def reading(value: float, method: Method = Method.MEASURED) -> IntensityReading:
    return IntensityReading(
        value=GramsPerKwh(value), zone="X", provider="x", described_at=NOON, description="made up", method=method
    )


@pytest.mark.slow
@given(offset=st.floats(-100.0, 100.0))
def test_a_forecast_that_is_off_by_so_much_has_that_error(offset: float) -> None:
    verification = Verification()
    live(verification, range(24 * 10), daily, lambda hour: daily(hour) + offset)
    errors = verification.mean_errors()
    assert set(errors) == set(HORIZONS)
    for forecast, yesterday in errors.values():
        assert forecast == pytest.approx(abs(offset), abs=1e-9)
        assert yesterday == pytest.approx(1.0)


def test_errors_are_of_the_last_week_alone() -> None:
    verification = Verification()
    live(verification, range(24 * 5), daily, lambda hour: daily(hour) + 80.0)
    live(verification, range(24 * 5, 24 * 5 + MOST_HOURS + 24), daily, daily)
    assert all(forecast == pytest.approx(0.0, abs=1e-9) for forecast, _ in verification.mean_errors().values())


def test_a_forecast_that_does_not_reach_so_far_has_no_error_there() -> None:
    verification = Verification()
    live(verification, range(24 * 3), daily, daily, reach=8)
    assert set(verification.mean_errors()) == {1, 6}


@pytest.mark.parametrize("method", [Method.FORECAST, Method.LAST_KNOWN, Method.STATIC])
def test_only_what_was_observed_verifies(method: Method) -> None:
    verification = Verification()
    for hour in range(72):
        now = UnixSeconds(NOON + hour * SECONDS_PER_HOUR)
        outlook = Outlook(points=(Point(now, now + 90_000, 100.0, Method.FORECAST),))
        verification.observe(now, reading(100.0, method), outlook)
    assert verification.mean_errors() == {}
    assert all(not any(hours.values()) for hours in verification.judged().values())


@pytest.mark.parametrize("late", [0, 1, 6, 23])
def test_a_value_that_is_published_late_verifies_like_one_that_is_in_force(late: int) -> None:
    """Some providers tell only a forecast of the present, and hours later what it was."""
    verification = Verification()
    for hour in range(24 * 5):
        now = UnixSeconds(NOON + hour * SECONDS_PER_HOUR)
        told = [
            Point(now + at * SECONDS_PER_HOUR, now + (at + 1) * SECONDS_PER_HOUR, daily(hour + at) + 7.0, method)
            for at, method in ((at, Method.FORECAST) for at in range(-late + 1, 30))
        ]
        past = Point(now - late * 3600.0, now - (late - 1) * 3600.0, daily(hour - late), Method.ESTIMATED)
        verification.observe(now, reading(daily(hour) + 7.0, Method.FORECAST), Outlook(points=(past, *told)))
    errors = verification.mean_errors()
    assert set(errors) == set(HORIZONS)
    assert all(forecast == pytest.approx(7.0) for forecast, _ in errors.values())
    assert all(hours[Method.MEASURED] == 0 < hours[Method.ESTIMATED] for hours in verification.judged().values())


def test_each_hour_counts_once_however_often_it_is_told() -> None:
    verification = Verification()
    live(verification, range(24 * 3), daily, daily)
    before = {horizon: dict(hours) for horizon, hours in verification.judged().items()}
    live(verification, range(24 * 3 - 1, 24 * 3), daily, daily)
    assert verification.judged() == before
    assert before[24] == {Method.ESTIMATED: 0, Method.MEASURED: 24 * 2}


@given(steps=st.lists(st.integers(-100, 100), max_size=30))
def test_what_is_kept_stays_small_however_the_clock_is_set(steps: list[int]) -> None:
    verification, hour = Verification(), 0
    for step in steps:
        hour += step
        live(verification, range(hour, hour + 3), daily, daily)
        assert len(verification.observed) <= 49
        assert sum(map(len, verification.waiting.values())) <= sum(HORIZONS) + 25 * len(HORIZONS)


def test_a_week_takes_no_more_memory_than_an_hour() -> None:
    """A table that fills up for a week cannot be told from a leak until then."""
    ours = [tracemalloc.Filter(True, f"*/intensity/{name}.py") for name in ("verification", "by_hour")]

    def taken() -> int:
        return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(ours).traces)

    tracemalloc.start()
    try:
        verification, before = Verification(), taken()
        live(verification, range(2), daily, daily)
        assert taken() - before <= CURRENT_HOUR
        live(verification, range(2, 8 * HOURS_PER_DAY), daily, daily)
        assert taken() - before <= CURRENT_HOUR
    finally:
        tracemalloc.stop()
    assert all(sum(hours.values()) == MOST_HOURS for hours in verification.judged().values())


@given(numbers=st.lists(st.tuples(st.integers(-60, 60), st.floats(0.0, 1000.0))), first=st.integers(-30, 0))
def test_numbers_by_hour_are_those_of_a_mapping(numbers: list[tuple[int, float]], first: int) -> None:
    """As long as they are of so many hours in a row, as of all that may come."""
    last, kept = first + 48, dict[int, float]()
    ours = ByHour(49)
    for hour, value in numbers:
        if first <= hour <= last:
            ours.put(hour, value)
            kept[hour] = value
    assert len(ours) == len(kept)
    assert [ours.get(hour) for hour in range(-100, 100)] == [kept.get(hour) for hour in range(-100, 100)]
    ours.keep(first + 5, last - 5)
    kept = {hour: value for hour, value in kept.items() if first + 5 <= hour <= last - 5}
    assert [ours.pop(hour) for hour in range(-100, 100)] == [kept.get(hour) for hour in range(-100, 100)]
    assert len(ours) == 0
