"""Laws of the projection: what is used is never taken back, the usual period comes out as usual, and nothing is NaN."""

import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budget import Booked, BudgetStatus, Period, book, bounds_at
from exporter.core.units import Grams, UnixSeconds
from exporter.projection import MAX_RATIO, status
from exporter.week import HOURS, WeekProfile
from tests.exporter.fakes import BERLIN

OFFICE = tuple(10.0 if hour // 24 < 5 and 9 <= hour % 24 < 17 else 0.0 for hour in range(HOURS))
"""A laptop that emits 10 g/h from 9 to 17 h on weekdays."""

LONG_AGO = UnixSeconds(0.0)


def at(text: str) -> UnixSeconds:
    """Return the time that a local time such as `2026-03-24 12:00` names."""
    return UnixSeconds(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


def learned(rates: tuple[float, ...]) -> WeekProfile:
    return WeekProfile(rates=rates, weights=(4.0,) * HOURS)


def standing(
    profile: WeekProfile, used: float, now: UnixSeconds, period: Period = Period.DAY, since: UnixSeconds = LONG_AGO
) -> BudgetStatus:
    booked: Booked = book({}, Grams(used), now, BERLIN)
    (one,) = status({period: Grams(100.0)}, booked, profile, since=since, now=now, zone=BERLIN)
    return one


def projected(
    profile: WeekProfile, used: float, now: UnixSeconds, period: Period = Period.DAY, since: UnixSeconds = LONG_AGO
) -> float:
    found = standing(profile, used, now, period, since).projected
    assert found is not None
    return found


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("now", ["2026-03-24 00:00", "2026-03-24 12:30", "2026-03-29 02:59", "2026-10-25 23:00"])
def test_a_period_that_is_as_usual_ends_as_usual(period: Period, now: str) -> None:
    """On days of 23, 24 and 25 hours, and in their weeks and months."""
    profile = learned(tuple(1.0 + hour % 7 for hour in range(HOURS)))
    bounds = bounds_at(period, at(now), BERLIN)
    usual = profile.between(bounds.start, bounds.end, BERLIN)
    so_far = profile.between(bounds.start, at(now), BERLIN)
    assert projected(profile, so_far, at(now), period) == pytest.approx(usual)


def test_an_office_laptop_at_the_end_of_its_day_stays_where_it_is() -> None:
    assert projected(learned(OFFICE), 80.0, at("2026-03-24 17:00")) == pytest.approx(80.0)
    assert projected(learned(OFFICE), 40.0, at("2026-03-24 13:00")) == pytest.approx(80.0)
    assert projected(learned(OFFICE), 0.0, at("2026-03-24 08:00")) == pytest.approx(80.0)


def test_a_day_that_is_half_as_heavy_again_is_projected_so() -> None:
    assert projected(learned(OFFICE), 60.0, at("2026-03-24 13:00")) == pytest.approx(120.0, rel=0.03)


def test_one_busy_monday_does_not_double_the_month() -> None:
    """The first of June 2026 is a Monday."""
    profile = learned(OFFICE)
    usual = projected(profile, 0.0, at("2026-06-01 00:00"), Period.MONTH)
    assert projected(profile, 240.0, at("2026-06-01 17:00"), Period.MONTH) < 1.5 * usual


def test_hours_of_an_unusual_time_do_not_multiply_those_that_are_left() -> None:
    assert projected(learned(OFFICE), 30.0, at("2026-03-24 08:00")) <= 30.0 + MAX_RATIO * 80.0
    assert projected(learned(OFFICE), 30.0, at("2026-03-28 12:00")) == 30.0


def test_without_a_week_the_mean_so_far_goes_on_and_says_so() -> None:
    profile = WeekProfile(weights=(1.0,) * 100 + (0.0,) * 68)
    one = standing(profile, 30.0, at("2026-03-24 12:00"))
    assert one.learned == pytest.approx(100 / 168)
    assert one.projected == pytest.approx(60.0)
    began = at("2026-03-24 06:00")
    fresh = WeekProfile(hour_seconds=WeekProfile().hour_seconds)
    assert projected(fresh, 30.0, at("2026-03-24 12:00"), since=began) == pytest.approx(30.0 + 12 * 5.0)


def test_nothing_is_projected_in_the_first_moment() -> None:
    now = at("2026-03-24 12:00")
    assert standing(WeekProfile(), 0.0, now, since=now).projected is None


@given(
    rates=st.one_of(st.just((0.0,) * HOURS), st.tuples(*[st.floats(0.0, 1e6)] * HOURS)),
    known=st.booleans(),
    used=st.floats(0.0, 1e9),
    now=st.integers(1_600_000_000, 2_000_000_000),
    counted=st.floats(-1e9, 1e9),
)
def test_a_projection_is_a_number_and_never_less_than_what_is_used(
    rates: tuple[float, ...], known: bool, used: float, now: int, counted: float
) -> None:
    profile = learned(rates) if known else WeekProfile(rates=rates)
    limits = dict.fromkeys(Period, Grams(1.0))
    moment, since = UnixSeconds(float(now)), UnixSeconds(now - counted)
    booked = book({}, Grams(used), moment, BERLIN)
    for one in status(limits, booked, profile, since=since, now=moment, zone=BERLIN):
        assert one.projected is not None or since >= moment
        assert one.projected is None or (math.isfinite(one.projected) and one.projected >= used)


def test_the_limit_does_not_change_the_projection() -> None:
    profile, now = learned(OFFICE), at("2026-03-24 13:00")
    booked = book({}, Grams(50.0), now, BERLIN)
    found = {
        status({Period.DAY: Grams(limit)}, booked, profile, since=LONG_AGO, now=now, zone=BERLIN)[0].projected
        for limit in (1.0, 80.0, 1e6)
    }
    assert len(found) == 1
