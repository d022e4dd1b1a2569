"""The forecasts that the policy of a live run is told: those of the board, shared among the buses of each site."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from exporter.core.config import ConfigError
from exporter.core.units import JOULES_PER_KWH, Seconds
from simulator.app import Plan, build_run
from simulator.arrays import FloatArray
from simulator.assembly.layout import Layout, layout_of
from simulator.forecast.interface import Kind
from simulator.grid.course import Ahead, HourlyGrid
from simulator.live.lessons import Skies, panels_of
from simulator.live.run import LiveRun
from simulator.live.told import ToldForecaster, ToldGrid
from simulator.scenario.schema import ForecastSection, Scenario
from tests.fake_clock import FakeClock
from tests.simulator.live.test_forecasts import Taught
from tests.simulator.run.test_flows import two_sites
from tests.simulator.scenario.scenarios import edge

STEP = Seconds(300.0)
POINTS = 12
DAY = 288

ASKING = edge(forecast=ForecastSection())


def skies(layout: Layout) -> Skies:
    """Return suns of different sizes and hours over panels that differ, up from 6 to 18 hours."""
    panels = int(panels_of(layout).max())
    hours = np.arange(DAY)[:, np.newaxis] / POINTS
    power = np.maximum(0.0, np.sin(np.pi * (hours - 6.0 - 0.5 * np.arange(panels)) / 12.0)) * (1.0 + np.arange(panels))
    return Skies(np.broadcast_to(power, (73, DAY, panels)).astype(np.float32))


class Site:
    """A place where something is told of each site, kind and hour, and where buses give a constant power."""

    def __init__(self, scenario: Scenario) -> None:
        self.layout = layout_of(scenario)
        self.told: dict[tuple[int, Kind], FloatArray] = {}
        self.skies: Skies | None = None
        wind = np.array([bus.supply.wind_rated_watts for bus in self.layout.buses])
        self.solar = np.array([bus.supply.solar_peak_watts for bus in self.layout.buses]) * 0.25
        self.watts = self.solar + wind * np.linspace(0.25, 0.75, len(wind))

    def forecaster(self, step: Seconds = STEP) -> ToldForecaster:
        return ToldForecaster(
            "x",
            self.layout,
            lambda site, kind: self.told.get((site, kind)),
            lambda: self.skies,
            lambda _step: (self.watts, self.solar),
            step,
        )


def observed(site: Site, step: Seconds = STEP) -> ToldForecaster:
    """Return a forecaster that has seen an hour."""
    one = site.forecaster(step)
    for number in range(round(3600.0 / step)):
        one.observe(number, site.watts)
    return one


def test_before_anything_is_told_supply_stays_as_it_is() -> None:
    site = Site(edge())
    one = observed(site)
    assert (one.forecast(POINTS, DAY) == site.watts).all()


@pytest.mark.parametrize("scenario", [edge, two_sites])
@pytest.mark.parametrize("step", [STEP, Seconds(60.0)])
def test_the_buses_of_a_site_share_what_is_told_of_it(scenario: Callable[[], Scenario], step: Seconds) -> None:
    site = Site(scenario())
    site.skies = skies(site.layout)
    random = np.random.default_rng(4)
    places = range(len(site.layout.places))
    site.told = {(place, kind): random.uniform(1.0, 90.0, 24) for place in places for kind in (Kind.SOLAR, Kind.WIND)}
    one = observed(site, step)
    per_point = round(300.0 / step)
    told = one.forecast(POINTS * per_point, DAY * per_point)[::per_point]
    for place in places:
        mine = [number for number, bus in enumerate(site.layout.buses) if bus.place == place]
        supplies = [site.layout.buses[bus].supply for bus in mine]
        expected = np.zeros(24)
        if any(one.solar_peak_watts for one in supplies):
            expected += site.told[place, Kind.SOLAR]
        if any(one.wind_rated_watts for one in supplies):
            expected += site.told[place, Kind.WIND]
        hours = told[:, mine].sum(axis=1).reshape(24, POINTS).mean(axis=1)
        # The present step is the last one that was observed; the others of its hour are as they are told.
        assert hours[1:] == pytest.approx(expected[1:])


def test_turbines_share_by_what_they_have_given_and_panels_by_the_sky() -> None:
    site = Site(edge())
    site.skies = skies(site.layout)
    one = observed(site)
    site.told = {(0, Kind.WIND): np.full(24, 50.0), (0, Kind.SOLAR): np.zeros(24)}
    told = one.forecast(POINTS, DAY)
    rated = np.array([bus.supply.wind_rated_watts for bus in site.layout.buses])
    given = (site.watts - site.solar) * POINTS + rated
    assert told[1:] == pytest.approx(np.broadcast_to(50.0 * given / given.sum(), (DAY - 1, len(given))))
    site.told = {(0, Kind.WIND): np.zeros(24), (0, Kind.SOLAR): np.full(24, 30.0)}
    noon = one.forecast(2 * POINTS, DAY)[10 * POINTS]
    sky = site.skies.between(12 * POINTS, POINTS)[:, panels_of(site.layout)]
    assert noon == pytest.approx(30.0 * sky[0] / sky.sum(axis=1).mean())


def test_what_is_told_of_one_kind_leaves_the_other_as_it_is() -> None:
    site = Site(edge())
    site.told = {(0, Kind.SOLAR): np.zeros(24)}
    one = observed(site)
    assert one.forecast(POINTS, DAY)[1:] == pytest.approx(
        np.broadcast_to(site.watts - site.solar, (DAY - 1, len(site.solar)))
    )


def test_the_present_is_what_was_observed_last_under_the_present_sky() -> None:
    site = Site(edge())
    site.skies = skies(site.layout)
    site.told = {(0, kind): np.full(24, 10.0) for kind in (Kind.SOLAR, Kind.WIND)}
    one = site.forecaster()
    for step in range(12 * POINTS):
        one.observe(step, site.watts)
    now = one.forecast(12 * POINTS, 1)[0]
    was, sky = (site.skies.between(12 * POINTS - ago, 1)[0, panels_of(site.layout)] for ago in (1, 0))
    index = np.divide(site.solar, was, out=np.zeros_like(was), where=was > 0.0)
    lit = was > 0.02 * np.array([bus.supply.solar_peak_watts for bus in site.layout.buses])
    expected = np.where(lit, np.minimum(index, 1.5) * sky, site.solar)
    assert now == pytest.approx(expected + site.watts - site.solar)


def hourly(first: int, end: int) -> tuple[FloatArray, FloatArray]:
    """Return a grid whose figure is the number of the hour, in g/kWh."""
    hours = np.arange(first, end, dtype=np.float64)[:, np.newaxis] / JOULES_PER_KWH
    return np.repeat(hours, 3, axis=1), np.zeros((end - first, 3))


def test_an_hour_of_the_grid_is_what_is_told_of_it_and_else_that_of_yesterday() -> None:
    told = 1000.0 + np.arange(24.0)
    plain = HourlyGrid(hourly, Ahead.YESTERDAY, STEP)
    grid = ToldGrid(plain, [[0, 2], [1]], lambda site, _kind: told if site == 0 else None, STEP)
    now = 30 * POINTS + 5
    ahead = np.array([now - 12, now, now + 7, now + 12, now + 23 * 12, now + 40 * 12])
    grams = grid.expected(now, ahead) * JOULES_PER_KWH
    assert grams[:, 1] == pytest.approx(plain.expected(now, ahead)[:, 1] * JOULES_PER_KWH)
    for bus in (0, 2):
        assert grams[:, bus] == pytest.approx([29.0, 30.0, 1001.0, 1001.0, 1023.0, 1023.0])
    assert grid.at(now).grams_per_joule[0] == pytest.approx(30.0 / JOULES_PER_KWH)


def live(scenario: Scenario, forecasts: Taught) -> LiveRun:
    return build_run(Plan(scenario=scenario, seed=1, speed=300.0), forecasts=forecasts)


@pytest.mark.slow
def test_the_policy_is_told_what_the_board_shows_and_a_hand_over_changes_it() -> None:
    forecasts = Taught()
    run = live(ASKING, forecasts)
    plant = run._engine.plant
    assert isinstance(plant.forecaster, ToldForecaster)
    assert isinstance(plant.grid, ToldGrid)
    assert run.facts.forecaster == "convex"
    for _ in range(DAY):
        run.step()

    def shown_and_told(step: int) -> tuple[FloatArray, FloatArray]:
        states = {state.kind: state for state in run.snapshot(FakeClock(), None).forecasts}
        shown = states[Kind.SOLAR].ahead[0] + states[Kind.WIND].ahead[0]
        told = plant.forecaster.forecast(step, DAY).sum(axis=1).reshape(24, POINTS).mean(axis=1)
        hours = step + np.arange(24) * POINTS
        grams = plant.grid.expected(step, hours).max(axis=1) * JOULES_PER_KWH
        assert grams[1:] == pytest.approx(states[Kind.INTENSITY].ahead[0, 1:])
        return shown[1:], told[1:]

    shown, told = shown_and_told(DAY)
    assert told == pytest.approx(shown)
    for course in forecasts._courses.values():
        course._watch._over[:] = True
    for _ in range(POINTS):
        run.step()
    after, told = shown_and_told(DAY + POINTS)
    assert told == pytest.approx(after)
    states = run.snapshot(FakeClock(), None).forecasts
    assert all(band.standing.handed_over for state in states for band in state.bands)


@pytest.mark.slow
def test_without_a_section_the_policy_is_told_as_before_while_the_board_shows_forecasts() -> None:
    shown, plain = live(edge(), Taught()), build_run(Plan(scenario=edge(), seed=1, speed=300.0))
    for _ in range(DAY):
        shown.step()
        plain.step()
    assert shown._engine.plant.forecaster.name == "persistence"
    assert isinstance(shown._engine.plant.grid, HourlyGrid)
    assert (shown._engine.totals.emissions == plain._engine.totals.emissions).all()
    assert len(shown.snapshot(FakeClock(), None).forecasts) == 3


@pytest.mark.parametrize(
    ("section", "is_told"),
    [
        (ForecastSection(supply="persistence"), (False, True)),
        (ForecastSection(intensity="yesterday"), (True, False)),
        (ForecastSection(supply="perfect", intensity="none"), (False, False)),
        (ForecastSection(supply="best", intensity="published-lstm"), (True, True)),
    ],
)
def test_what_needs_no_history_is_not_learnt(section: ForecastSection, is_told: tuple[bool, bool]) -> None:
    run = live(edge(forecast=section), Taught())
    plant = run._engine.plant
    assert (isinstance(plant.forecaster, ToldForecaster), isinstance(plant.grid, ToldGrid)) == is_told
    assert run.facts.forecaster == section.supply


def test_a_checkpoint_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    section = ForecastSection(supply="best", checkpoints=(str(tmp_path / "none.npz"),))
    with pytest.raises(ConfigError, match=r"forecast.checkpoints: .*none.npz: cannot be read") as caught:
        live(msgspec.structs.replace(ASKING, forecast=section), Taught())
    assert len(caught.value.mistakes) == 1


def test_a_site_without_any_supply_is_told_nothing() -> None:
    site = Site(edge())
    bare = replace(site.layout.buses[0].supply, solar=None, wind=None)
    site.layout = replace(site.layout, buses=tuple(replace(bus, supply=bare) for bus in site.layout.buses))
    site.solar, site.watts = np.zeros(len(site.layout.buses)), np.zeros(len(site.layout.buses))
    site.told = {(0, Kind.SOLAR): np.full(24, 5.0), (0, Kind.WIND): np.full(24, 5.0)}
    assert not observed(site).forecast(POINTS, DAY).any()
