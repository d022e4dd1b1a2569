"""Forecasts by the step: what models tell by the hour, asked in the steps of a run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.forecast.interface import Expected, Kind, Model, Series, State, Steps
from simulator.forecast.learnt import Learnt
from simulator.forecast.models.climatology import Climatology
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.persistence import Persistence, SmartPersistence
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.serving import (
    LOOKBACK_DAYS,
    POINTS_PER_HOUR,
    HourlyForecaster,
    Past,
    Source,
    within_hours,
)
from tests.simulator.forecast.courses import course

DAY = 288
STEP = Seconds(300.0)
START = 24 * 80
"""Hour at which a run begins, at midnight of a day of a long series."""

SUN, WIND = course(Kind.SOLAR, 100, 1), course(Kind.WIND, 100, 2)


@given(
    hnp.arrays(np.float64, 5, elements=st.floats(0, 1e4)),
    hnp.arrays(np.float64, (5, 12), elements=st.one_of(st.just(0.0), st.floats(1e-6, 1e4))),
)
def test_the_mean_of_an_hour_is_what_was_told(means: FloatArray, shapes: FloatArray) -> None:
    assert within_hours(means, shapes).mean(axis=1) == pytest.approx(means, rel=1e-9)


def test_a_panel_follows_the_sky_within_the_hour_and_a_turbine_stays() -> None:
    shape = np.arange(12.0)
    assert np.allclose(within_hours(np.array([3.0]), shape[np.newaxis])[0], 3.0 * shape / shape.mean())
    assert (within_hours(np.array([3.0]), np.zeros((1, 12))) == 3.0).all()


class Site:
    """Two buses, a panel and a turbine, whose power is held over the hours of two series from START on."""

    def __init__(self, lead_points: int = 0) -> None:
        self._lead = lead_points
        self.later = 1.0
        self.known = 10**9

    def hour(self, point: int) -> int:
        """Return the hour of the series in which a point of the clock lies."""
        return START + (point + self._lead) // POINTS_PER_HOUR

    def parts(self, step: int) -> tuple[FloatArray, FloatArray]:
        """Return the generation, and the sun's part; from `known` on it is another."""
        factor = 1.0 if step < self.known else self.later
        solar, wind = (factor * float(series.values[self.hour(step)]) for series in (SUN, WIND))
        return np.array([solar, wind]), np.array([solar, 0.0])

    def sky(self, day: int) -> FloatArray:
        """Return the sky of a day of the simulated clock."""
        points = day * DAY + np.arange(DAY)
        return np.stack([SUN.clear_sky[START + (points + self._lead) // POINTS_PER_HOUR], np.zeros(DAY)], axis=1)


def source(series: Series, bus: int, model: Model, lead_points: int = 0) -> Source:
    """Return a bus with what a model has learnt of its series before the run."""
    begin, end = START - LOOKBACK_DAYS * 24, START + lead_points // POINTS_PER_HOUR
    early = series.observed_until(START - 1)
    return Source(
        buses=(bus,),
        beside=1 - bus,
        site=replace(series.site, first_day=series.site.first_day + timedelta(days=START // 24)),
        lead=Seconds(lead_points * 300.0),
        learnt=Learnt(kind=series.kind, rated=series.rated, model=model.name, why="", fitted=model.fit(early, 0)),
        past=Past(
            values=series.values[begin:end], clear_sky=series.clear_sky[begin:end], beside=series.beside[begin:end]
        ),
    )


SUN_BESIDE = replace(SUN, beside=WIND.values)
WIND_BESIDE = replace(WIND, beside=SUN.values)
"""The two series, each with the other beside it."""


def forecaster(site: Site, model: Model, lead_points: int = 0, step: Seconds = STEP) -> HourlyForecaster:
    """Return a forecaster of both buses."""
    sources = [source(SUN_BESIDE, 0, model, lead_points), source(WIND_BESIDE, 1, model, lead_points)]
    per_point = round(300.0 / step)
    return HourlyForecaster("x", sources, 2, lambda one: site.parts(one // per_point), site.sky, step)


def run(one: HourlyForecaster, site: Site, steps: int) -> None:
    """Let steps go by."""
    for step in range(steps):
        one.observe(step, site.parts(step)[0])


@pytest.mark.parametrize("model", [SmartPersistence(), Climatology(), Convex(), Ridge()], ids=lambda one: one.name)
@pytest.mark.parametrize("lead_points", [0, 7, 12 * 19 + 3])
def test_a_model_tells_by_the_step_what_it_tells_of_the_whole_series(model: Model, lead_points: int) -> None:
    """The window with which it is asked is long enough, and hours are those of the site."""
    site = Site(lead_points)
    asked = forecaster(site, model, lead_points)
    steps = 5 * DAY + 12 * 9 - lead_points % POINTS_PER_HOUR
    run(asked, site, steps)
    origin = site.hour(steps) - 1
    for bus, series in enumerate((SUN_BESIDE, WIND_BESIDE)):
        known = series.observed_until(origin)
        whole = model.fit(series.observed_until(START - 1), 0).expect(known, np.array([origin])).mean[0]
        told = asked.forecast(steps, 24 * POINTS_PER_HOUR)[:, bus].reshape(24, POINTS_PER_HOUR)
        # The present step is observed; the others of its hour are as they are told.
        assert told[0, 1:] == pytest.approx(whole[0]), bus
        assert told[1:].mean(axis=1) == pytest.approx(whole[1:]), bus


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 3 * DAY), st.floats(0.0, 3.0))
def test_another_future_changes_nothing(steps: int, later: float) -> None:
    told = []
    for factor in (1.0, later):
        site = Site()
        site.known, site.later = steps, factor
        asked = forecaster(site, Convex())
        run(asked, site, steps)
        told.append(asked.forecast(steps, DAY))
    assert (told[0] == told[1]).all()


def test_the_present_step_is_what_was_observed_last_under_the_present_sky() -> None:
    site = Site()
    asked = forecaster(site, Climatology())
    steps = DAY + 10 * 12 + 12
    run(asked, site, steps)
    now = asked.forecast(steps, 1)[0]
    (whole, _), sky = site.parts(steps - 1), site.sky(1)[:, 0]
    assert now[0] == pytest.approx(whole[0] * sky[steps - DAY] / sky[steps - DAY - 1])
    assert now[1] == whole[1]


def test_before_anything_is_observed_the_model_speaks_for_the_present() -> None:
    site = Site()
    asked = forecaster(site, Persistence())
    # What a turbine gave in the last hour before the run.
    assert asked.forecast(0, 1)[0, 1] == WIND.values[START - 1]


@pytest.mark.parametrize("count", [1, 5, 60, 288])
def test_a_finer_step_is_told_the_same(count: int) -> None:
    site = Site()
    coarse, fine = forecaster(site, Convex()), forecaster(site, Convex(), step=Seconds(60.0))
    steps = 100
    run(coarse, site, steps)
    for step in range(5 * steps):
        fine.observe(step, site.parts(step // 5)[0])
    told = fine.forecast(5 * steps, 5 * count)
    assert told[::5] == pytest.approx(coarse.forecast(steps, count))


def test_a_bus_without_supply_is_told_nothing() -> None:
    site = Site()
    only_sun = HourlyForecaster("x", [source(SUN_BESIDE, 0, Convex())], 3, three(site), three_sky(site), STEP)
    for step in range(DAY):
        only_sun.observe(step, np.append(site.parts(step)[0], 0.0))
    told = only_sun.forecast(DAY, DAY)
    assert not told[:, 2].any()
    assert told[:, 0].any()


def three(site: Site) -> Callable[[int], tuple[FloatArray, FloatArray]]:
    """Return the parts of a site with a third bus, which has no supply."""
    return lambda step: (np.append(site.parts(step)[0], 0.0), np.append(site.parts(step)[1], 0.0))


def three_sky(site: Site) -> Callable[[int], FloatArray]:
    return lambda day: np.pad(site.sky(day), ((0, 0), (0, 1)))


class NextHour:
    """A model that tells the next hour, and nothing of later ones."""

    name = "next hour"
    draws = False

    def fit(self, series: Series, seed: int) -> "NextHour":  # noqa: ARG002 - the protocol's
        """See `Model.fit`."""
        return self

    def restore(self, state: State) -> "NextHour":  # noqa: ARG002 - the protocol's
        """See `Model.restore`."""
        return self

    def state(self) -> State:
        """See `Fitted.state`."""
        return {}

    def expect(self, series: Series, origins: Steps) -> Expected:
        """See `Fitted.expect`."""
        told = SmartPersistence().expect(series, origins)
        mean = told.mean.copy()
        mean[:, 1:] = np.nan
        return replace(told, mean=mean)


def test_beyond_what_a_model_tells_its_last_index_holds() -> None:
    site, steps = Site(), DAY + 10 * 12
    told = []
    for model in (NextHour(), SmartPersistence()):
        asked = forecaster(site, model)
        run(asked, site, steps)
        told.append(asked.forecast(steps, DAY))
    assert told[0] == pytest.approx(told[1])
