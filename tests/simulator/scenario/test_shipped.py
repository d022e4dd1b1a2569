"""The shipped scenarios are as they are said to be: their mix of tasks, batteries, days and load."""

import numpy as np
import pytest

from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from tests.simulator.scenario.scenarios import shipped

LEVERS = ["regions", "solar-farm", "windy-coast", "grid-only"]


@pytest.mark.parametrize("name", LEVERS)
def test_nodes_work_12_to_20_percent_of_the_time(name: str) -> None:
    scenario = shipped(name)
    shares = []
    for seed in range(len(scenario.run.first_days)):
        engine = build_engine(scenario, Method(name="x", policy="least-loaded"), seed)
        engine.run(2 * 288)
        shares.append(engine.totals.busy_seconds.mean() / (2 * SECONDS_PER_DAY))
    assert 0.12 <= np.mean(shares) <= 0.20


@pytest.mark.parametrize("name", LEVERS)
def test_there_is_a_week_in_each_season(name: str) -> None:
    run = shipped(name).run
    assert run.days == 7
    assert [day.month for day in run.first_days] == [1, 4, 7, 10]


def test_regions_are_three_sites_of_small_nodes_with_small_batteries() -> None:
    scenario = shipped("regions")
    assert len({site.grid.generated for site in scenario.sites}) == len(scenario.sites) == 3
    batteries = [site.battery.capacity_watt_hours for site in scenario.sites if site.battery is not None]
    assert len(batteries) == 3
    assert (min(batteries), max(batteries)) == (20, 50)
    engine = build_engine(scenario, Method(name="x", policy="least-loaded"), 1)
    assert engine.plant.cluster.idle_watts.max() < 10.0


def test_most_tasks_of_regions_are_interactive_and_some_may_wait() -> None:
    shares = {"interactive": 0.0, "two hours": 0.0, "12 to 24 hours": 0.0, "other": 0.0}
    for kind in shipped("regions").workload.classes:
        match kind.deferrable, kind.deadline_seconds / SECONDS_PER_HOUR:
            case False, hours if hours == 5 / SECONDS_PER_HOUR:
                name = "interactive"
            case True, 2.0:
                name = "two hours"
            case True, hours if 12.0 <= hours <= 24.0:
                name = "12 to 24 hours"
            case _:
                name = "other"
        shares[name] += kind.share
    assert shares == pytest.approx({"interactive": 0.7, "two hours": 0.2, "12 to 24 hours": 0.1, "other": 0.0})


def test_each_of_the_others_has_one_lever() -> None:
    solar, wind, grid = (shipped(name) for name in LEVERS[1:])
    farm, coast = solar.sites[0], wind.sites[0]
    assert (farm.solar is None, farm.wind is None) == (False, True)
    assert (coast.solar is None, coast.wind is None) == (True, False)
    assert {(node.solar, node.wind, node.battery) for node in grid.nodes} == {(None, None, None)}
    assert not grid.sites
    for scenario in (solar, wind, grid):
        assert scenario.nodes[0].device == "radxa-rock-5b"
        assert scenario.workload == grid.workload
