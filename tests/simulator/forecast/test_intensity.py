"""A grid whose zones forecast their intensity: what is known, what is told, and that the future plays no part."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import JOULES_PER_KWH, Seconds
from simulator.arrays import FloatArray
from simulator.forecast.intensity import ForecastGrid, Zone
from simulator.forecast.interface import Kind, Model
from simulator.forecast.learnt import Learnt
from simulator.forecast.models.climatology import hour_of_week
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.persistence import last_week
from simulator.forecast.serving import LOOKBACK_DAYS, Past
from simulator.grid.course import Ahead, Hourly, HourlyGrid
from tests.simulator.forecast.courses import course

STEP = Seconds(300.0)
START = 24 * 100
SERIES = course(Kind.INTENSITY, 130, 3)


def hourly(later_from: int = 10**9, factor: float = 1.0) -> Hourly:
    """Return a zone's hours from START on, and beside them a bus of which figures by the hour of day are known."""

    def found(first: int, end: int) -> tuple[FloatArray, FloatArray]:
        hours = np.arange(first, end)
        grams = SERIES.values[START + hours] * np.where(hours < later_from, 1.0, factor) / JOULES_PER_KWH
        return np.stack([grams, 1e-4 * (1.0 + hours % 24)], axis=1), np.ones((len(hours), 2))

    return found


def grid(model: Model, hours: Hourly) -> ForecastGrid:
    """Return a grid whose first bus is a zone that has learnt from what was before the run."""
    begin = START - LOOKBACK_DAYS * 24
    dark = np.zeros(START - begin)
    fitted = model.fit(SERIES.observed_until(START - 1), 0)
    zone = Zone(
        buses=(0,),
        site=replace(SERIES.site, first_day=SERIES.site.first_day + timedelta(days=START // 24)),
        learnt=Learnt(kind=Kind.INTENSITY, rated=SERIES.rated, model=model.name, why="", fitted=fitted),
        past=Past(values=SERIES.values[begin:START], clear_sky=dark, beside=dark),
    )
    return ForecastGrid(HourlyGrid(hours, Ahead.YESTERDAY, STEP), [zone], STEP)


@pytest.mark.parametrize("model", [hour_of_week(), last_week(), Convex()], ids=lambda one: one.name)
@pytest.mark.parametrize("hours", [[0], [3, 4, 5, 80], list(range(0, 24 * 12, 7))])
def test_a_zone_tells_what_its_model_tells_of_the_whole_series(model: Model, hours: list[int]) -> None:
    asked, fitted = grid(model, hourly()), model.fit(SERIES.observed_until(START - 1), 0)
    for hour in hours:
        told = asked.expected(hour * 12 + 5, np.arange(25) * 12 + hour * 12)
        known = SERIES.observed_until(START + hour)
        whole = fitted.expect(known, np.array([START + hour])).mean[0]
        assert told[0, 0] == asked.at(hour * 12).grams_per_joule[0]
        assert told[1:, 0] * JOULES_PER_KWH == pytest.approx(whole), hour
        # What is known by the hour of the day is no forecast, once it was seen.
        if hour >= 24:
            assert told[:, 1] == pytest.approx(1e-4 * (1.0 + (hour + np.arange(25)) % 24))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 300), st.floats(0.0, 5.0))
def test_another_future_of_the_grid_changes_nothing(hour: int, factor: float) -> None:
    ahead = hour * 12 + np.arange(288)
    first, second = (grid(Convex(), hours).expected(hour * 12, ahead) for hours in (hourly(), hourly(hour + 1, factor)))
    assert (first == second).all()
