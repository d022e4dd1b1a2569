"""The past from which a live run learns: years before it, then its own observations, by the days of its sites."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from simulator.assembly.layout import layout_of
from simulator.forecast.interface import Kind, Series
from simulator.live.lessons import Hours, Request, Skies, panels_of
from simulator.live.past import joined, pasts_of
from simulator.scenario.schema import Scenario
from tests.simulator.forecast.courses import series_of
from tests.simulator.run.test_flows import two_sites
from tests.simulator.scenario.scenarios import edge

DAY = 24


def seen(scenario: Scenario, first: int, hours: int) -> Request:
    """Return a request with hours that are their own numbers, in both kinds of supply and the grid."""
    sites = len(layout_of(scenario).places)
    numbers = np.arange(first, first + hours, dtype=np.float64)[:, np.newaxis, np.newaxis]
    return Request(scenario=scenario, seed=1, first=first, observed=np.tile(numbers, (1, 3, sites)).tobytes())


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [edge, two_sites])
def test_what_was_observed_follows_the_years_before_at_its_own_hours(scenario: Callable[[], Scenario]) -> None:
    one = scenario()
    layout = layout_of(one)
    for number, place in enumerate(layout.places):
        before = list(pasts_of(Request(scenario=one, seed=1), layout, number))
        after = list(pasts_of(seen(one, 0, 40), layout, number))
        assert [past.series.kind for past in after] == [past.series.kind for past in before]
        for past, then in zip(after, before, strict=True):
            series, lead = past.series, 0 if past.series.kind is Kind.INTENSITY else Hours.of(place).lead
            count = len(then.series.values)
            assert np.array_equal(series.values[:count], then.series.values)
            begin = len(series.values) - (lead + 40) // DAY * DAY - (DAY if (lead + 40) % DAY else 0) + lead
            assert series.values[begin : begin + 40].tolist() == list(range(40))
            assert np.isnan(series.values[count:begin]).all()
            assert np.isnan(series.values[begin + 40 :]).all()
            assert series.date(begin) == (
                place.site.first_day + timedelta(days=lead // DAY)
                if series.kind is not Kind.INTENSITY
                else Hours.of_grid(place).day(0)
            )
            assert past.sky.shape == (365 * DAY,)


def years(first_day: date, days: int, value: float) -> Series:
    return series_of(np.full(days * DAY, value), Kind.INTENSITY, first_day=first_day)


def test_a_gap_between_is_missing() -> None:
    found = joined(years(date(2024, 1, 1), 365, 1.0), years(date(2025, 1, 10), 2, 2.0))
    assert found.site.first_day == date(2024, 1, 1)
    assert found.values[: 365 * DAY].tolist() == [1.0] * 365 * DAY
    assert np.isnan(found.values[365 * DAY : -2 * DAY]).all()
    assert found.values[-2 * DAY :].tolist() == [2.0] * 2 * DAY
    assert found.date(len(found.values) - 1) == date(2025, 1, 11)


@pytest.mark.parametrize("later", [0, 3, 40, 363, 364, 400, 800])
def test_years_that_lie_after_a_run_are_moved_before_it_on_the_same_weekday(later: int) -> None:
    own = years(date(2025, 1, 10), 2, 2.0)
    before = years(own.site.first_day - timedelta(days=100) + timedelta(days=later), 100, 1.0)
    found = joined(before, own)
    assert np.isfinite(found.values).sum() == 102 * DAY
    assert found.date(len(found.values) - 1) == date(2025, 1, 11)
    assert (found.site.first_day - before.site.first_day).days % (52 * 7) == 0
    assert len(found.values) <= (102 + 52 * 7) * DAY


def test_a_year_of_its_own_is_enough() -> None:
    own = years(date(2026, 1, 1), 365, 2.0)
    assert joined(years(date(2024, 1, 1), 365, 1.0), own) is own
    assert joined(own, years(date(2026, 1, 1), 0, 1.0)) is own


def test_a_sky_is_that_of_a_day_nearby() -> None:
    days = np.arange(73.0)[:, np.newaxis, np.newaxis] * 1000.0 + np.arange(288.0)[:, np.newaxis]
    skies = Skies(np.broadcast_to(days, (73, 288, 2)).astype(np.float32))
    for day, nearest in ((0, 0), (2, 0), (3, 1), (362, 72), (363, 0), (365, 0), (368, 1), (730, 0)):
        found = skies.between(day * 288 + 280, 3)
        assert found[:, 0].tolist() == [nearest * 1000.0 + at for at in (280, 281, 282)]
        assert found[:, 2].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("scenario", [edge, two_sites])
def test_panels_that_are_alike_at_a_site_are_one_and_no_others(scenario: Callable[[], Scenario]) -> None:
    buses = layout_of(scenario()).buses
    panels = [None if bus.supply.solar is None else (bus.place, bus.supply.solar) for bus in buses]
    numbers = panels_of(layout_of(scenario())).tolist()
    assert len(set(zip(panels, numbers, strict=True))) == len(set(panels)) == len(set(numbers)) < len(buses)
