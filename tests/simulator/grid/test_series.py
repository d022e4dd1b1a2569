"""A series in the steps of a run: the values that hold, and nothing beyond them."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.grid.series import GridError, GridSeries

START = datetime(2021, 1, 1, tzinfo=UTC)
HOUR = 3600


def series(values: list[float], *, start: datetime = START, step: int = HOUR) -> GridSeries:
    """Return a series whose prices are a thousandth of its intensities."""
    intensity = np.array(values)
    return GridSeries(
        zone="XX",
        start=start,
        step_seconds=step,
        intensity_grams_per_kwh=intensity,
        price_per_kwh=intensity / 1000,
        source="a test",
    )


def year_of(start: datetime, days: int) -> GridSeries:
    """Return a year in which each hour has the number of its day, counted from 0."""
    return series(np.repeat(np.arange(days, dtype=float), 24).tolist(), start=start)


def test_an_hours_value_holds_in_each_step_of_the_hour() -> None:
    intensity, price = series([100, 250]).at_steps(START + timedelta(minutes=50), 300, 4)
    assert intensity.tolist() == [100, 100, 250, 250]
    assert price.tolist() == [0.1, 0.1, 0.25, 0.25]


def test_a_step_over_two_hours_has_their_mean_by_time() -> None:
    intensity, _ = series([100, 200, 400]).at_steps(START + timedelta(minutes=45), HOUR, 2)
    assert intensity.tolist() == [175, 350]
    assert series([100, 200]).at_steps(START, 2 * HOUR, 1)[0].tolist() == [150]


def test_an_unknown_price_spoils_only_the_steps_that_it_touches() -> None:
    known = GridSeries(
        zone="XX",
        start=START,
        step_seconds=HOUR,
        intensity_grams_per_kwh=np.array([1.0, 2.0, 3.0]),
        price_per_kwh=np.array([0.1, np.nan, 0.3]),
        source="a test",
    )
    assert np.isnan(known.at_steps(START, HOUR // 2, 6)[1]).tolist() == [False, False, True, True, False, False]


@given(
    values=st.lists(st.floats(0, 1500), min_size=1, max_size=40),
    step=st.integers(1, 20_000),
    offset=st.integers(0, 50_000),
    count=st.integers(0, 60),
)
def test_the_sum_over_time_is_kept(values: list[float], step: int, offset: int, count: int) -> None:
    one, begins = series(values), START + timedelta(seconds=offset)
    if offset + step * count > HOUR * len(values):
        with pytest.raises(GridError, match="expected values from 2021-01-01"):
            one.at_steps(begins, step, count)
        return
    intensity, _ = one.at_steps(begins, step, count)
    seconds = np.repeat(values, HOUR)[offset : offset + step * count]
    assert intensity == pytest.approx(seconds.reshape(count, step).mean(axis=1), rel=1e-9)


@given(values=st.lists(st.floats(0, 1500), min_size=3, max_size=40), parts=st.sampled_from([1, 2, 4, 12, 60]))
def test_steps_within_hours_have_their_values_to_the_last_bit(values: list[float], parts: int) -> None:
    intensity, _ = series(values).at_steps(START, HOUR // parts, parts * len(values))
    assert intensity.tolist() == np.repeat(values, parts).tolist()


def test_the_time_zone_of_a_question_does_not_matter() -> None:
    there = (START + timedelta(hours=1)).astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert series([1, 2, 3]).at_steps(there, HOUR, 2)[0].tolist() == [2, 3]


@pytest.mark.parametrize(("begins", "count"), [(-1, 1), (0, 4), (3, 1), (400, 1)])
def test_a_span_that_is_not_covered_is_refused_with_both_spans(begins: int, count: int) -> None:
    start = START + timedelta(hours=begins)
    with pytest.raises(GridError) as error:
        series([1, 2, 3]).at_steps(start, HOUR, count)
    end = start + timedelta(hours=count)
    assert str(error.value) == (
        f"XX: expected values from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC, "
        "got those from 2021-01-01 00:00 to 2021-01-01 03:00 UTC"
    )


def test_the_arrays_are_copies_that_cannot_be_written_to() -> None:
    given_values = np.array([1.0, 2.0])
    one = GridSeries(
        zone="XX",
        start=START,
        step_seconds=HOUR,
        intensity_grams_per_kwh=given_values,
        price_per_kwh=given_values,
        source="a test",
    )
    given_values[0] = 7
    assert one.intensity_grams_per_kwh.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        one.price_per_kwh[0] = 7


def test_a_year_repeats_by_its_dates() -> None:
    year = year_of(START, 365)
    intensity, _ = year.at_steps(datetime(2022, 12, 31, tzinfo=UTC), HOUR, 48, repeat=True)
    assert intensity.tolist() == [364] * 24 + [0] * 24
    earlier, _ = year.at_steps(datetime(1999, 7, 1, tzinfo=UTC), HOUR, 24, repeat=True)
    assert earlier.tolist() == [181] * 24


def test_29_february_is_as_the_day_before_where_the_year_has_none() -> None:
    intensity, _ = year_of(START, 365).at_steps(datetime(2024, 2, 28, tzinfo=UTC), 24 * HOUR, 3, repeat=True)
    assert intensity == pytest.approx([58, 58, 59])


def test_29_february_is_left_out_of_years_without_one() -> None:
    leap = year_of(datetime(2020, 1, 1, tzinfo=UTC), 366)
    assert leap.at_steps(datetime(2021, 2, 28, tzinfo=UTC), 24 * HOUR, 2, repeat=True)[0] == pytest.approx([58, 60])
    assert leap.at_steps(datetime(2024, 2, 28, tzinfo=UTC), 24 * HOUR, 3, repeat=True)[0] == pytest.approx([58, 59, 60])


@pytest.mark.parametrize("first", [datetime(2020, 6, 1, tzinfo=UTC), datetime(2019, 6, 1, 5, tzinfo=UTC)])
def test_a_year_may_begin_on_any_day(first: datetime) -> None:
    year = year_of(first, (first.replace(year=first.year + 1) - first).days)
    for other in range(2015, 2026):
        intensity, _ = year.at_steps(first.replace(year=other), 24 * HOUR, 2, repeat=True)
        assert intensity == pytest.approx([0, 1])
        assert year.at_steps(first.replace(year=other) - timedelta(hours=1), HOUR, 1, repeat=True)[0] == [
            (year.end - year.start).days - 1
        ]


@settings(max_examples=40)
@given(start=st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), days=st.integers(1, 1500))  # noqa: DTZ001
def test_a_repeated_year_is_that_of_each_date(start: datetime, days: int) -> None:
    begins = start.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    intensity, _ = year_of(START, 365).at_steps(begins, 24 * HOUR, days, repeat=True)
    dates = [begins + timedelta(days=number) for number in range(days)]
    same = [date.replace(year=2021, day=28 if (date.month, date.day) == (2, 29) else date.day) for date in dates]
    assert intensity == pytest.approx([(date - START).days for date in same])


@pytest.mark.parametrize("days", [1, 364, 366])
def test_only_a_whole_year_repeats(days: int) -> None:
    with pytest.raises(GridError, match="expected a whole year to repeat"):
        year_of(START, days).at_steps(START, HOUR, 1, repeat=True)


@pytest.mark.parametrize(
    "damage",
    [
        {"start": datetime(2021, 1, 1)},  # noqa: DTZ001
        {"start": START.replace(microsecond=1)},
        {"step_seconds": 0},
        {"intensity_grams_per_kwh": np.array([1.0])},
        {"intensity_grams_per_kwh": np.array([]), "price_per_kwh": np.array([])},
        {"intensity_grams_per_kwh": np.array([1.0, np.nan])},
    ],
)
def test_a_series_that_makes_no_sense_is_refused(damage: dict[str, object]) -> None:
    sound: dict[str, object] = {
        "zone": "XX",
        "start": START,
        "step_seconds": HOUR,
        "intensity_grams_per_kwh": np.array([1.0, 2.0]),
        "price_per_kwh": np.array([1.0, np.nan]),
        "source": "a test",
    }
    assert GridSeries(**sound).end == START + timedelta(hours=2)  # type: ignore[arg-type]
    with pytest.raises(GridError, match=r"^XX: expected"):
        GridSeries(**(sound | damage))  # type: ignore[arg-type]


@pytest.mark.parametrize("repeat", [False, True])
def test_a_question_that_makes_no_sense_is_refused(repeat: bool) -> None:
    year = year_of(START, 365)
    for start, step in ((START.replace(tzinfo=None), HOUR), (START, 0), (START.replace(microsecond=5), HOUR)):
        with pytest.raises(GridError, match=r"^XX: expected"):
            year.at_steps(start, step, 1, repeat=repeat)
