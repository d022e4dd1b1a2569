"""Laws of budgets: calendars with summer time, downtime, clocks that step, and no gram lost."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Booked, Bounds, BudgetStatus, Period, book, bounds_at
from exporter.core.units import Grams, UnixSeconds
from exporter.projection import status
from exporter.week import WeekProfile

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600.0


def at(text: str, zone: ZoneInfo = BERLIN) -> UnixSeconds:
    """Return the time that a local time such as `2026-03-29 12:00` names."""
    return UnixSeconds(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)]
)
def test_a_day_has_the_hours_that_the_calendar_gives_it(day: str, hours: int) -> None:
    bounds = bounds_at(Period.DAY, at(f"{day} 12:00"), BERLIN)
    assert bounds.start == at(f"{day} 00:00")
    assert bounds.end - bounds.start == hours * HOUR


@pytest.mark.parametrize(
    ("moment", "monday", "hours"),
    [
        ("2026-03-02 00:00", "2026-03-02", 168),
        ("2026-03-08 23:59", "2026-03-02", 168),
        ("2026-03-29 23:59", "2026-03-23", 167),
        ("2026-10-25 12:00", "2026-10-19", 169),
        ("2026-01-01 12:00", "2025-12-29", 168),
    ],
)
def test_a_week_begins_on_monday(moment: str, monday: str, hours: int) -> None:
    bounds = bounds_at(Period.WEEK, at(moment), BERLIN)
    assert bounds.start == at(f"{monday} 00:00")
    assert bounds.end - bounds.start == hours * HOUR


@pytest.mark.parametrize(
    ("moment", "first", "following"),
    [
        ("2026-02-28 23:59", "2026-02-01", "2026-03-01"),
        ("2028-02-29 12:00", "2028-02-01", "2028-03-01"),
        ("2026-12-31 23:59", "2026-12-01", "2027-01-01"),
        ("2026-03-31 12:00", "2026-03-01", "2026-04-01"),
    ],
)
def test_a_month_begins_on_its_first(moment: str, first: str, following: str) -> None:
    bounds = bounds_at(Period.MONTH, at(moment), BERLIN)
    assert bounds == Bounds(start=at(f"{first} 00:00"), end=at(f"{following} 00:00"))


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Africa/Cairo", "2026-04-24"), ("America/Havana", "2026-11-01"), ("Pacific/Apia", "2011-12-31")],
    ids=["midnight that does not exist", "midnight that comes twice", "day that does not exist"],
)
def test_odd_midnights_leave_no_gap_between_days(zone: str, day: str) -> None:
    today = bounds_at(Period.DAY, at(f"{day} 12:00", ZoneInfo(zone)), ZoneInfo(zone))
    before = bounds_at(Period.DAY, UnixSeconds(today.start - 1.0), ZoneInfo(zone))
    assert before.end == today.start


@given(
    period=st.sampled_from(list(Period)),
    zone=st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]
    ),
    now=st.integers(min_value=1_600_000_000, max_value=2_500_000_000),
)
def test_every_moment_is_in_the_period_that_contains_it(period: Period, zone: str, now: int) -> None:
    place = ZoneInfo(zone)
    bounds = bounds_at(period, UnixSeconds(now), place)
    assert bounds.start <= now < bounds.end
    assert bounds_at(period, bounds.start, place) == bounds
    assert bounds_at(period, UnixSeconds(bounds.end - 1.0), place) == bounds
    assert bounds_at(period, bounds.end, place).start == bounds.end


def spent(*bookings: tuple[str, float]) -> Booked:
    booked: Booked = {}
    for moment, grams in bookings:
        booked = book(booked, Grams(grams), at(moment), BERLIN)
    return booked


def used(booked: Booked, period: Period, moment: str) -> float:
    (one,) = standing({period: Grams(100.0)}, booked, at(moment))
    return one.used


def standing(limits: dict[Period, Grams], booked: Booked, now: UnixSeconds) -> tuple[BudgetStatus, ...]:
    return status(limits, booked, WeekProfile(), since=now, now=now, zone=BERLIN)


def test_a_day_starts_at_zero_and_the_week_and_month_go_on() -> None:
    booked = spent(("2026-03-03 23:59", 5.0), ("2026-03-04 00:00", 2.0))
    assert used(booked, Period.DAY, "2026-03-04 00:00") == 2.0
    assert used(booked, Period.WEEK, "2026-03-04 00:00") == 7.0
    assert used(booked, Period.MONTH, "2026-03-04 00:00") == 7.0


def test_a_day_after_downtime_is_known_to_be_unspent() -> None:
    booked = spent(("2026-03-03 22:00", 5.0))
    assert used(booked, Period.DAY, "2026-03-05 09:00") == 0.0
    assert used(booked, Period.WEEK, "2026-03-05 09:00") == 5.0


def test_a_clock_that_steps_back_over_midnight_goes_on_with_both_days() -> None:
    booked = spent(
        ("2026-03-31 23:59", 5.0),
        ("2026-04-01 00:01", 2.0),
        ("2026-03-31 23:58", 1.0),
        ("2026-04-01 00:00", 3.0),
    )
    assert used(booked, Period.DAY, "2026-03-31 23:59") == 6.0
    assert used(booked, Period.DAY, "2026-04-01 00:02") == 5.0
    assert used(booked, Period.MONTH, "2026-03-31 23:59") == 6.0
    assert used(booked, Period.MONTH, "2026-04-01 00:02") == 5.0
    assert used(booked, Period.WEEK, "2026-04-01 00:02") == 11.0


def test_a_clock_that_was_years_ahead_for_a_moment_costs_nothing() -> None:
    booked = spent(("2026-03-03 10:00", 5.0), ("2036-03-03 10:00", 1.0), ("2026-03-03 10:01", 2.0))
    assert used(booked, Period.DAY, "2026-03-03 10:01") == 7.0


minutes = st.integers(min_value=-1430, max_value=1430)


@given(
    bookings=st.lists(st.tuples(st.floats(min_value=0, max_value=1e3), minutes), min_size=1, max_size=60),
    change=st.sampled_from(["2026-03-29 00:00", "2026-10-25 00:00", "2026-04-01 00:00"]),
)
def test_no_gram_is_lost_or_counted_twice(bookings: list[tuple[float, int]], change: str) -> None:
    """While the clock steps about among two days: no more periods than are remembered."""
    booked: Booked = {}
    midnight = at(change)
    now = midnight
    for grams, minute in bookings:
        now = UnixSeconds(midnight + 60.0 * minute)
        booked = book(booked, Grams(grams), now, BERLIN)
    for period in Period:
        assert sum(booked[period].values()) == pytest.approx(sum(grams for grams, _ in bookings), rel=1e-9)
        assert list(booked[period])[-1] == bounds_at(period, now, BERLIN).start


@given(st.lists(st.integers(min_value=0, max_value=3650), max_size=60))
def test_old_periods_are_forgotten_and_the_present_never_is(days: list[int]) -> None:
    booked: Booked = {}
    start = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
    for day in days:
        now = UnixSeconds(start + day * 24 * HOUR)
        before = used_now(booked, now)
        booked = book(booked, Grams(1.0), now, BERLIN)
        assert used_now(booked, now) == before + 1.0
        assert all(len(starts) <= 3 for starts in booked.values())


def used_now(booked: Booked, now: UnixSeconds) -> float:
    return standing({Period.DAY: Grams(1.0)}, booked, now)[0].used


def test_without_a_limit_there_is_no_budget() -> None:
    booked = spent(("2026-03-29 06:00", 40.0))
    found = standing({Period.WEEK: Grams(9.0)}, booked, at("2026-03-29 12:00"))
    assert [(one.period, one.limit, one.used) for one in found] == [(Period.WEEK, 9.0, 40.0)]
    assert standing({}, booked, at("2026-03-29 12:00")) == ()
