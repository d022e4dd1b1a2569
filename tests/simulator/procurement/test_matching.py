"""Laws of matched supply: what a hand computes for two steps, and what more freedom can do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import DAYS_PER_YEAR, HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.experiments.plan.work import Procurement
from simulator.experiments.run.procured import procured_over
from simulator.procurement.costs import ROUND_TRIP_EFFICIENCY, AnnualCosts, annual_costs, annuity
from simulator.procurement.matching import KWH_PER_MWH, Matching, MatchingError, cheapest
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario

COSTS = AnnualCosts(solar=50.0, wind=100.0, inverter=30.0, storage=20.0)
HALF_DAY = HOURS_PER_DAY / 2

CLOSE = 1e-4
"""Relative accuracy of an interior-point solution without crossover."""


def problem(solar: FloatArray, flexible: float, *, wind: FloatArray | None = None, between: bool = False) -> Matching:
    return Matching(
        solar=solar,
        wind=np.zeros_like(solar) if wind is None else wind,
        per_day=2,
        flexible=flexible,
        between_sites=between,
        costs=COSTS,
    )


def by_hand(sun: float, flexible: float) -> float:
    """Return the least euros per MWh of a kilowatt whose panels give `sun` by day and nothing by night.

    By night only a battery gives. Of all loads that the share allows, in steps of a hundredth of it, the best is taken.
    """
    costs = []
    for moved in np.linspace(-flexible, flexible, 201):
        night = 1.0 - moved
        charge = night / ROUND_TRIP_EFFICIENCY
        panels = (1.0 + moved + charge) / sun
        cells = HALF_DAY * night / ROUND_TRIP_EFFICIENCY**0.5
        costs.append(panels * COSTS.solar + max(charge, night) * COSTS.inverter + cells * COSTS.storage)
    return float(min(costs)) / (DAYS_PER_YEAR * HOURS_PER_DAY / KWH_PER_MWH)


@given(st.floats(0.1, 1.0), st.floats(0.0, 0.9))
@settings(max_examples=25, deadline=None)
def test_two_steps_cost_what_a_hand_computes(sun: float, flexible: float) -> None:
    found = cheapest(problem(np.array([[sun], [0.0]]), flexible))
    assert found.euros_per_mwh == pytest.approx(by_hand(sun, flexible), rel=CLOSE)


@given(st.floats(0.1, 1.0))
@settings(max_examples=10, deadline=None)
def test_each_percent_of_flexible_load_makes_it_cheaper(sun: float) -> None:
    costs = [cheapest(problem(np.array([[sun], [0.0]]), share)).euros_per_mwh for share in (0.0, 0.2, 0.4)]
    expected = [by_hand(sun, share) for share in (0.0, 0.2, 0.4)]
    assert costs[0] > costs[1] > costs[2]
    assert costs[2] - costs[0] == pytest.approx(expected[2] - expected[0], rel=100 * CLOSE)


@given(st.lists(st.floats(0.05, 1.0), min_size=16, max_size=16), st.floats(0.0, 1.0))
@settings(max_examples=25, deadline=None)
def test_more_freedom_never_costs_more(power: list[float], flexible: float) -> None:
    solar, wind = np.array(power).reshape(2, 4, 2)
    rigid, within, between = (
        cheapest(problem(solar, share, wind=wind, between=moves)).euros_per_mwh
        for share, moves in ((0.0, False), (flexible, False), (flexible, True))
    )
    assert within <= rigid * (1.0 + CLOSE)
    assert between <= within * (1.0 + CLOSE)


def test_load_that_moves_freely_follows_the_sun_around_without_a_battery() -> None:
    found = cheapest(problem(np.array([[1.0, 0.0], [0.0, 1.0]]), 1.0, between=True))
    assert found.solar == pytest.approx([2.0, 2.0], rel=CLOSE)
    assert found.storage == pytest.approx([0.0, 0.0], abs=CLOSE)


def test_without_sun_and_wind_nothing_matches() -> None:
    with pytest.raises(MatchingError, match=r"^no supply matches the load: "):
        cheapest(problem(np.zeros((2, 1)), 0.4))


def test_what_is_paid_off_is_worth_the_debt() -> None:
    paid = sum(annuity(0.07, 20.0) / 1.07**year for year in range(1, 21))
    assert paid == pytest.approx(1.0)
    costs = annual_costs()
    assert 0.0 < costs.storage < costs.inverter < costs.solar < costs.wind


def test_the_cost_of_a_scenario_falls_with_its_flexible_share() -> None:
    scenario = load_scenario("flexible")
    assert isinstance(scenario, Scenario)
    costs = [
        procured_over(Procurement(scenario=scenario, seed=1, flexible=share, between_sites=True), days=5)
        for share in (0.0, 0.4)
    ]
    assert costs[1]["matching_euros_per_mwh"] < 0.95 * costs[0]["matching_euros_per_mwh"]
