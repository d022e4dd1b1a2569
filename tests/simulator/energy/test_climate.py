"""The shipped climates are those of the typical years that they are said to come from, month by month."""

from typing import get_args, get_type_hints

import numpy as np
import pytest

from simulator.arrays import FloatArray
from simulator.energy.climate import CLIMATES
from simulator.energy.interface import WeatherDay
from simulator.energy.weather import correlated_weather
from simulator.energy.wind import WindTurbine
from simulator.scenario.supply import WeatherSection
from tests.simulator.energy.typical_years import MONTH, STATIONS, climate_of

SEEDS = 200

SMALL_TURBINE = WindTurbine(
    rotor_square_metres=0.3,
    rated_watts=80.0,
    power_coefficient=0.3,
    hub_height_metres=10.0,
    reference_height_metres=10.0,
    cut_in=3.0,
    rated=12.0,
    cut_out=25.0,
)
"""The turbine of the scenario `edge`."""


def by_month(days: list[WeatherDay]) -> FloatArray:
    """Return the mean irradiance in W/m2, and the mean power of the turbine in W, of each month (2, 12)."""
    daily = np.array([(day.ghi_watts_per_square_metre.mean(), SMALL_TURBINE.watts(day).mean()) for day in days])
    return np.array([daily[month == MONTH].mean(axis=0) for month in range(1, 13)]).T


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(STATIONS))
def test_a_climate_is_that_of_its_year(name: str) -> None:
    assert climate_of(STATIONS[name]) == CLIMATES[name]


def test_every_climate_can_be_chosen() -> None:
    assert set(get_args(get_args(get_type_hints(WeatherSection, include_extras=True)["climate"])[0])) == set(CLIMATES)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(STATIONS))
def test_sun_and_wind_of_each_month_are_those_of_the_year(name: str) -> None:
    site = STATIONS[name].site
    sums = np.zeros((2, 12))
    for seed in range(SEEDS):
        weather = correlated_weather({name: (site, CLIMATES[name])}, seed)[name]
        sums += by_month([weather.day(index) for index in range(365)])
    assert sums / SEEDS == pytest.approx(by_month(STATIONS[name].days()), rel=0.1)
