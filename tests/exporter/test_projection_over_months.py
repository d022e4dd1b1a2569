"""Promises of projection and alert on machines with habits: over a quarter, at full size over four years."""

import math
from functools import cache
from statistics import median

import pytest

from exporter.budget import Period
from tests.exporter.synthetic_machines import MACHINES, Life, live

SIZES = [
    pytest.param(14, (0,), id="a quarter", marks=pytest.mark.slow),
    pytest.param(53, (0, 1, 2, 3), id="years", marks=pytest.mark.full),
]

HOUR = 3600.0


@cache
def lives(machine: str, weeks: int, seeds: tuple[int, ...]) -> list[Life]:
    return [live(MACHINES[machine], weeks, seed) for seed in seeds]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("weeks", "seeds"), SIZES)
def test_the_median_projection_is_near_the_truth_at_every_hour(
    machine: str, weeks: int, seeds: tuple[int, ...]
) -> None:
    """From the third week on, or three weeks after the habit has changed."""
    for period in (Period.DAY, Period.MONTH):
        by_hour: dict[int, list[float]] = {}
        for life in lives(machine, weeks, seeds):
            for hour, ratios in life.ratios(period).items():
                by_hour.setdefault(hour, []).extend(ratios)
        assert by_hour
        assert {hour: ratio for hour, ratios in by_hour.items() if not 0.8 <= (ratio := median(ratios)) <= 1.25} == {}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("weeks", "seeds"), SIZES)
def test_at_most_one_in_fifty_days_below_the_limit_is_called_an_overrun(
    machine: str, weeks: int, seeds: tuple[int, ...]
) -> None:
    """Of the days that end below 90% of a limit of 1.2 days of the profile."""
    days = [day for life in lives(machine, weeks, seeds) for day, share in life.judged() if share < 0.9]
    assert days
    assert sum(day.fired_at is not None for day in days) <= len(days) / 50


def delays(since: str, weeks: int, seeds: tuple[int, ...]) -> list[float]:
    """Time from a moment of each day that ends above the limit, and has that moment, to its alert."""
    high = [
        day
        for machine in MACHINES
        for life in lives(machine, weeks, seeds)
        for day, share in life.judged()
        if share > 1.0 and getattr(day, since) is not None
    ]
    return [math.inf if day.fired_at is None else day.fired_at - getattr(day, since) for day in high]


@pytest.mark.parametrize(("weeks", "seeds"), SIZES)
def test_a_day_above_its_profile_is_told_within_the_hour(weeks: int, seeds: tuple[int, ...]) -> None:
    """Of the days that end above the limit: from the first moment at which more than 1.3 times the profile's share is
    used, once a fifth of the day has passed, by the clock and by what the profile has for it."""
    found = delays("crossed_by_profile_at", weeks, seeds)
    assert found
    assert max(found) <= HOUR


@pytest.mark.parametrize(("weeks", "seeds"), SIZES)
def test_a_day_that_stays_well_above_its_profile_is_told_within_the_hour(weeks: int, seeds: tuple[int, ...]) -> None:
    """The same from a fifth of the day by the clock alone, where the day stays above for an hour. One that does not
    stay is a passing burst, in the first hour of a working day above all."""
    found = delays("lasting_since", weeks, seeds)
    assert found
    assert max(found) <= HOUR
