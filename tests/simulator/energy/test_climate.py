"""The shipped climates are those of the typical years that they are said to come from, month by month."""

from typing import get_args, get_type_hints

import numpy as np
import pytest

from simulator.energy.climate import CLIMATES
from simulator.scenario.supply import WeatherSection
from tests.simulator.energy.typical_years import STATIONS, by_month, climate_of, simulated_months

SEEDS = [40, pytest.param(200, marks=pytest.mark.full)]
"""Synthetic years; the mean of 40 is within 5 % of the typical one in each month."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(STATIONS))
def test_a_climate_is_that_of_its_year(name: str) -> None:
    assert climate_of(STATIONS[name]) == CLIMATES[name]


def test_every_climate_can_be_chosen() -> None:
    assert set(get_args(get_args(get_type_hints(WeatherSection, include_extras=True)["climate"])[0])) == set(CLIMATES)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(STATIONS))
@pytest.mark.parametrize("seeds", SEEDS)
def test_sun_and_wind_of_each_month_are_those_of_the_year(name: str, seeds: int) -> None:
    simulated = np.mean([simulated_months(name, seed) for seed in range(seeds)], axis=0)
    assert simulated == pytest.approx(by_month(STATIONS[name].days()), rel=0.1)
