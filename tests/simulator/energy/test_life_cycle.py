"""Life-cycle emissions by hand, and that no other figure has them."""

from typing import Any

import msgspec
import numpy as np
import pytest

from exporter.core.units import Joules, Seconds
from simulator.assembly.inputs import life_cycle_of
from simulator.assembly.layout import Bus, layout_of
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.schema import Scenario
from simulator.scenario.supply import LifeCycleSection
from tests.simulator.scenario.scenarios import FULL, edge

YEAR = 365.2425 * 86_400.0


def asking(**keys: Any) -> Scenario:
    """Return the scenario `edge` with life-cycle emissions."""
    return edge(life_cycle=LifeCycleSection(**keys))


def standing(section: LifeCycleSection, bus: Bus, *, batteries: bool = True) -> float:
    """Return the grams of a bus in a year in which nothing is generated."""
    found = life_cycle_of(section, [bus], batteries=batteries)
    nothing = np.zeros(1)
    grams: float = found.grams(nothing, nothing, Seconds(YEAR))[0]
    return grams


SOLAR, WIND, HYBRID, GRID = layout_of(edge()).buses


def test_a_battery_is_spread_over_its_life() -> None:
    # 100 Wh x 73 kg/kWh over 15 years.
    assert SOLAR.battery is not None
    assert SOLAR.battery.capacity == Joules(360_000.0)
    assert standing(LifeCycleSection(), SOLAR) == pytest.approx(7300 / 15)
    assert standing(LifeCycleSection(), SOLAR, batteries=False) == 0.0
    assert standing(LifeCycleSection(), GRID) == 0.0


def test_what_is_installed_counts_whether_it_generates_or_not() -> None:
    section = LifeCycleSection(attribution="installed", battery_kilograms_per_kwh=0.0)
    # 50 W of panels at 1,570 kg/kW over 30 years, 80 W of turbine at 578 kg/kW over 20.
    assert standing(section, SOLAR) == pytest.approx(50 * 1570 / 30)
    assert standing(section, WIND) == pytest.approx(80 * 578 / 20)
    assert standing(section, HYBRID) == pytest.approx(50 * 1570 / 30 + 80 * 578 / 20)
    assert standing(section, GRID) == 0.0


def test_what_is_generated_counts_by_its_source() -> None:
    scenario = asking(battery_kilograms_per_kwh=0.0)
    engine = build_engine(scenario, FULL, 1)
    solar = wind = 0.0
    for step in range(288):
        engine.step()
        whole, sun = engine.plant.generation.parts(step, 1)
        solar += sun.sum() * 300.0
        wind += (whole - sun).sum() * 300.0
    assert min(solar, wind) > 0.0
    assert solar + wind == pytest.approx(engine.totals.generation.sum())
    assert engine.totals.life_cycle.sum() == pytest.approx((solar * 41.0 + wind * 11.0) / 3.6e6)


@pytest.mark.parametrize("attribution", ["generated", "installed"])
def test_no_other_figure_has_life_cycle_emissions(attribution: str) -> None:
    def ran(scenario: Scenario) -> RunResult:
        return simulate(Job(scenario=scenario, method=FULL, seed=1))

    without, with_them = ran(edge()), ran(asking(attribution=attribution))
    assert without.life_cycle_grams is None
    assert with_them.life_cycle_grams is not None
    assert with_them.life_cycle_grams > 0.0
    assert msgspec.structs.replace(with_them, life_cycle_grams=None) == without


def test_batteries_that_a_method_does_not_have_cost_nothing() -> None:
    scenario = asking(solar_grams_per_kwh=0.0, wind_grams_per_kwh=0.0)
    bare = simulate(Job(scenario=scenario, method=Method(name="bare", policy="joint", batteries=False), seed=1))
    assert bare.life_cycle_grams == 0.0
