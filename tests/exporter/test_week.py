"""Laws of the learned week: it is the mean of the hours seen, whatever clocks, calendars and gaps do."""

import math
import tracemalloc
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import week
from exporter.budget import Period, bounds_at
from exporter.core.units import Grams, Seconds, UnixSeconds
from exporter.week import HOURS, KEPT_SPANS, MEMORY_WEEKS, WeekProfile, observe
from tests.exporter.fakes import BERLIN

HOUR = 3600.0
WEEK = 168 * HOUR
MONDAY = UnixSeconds(datetime(2026, 1, 5, tzinfo=BERLIN).timestamp())
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]

zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
moments = st.integers(min_value=1_600_000_000, max_value=2_000_000_000)


def lived(
    hours: int, grams_per_hour: float, profile: WeekProfile | None = None, zone: ZoneInfo = BERLIN, step: float = 900.0
) -> WeekProfile:
    """Return a profile after so many more hours at a steady rate, observed every quarter of an hour."""
    profile = profile or observe(WeekProfile(), Grams(0.0), MONDAY, None, zone)
    for _ in range(int(hours * HOUR / step)):
        assert profile.at is not None
        now = UnixSeconds(profile.at + step)
        profile = observe(profile, Grams(grams_per_hour * step / HOUR), now, Seconds(step), zone)
    return profile


@given(zone=zones, start=moments, seconds=st.tuples(*[st.integers(0, 32 * 86_400)] * 2))
def test_the_hours_between_two_moments_are_all_of_the_time_and_add_up(
    zone: ZoneInfo, start: int, seconds: tuple[int, int]
) -> None:
    flat = WeekProfile(rates=(1.0,) * HOURS)
    uneven = WeekProfile(rates=tuple(float(hour) for hour in range(HOURS)))
    first, middle, last = (UnixSeconds(float(start + at)) for at in (0, seconds[0], sum(seconds)))
    assert flat.between(first, last, zone) == pytest.approx(sum(seconds) / HOUR, abs=1e-6)
    parts = uneven.between(first, middle, zone) + uneven.between(middle, last, zone)
    assert parts == pytest.approx(uneven.between(first, last, zone), abs=1e-3)


@pytest.mark.parametrize(("day", "expected"), [("2026-03-22", 276), ("2026-03-29", 274), ("2026-10-25", 278)])
def test_a_day_of_23_hours_has_no_third_hour_and_one_of_25_has_it_twice(day: str, expected: int) -> None:
    """A profile of n grams in the n-th hour of a Sunday, from zero: 276 g in all, 2 g in the hour of the change."""
    profile = WeekProfile(rates=(*(0.0,) * 144, *(float(hour) for hour in range(24))))
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    end = start.replace(hour=23, minute=59, second=59)
    found = profile.between(UnixSeconds(start.timestamp()), UnixSeconds(end.timestamp() + 1.0), BERLIN)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("zone", ZONES)
def test_a_steady_rate_is_the_rate_of_every_hour_over_changes_to_and_from_summer_time(zone: str) -> None:
    profile = lived(16 * 168, 3.0, zone=ZoneInfo(zone))
    assert profile.learned == 1.0
    assert set(profile.rates) == {3.0}
    assert sum(profile.rates) == pytest.approx(504.0)


@given(step=st.sampled_from([5.0, 60.0, 700.0, 3600.0]))
def test_grams_stay_with_their_hours_however_often_they_are_observed(step: float) -> None:
    profile = lived(3, 2.0, step=step)
    learned = sum(rate * weight for rate, weight in zip(profile.rates, profile.weights, strict=True))
    assert learned + profile.hour_grams == pytest.approx(2.0 * int(3 * HOUR / step) * step / HOUR, rel=1e-2)


def test_the_first_week_is_not_known_before_it_has_been_seen() -> None:
    profile = lived(30, 1.0)
    assert profile.learned == pytest.approx(29 / 168, abs=0.01)
    assert profile.counted == pytest.approx(30 * HOUR)
    assert lived(137, 1.0, profile).learned < 1.0
    assert lived(139, 1.0, profile).learned == 1.0


def test_a_change_of_habit_is_half_known_after_three_weeks_and_most_of_it_after_ten() -> None:
    before = lived(20 * 168, 10.0)
    after = [sum(lived(weeks * 168, 20.0, before).rates) / 168 for weeks in (3, 10)]
    assert after == pytest.approx([20.0 - 10.0 * math.exp(-weeks / MEMORY_WEEKS) for weeks in (3, 10)], abs=0.2)


def test_time_in_which_the_machine_was_off_is_time_without_emissions() -> None:
    always_on = lived(168, 1.0)
    assert always_on.at is not None
    back = observe(always_on, Grams(0.0), UnixSeconds(always_on.at + WEEK), None, BERLIN)
    twice = lived(1, 1.0, back)
    assert sum(twice.rates) == pytest.approx(168 / (1.0 + math.exp(1 / MEMORY_WEEKS)), rel=0.01)


def test_a_machine_that_sleeps_at_night_knows_its_nights() -> None:
    """Suspended time is in `elapsed`, and the grams that come after it belong to the morning."""
    profile = observe(WeekProfile(), Grams(0.0), MONDAY, None, BERLIN)
    now = MONDAY
    for _ in range(14):
        now = UnixSeconds(now + 16 * HOUR)
        profile = observe(profile, Grams(0.0), now, Seconds(16 * HOUR), BERLIN)
        for _ in range(8):
            now = UnixSeconds(now + HOUR)
            profile = observe(profile, Grams(5.0), now, Seconds(HOUR), BERLIN)
    assert profile.learned == 1.0
    assert {profile.rates[day * 24 + hour] for day in range(6) for hour in range(16)} == {0.0}
    assert {profile.rates[day * 24 + hour] for day in range(6) for hour in range(16, 23)} == {5.0}


@pytest.mark.parametrize("jump", [-10 * 365 * 86_400.0, -5 * HOUR, 5 * HOUR, 365 * 86_400.0])
@pytest.mark.parametrize("hours", [1, 6])
def test_a_wrong_clock_costs_no_more_than_the_hours_in_which_it_was_wrong(jump: float, hours: int) -> None:
    """Their grams fall into other hours of the week; no other hour changes, and no time comes in or goes."""
    learned = lived(6 * 168, 4.0)
    assert learned.at is not None
    profile = learned
    for hour in range(1, hours + 1):
        wrong = UnixSeconds(learned.at + jump + hour * HOUR)
        profile = observe(profile, Grams(9.0), wrong, Seconds(HOUR), BERLIN)
    right = UnixSeconds(learned.at + (hours + 1) * HOUR)
    profile = observe(profile, Grams(4.0), right, Seconds(HOUR), BERLIN)
    changed = [rate for rate, before in zip(profile.rates, learned.rates, strict=True) if rate != before]
    assert len(changed) <= hours + 1
    assert all(4.0 <= rate <= 9.0 for rate in changed)


@pytest.mark.parametrize("jump", [-365 * 86_400.0, 365 * 86_400.0])
def test_a_clock_that_is_wrong_at_a_start_takes_no_more_than_a_week_without_emissions(jump: float) -> None:
    learned = lived(12 * 168, 4.0)
    assert learned.at is not None
    started = observe(learned, Grams(0.0), UnixSeconds(learned.at + jump), None, BERLIN)
    kept = sum(lived(1, 4.0, started).rates) / sum(learned.rates)
    assert 1.0 - 1.01 / sum(math.exp(-week / MEMORY_WEEKS) for week in range(12)) <= kept <= 1.0


def test_another_time_zone_keeps_the_profile_and_goes_on_by_its_own_hours() -> None:
    learned = lived(2 * 168, 4.0)
    moved = lived(169, 8.0, learned, ZoneInfo("Asia/Kathmandu"))
    assert moved.learned == 1.0
    # Two weeks of 4 g/h, the older one faded once and both once more, and one week of 8 g/h.
    kept = math.exp(-1 / MEMORY_WEEKS) + math.exp(-2 / MEMORY_WEEKS)
    expected = (4.0 * kept + 8.0) / (kept + 1.0)
    assert sum(moved.rates) / HOURS == pytest.approx(expected, rel=0.01)
    assert max(moved.rates) - min(moved.rates) < 1.0


@given(amounts=st.lists(st.floats(0.0, 1e9), min_size=1, max_size=200), zone=zones, start=moments)
def test_no_number_is_anything_but_finite(amounts: list[float], zone: ZoneInfo, start: int) -> None:
    profile = observe(WeekProfile(), Grams(1.0), UnixSeconds(float(start)), None, zone)
    now = UnixSeconds(float(start))
    for number, grams in enumerate(amounts):
        step = (0.0, 5.0, 4000.0, -7200.0)[number % 4]
        now = UnixSeconds(now + step)
        profile = observe(profile, Grams(grams), now, None if number % 3 else Seconds(max(0.0, step)), zone)
    numbers = [*profile.rates, *profile.weights, profile.hour_grams, profile.hour_seconds]
    assert all(math.isfinite(number) and number >= 0.0 for number in numbers)


def test_a_profile_takes_less_than_four_kilobytes_of_the_state() -> None:
    """Even where every rate needs all its digits and an exponent."""
    profile = WeekProfile(
        rates=(1.234e-100,) * HOURS, weights=(0.00123,) * HOURS, at=MONDAY, hour_grams=Grams(0.1 + 0.2)
    )
    assert len(msgspec.json.encode(profile)) < 4000
    assert len(msgspec.json.encode(lived(3 * 168, 12.3456))) < 2500


def test_the_last_day_of_a_month_takes_as_much_memory_as_its_first() -> None:
    ours = [tracemalloc.Filter(True, week.__file__)]
    start = datetime(2026, 3, 1, tzinfo=BERLIN).timestamp()
    sizes = []
    tracemalloc.start()
    try:
        for day in (1, 30):
            week._whole_hours.cache_clear()
            WeekProfile().between(UnixSeconds(start), UnixSeconds(start + day * 24 * HOUR), BERLIN)
            sizes.append(sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(ours).traces))
    finally:
        tracemalloc.stop()
    assert sizes[0] > 8 * HOURS
    assert sizes[1] == sizes[0]


def test_samples_of_an_hour_sum_the_hours_of_three_budgets_once() -> None:
    """Sums of earlier hours take memory though nobody asks for them again, so few more than are asked for are kept."""
    now = UnixSeconds(MONDAY + 9 * 86_400.0 + 600.0)
    bounds = [bounds_at(period, now, BERLIN) for period in Period]

    def ask(moment: float) -> None:
        for period in bounds:
            for end in (UnixSeconds(moment), period.end):
                WeekProfile().between(period.start, end, BERLIN)

    week._whole_hours.cache_clear()
    ask(now)
    summed = week._whole_hours.cache_info().misses
    for second in range(5, 2400, 5):
        ask(now + second)
    assert week._whole_hours.cache_info().misses == summed == 2 * len(bounds)
    assert summed <= KEPT_SPANS <= summed + 2
