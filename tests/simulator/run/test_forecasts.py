"""Forecasts in a run: which forecaster a scenario or a method asks for, and that none of them knows the future."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from exporter.core.config import ConfigError
from exporter.core.units import Seconds
from simulator.assembly import history
from simulator.assembly.layout import layout_of, weather_of
from simulator.forecast.intensity import ForecastGrid
from simulator.forecast.references import PerfectForecaster
from simulator.forecast.serving import HourlyForecaster
from simulator.grid.course import Ahead, HourlyGrid
from simulator.run.engine import Engine
from simulator.run.forecasts import sky_of
from simulator.run.generation import Generation, daily
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.load import read_scenario
from simulator.scenario.schema import ForecastSection, Scenario
from tests.simulator.run.test_engine import SplicedWeather
from tests.simulator.scenario.scenarios import edge, shipped

DAY = 288


def asking(**section: Any) -> Scenario:
    """Return the shipped scenario with a section of forecasts."""
    return edge(forecast=ForecastSection(**section))


def shifting(**forecasters: str) -> Method:
    return Method(name="x", policy="shifting", **forecasters)  # type: ignore[arg-type]


def run_of(scenario: Scenario, method: Method, seed: int = 3) -> RunResult:
    return simulate(Job(scenario=scenario, method=method, seed=seed))


def test_a_scenario_that_asks_for_none_repeats_what_was_observed() -> None:
    named = shifting(supply="persistence", intensity="yesterday")
    assert run_of(edge(), shifting()) == run_of(edge(), named)


def test_perfect_forecasts_are_the_oracle_s() -> None:
    oracle = run_of(edge(), Method(name="x", policy="oracle"))
    assert run_of(edge(), shifting(supply="perfect", intensity="perfect")) == oracle
    assert run_of(asking(supply="perfect", intensity="perfect"), shifting()) == oracle


def test_without_forecasts_none_is_asked_for() -> None:
    without = Method(name="x", policy="shifting", forecast=False)
    assert run_of(asking(), without) == run_of(edge(), shifting(supply="none", intensity="none"))


def test_supply_and_intensity_are_told_apart() -> None:
    """Each alone changes choices, and the engine has what was asked for."""
    both = run_of(asking(), shifting())
    assert both != run_of(asking(intensity="yesterday"), shifting())
    assert both != run_of(asking(supply="persistence"), shifting())
    plant = build_engine(asking(intensity="yesterday"), shifting(), 1).plant
    assert isinstance(plant.forecaster, HourlyForecaster)
    assert isinstance(plant.grid, HourlyGrid)
    assert plant.forecaster.name == "convex"
    plant = build_engine(asking(), shifting(supply="perfect"), 1).plant
    assert isinstance(plant.forecaster, PerfectForecaster)
    assert isinstance(plant.grid, ForecastGrid)


def first_day(later_seed: int, choice: str) -> bytes:
    """Return the totals of the first day, when the weather and the grid after it come from another seed."""
    scenario = asking(supply=choice, intensity=choice)
    layout, plant = layout_of(scenario), build_engine(scenario, shifting(), 1).plant
    weather = SplicedWeather(weather_of(layout, 1)[0], weather_of(layout, later_seed)[0])
    generation = Generation(daily([(weather, bus.supply) for bus in layout.buses]), plant.step)
    first, asked = plant.forecaster, plant.grid
    assert isinstance(first, HourlyForecaster)
    assert isinstance(asked, ForecastGrid)
    forecaster = HourlyForecaster(
        "x", first.sources, len(layout.buses), generation.parts_at, sky_of(layout), plant.step
    )
    random = np.random.default_rng(later_seed)

    def hourly(begin: int, end: int) -> tuple[np.typing.NDArray[np.float64], np.typing.NDArray[np.float64]]:
        hours = np.arange(begin, end)
        course = 1e-4 * (1.0 + 0.5 * np.sin(hours / 24 * 2 * np.pi))
        later = 1e-4 * random.random(len(hours))
        return np.where(hours < 24, course, later)[:, np.newaxis].repeat(len(layout.buses), axis=1), np.ones(
            (len(hours), len(layout.buses))
        )

    grid = ForecastGrid(HourlyGrid(hourly, Ahead.YESTERDAY, plant.step), asked.zones, plant.step)
    engine = Engine(replace(plant, generation=generation, forecaster=forecaster, grid=grid))
    for _ in range(DAY):
        engine.step()
    return b"".join(sums.tobytes() for sums in engine.totals.sums)


@pytest.mark.parametrize("choice", ["climatology", "convex"])
def test_another_future_of_weather_and_grid_changes_nothing(choice: str) -> None:
    assert len({first_day(seed, choice) for seed in (2, 3, 4)}) == 1


def test_every_run_learns_from_the_same_history_which_is_no_run_s() -> None:
    layouts = [layout_of(asking(), seed) for seed in (1, 2)]
    plants = [build_engine(asking(), shifting(), seed).plant for seed in (1, 2)]
    forecasters = [plant.forecaster for plant in plants]
    assert all(isinstance(one, HourlyForecaster) for one in forecasters)
    first, second = (one.sources for one in forecasters if isinstance(one, HourlyForecaster))
    assert [id(one.learnt) for one in first] == [id(one.learnt) for one in second]
    assert history.history_seed() > 2**64
    assert layouts[0].places[0].site == first[0].site


def test_panels_that_are_alike_at_a_site_learn_once() -> None:
    plant = build_engine(asking(), shifting(), 1, nodes=40).plant
    assert isinstance(plant.forecaster, HourlyForecaster)
    assert [len(one.buses) for one in plant.forecaster.sources] == [20, 20]


@pytest.mark.slow
def test_names_of_sites_change_nothing() -> None:
    scenario = shipped("regions")
    scenario = msgspec.structs.replace(
        scenario,
        forecast=ForecastSection(supply="climatology", intensity="climatology"),
        run=msgspec.structs.replace(scenario.run, days=1, warm_up_days=0),
    )
    names = {"leeds": "b", "leipzig": "c", "lyon": "a"}
    renamed = msgspec.structs.replace(
        scenario,
        sites=tuple(msgspec.structs.replace(one, name=names[one.name]) for one in scenario.sites),
        nodes=tuple(msgspec.structs.replace(one, site=names[str(one.site)]) for one in scenario.nodes),
    )
    assert run_of(scenario, shifting()) == run_of(renamed, shifting())


@pytest.mark.parametrize(
    ("before", "after", "typical", "days"),
    [
        (365, 300, True, (-354, 354)),
        (90, 500, False, (-90, 90)),
        (2000, 0, False, (-730, 730)),
        (59, 100, False, (11, 89)),
        (59, 70, False, (0, 0)),
    ],
)
def test_a_recording_is_learnt_from_beside_the_run(
    before: int, after: int, typical: bool, days: tuple[int, int]
) -> None:
    assert history.days_beside(before, after, 9, typical=typical) == days


@pytest.mark.parametrize("known", [400, 70])
def test_what_was_before_a_run_is_taken_from_the_same_day_of_the_week(known: int) -> None:
    hours = np.arange(known * 24.0)
    days = history.Days(first_day=date(2024, 1, 1), values=hours, clear_sky=np.zeros(known * 24 + 24), beside=hours)
    for first_day in (date(2024, 2, 1), date(2025, 1, 13), date(2023, 5, 5)):
        values, _, _ = days.before(first_day, 8, 7)
        assert len(values) == 8 * 24 + 7
        told = (values // 24).astype(int)
        assert (
            (told - (first_day - date(2024, 1, 1)).days) % 7 == np.repeat(np.arange(-8, 1), 24)[: len(told)] % 7
        ).all()
        assert (values % 24 == np.arange(len(values)) % 24).all()


MISTAKES: Mapping[str, tuple[str, str]] = {
    "unknown": ("supply: lstm", "forecast.supply: expected one of"),
    "of the other": ("supply: yesterday", "forecast.supply: expected one of"),
    "unused": ("checkpoints: [a.npz]", "forecast.checkpoints: expected none unless supply or intensity is best"),
    "null": ('supply: best\n  checkpoints: ["a\\0.npz"]', "forecast.checkpoints[0]: expected the name of a file"),
    "key": ("horizon: 3", "forecast"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_section_is_one_line(mistake: str, tmp_path: Path) -> None:
    written, told = MISTAKES[mistake]
    file = tmp_path / "mine.yaml"
    file.write_text(f"nodes: [{{name: a, device: intel-nuc}}]\n{WORKLOAD}forecast:\n  {written}\n")
    with pytest.raises(ConfigError) as caught:
        read_scenario(file)
    assert len(caught.value.mistakes) == 1
    assert told in caught.value.mistakes[0]


def test_a_checkpoint_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("nothing")
    file = tmp_path / "mine.yaml"
    node = "{name: a, device: intel-nuc, solar: {area_square_metres: 0.1}}"
    file.write_text(f"nodes: [{node}]\n{WORKLOAD}forecast: {{supply: best, checkpoints: [a.npz]}}\n")
    scenario = read_scenario(file)
    assert isinstance(scenario, Scenario)
    with pytest.raises(ConfigError, match=r"forecast.checkpoints: .*a.npz: expected arrays") as caught:
        build_engine(scenario, shifting(), 1, step=Seconds(300.0))
    assert len(caught.value.mistakes) == 1


WORKLOAD = """workload:
  arrivals: {kind: poisson, rate_per_hour: 10}
  classes: [{name: a, model: cnn, work_seconds: 1, share: 1, deadline_seconds: 5, priority: 1, memory_megabytes: 1}]
"""
