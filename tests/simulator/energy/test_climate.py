"""The default climate is that of the weather year it is said to come from."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import pvlib  # type: ignore[import-untyped]
import pytest

from simulator.arrays import FloatArray
from simulator.energy.interface import Site, WeatherDay
from simulator.energy.weather_file import load_weather
from simulator.scenario.schema import WeatherSection

SITE = Site(latitude=36.1, longitude=-79.95, altitude_metres=273, utc_offset_hours=-5, first_day=date(2025, 1, 1))
FILE = Path(pvlib.__file__).parent / "data/723170TYA.CSV"
DEFAULTS = WeatherSection()


@pytest.fixture(scope="module")
def days() -> list[WeatherDay]:
    weather = load_weather(FILE, SITE)
    return [weather.day(index) for index in range(365)]


def hourly(series: FloatArray) -> FloatArray:
    means: FloatArray = series.reshape(-1, 12).mean(axis=1)
    return means


def correlation_hours(series: FloatArray) -> float:
    """Return the time constant of the exponential with the correlation found an hour apart."""
    before, after = series[:-1], series[1:]
    known = ~(np.isnan(before) | np.isnan(after))
    return float(-1 / np.log(np.corrcoef(before[known], after[known])[0, 1]))


def test_clearness(days: list[WeatherDay]) -> None:
    irradiance = hourly(np.concatenate([day.ghi_watts_per_square_metre for day in days]))
    clear = hourly(np.concatenate([day.clear_sky_watts_per_square_metre for day in days]))
    index = np.divide(irradiance, clear, out=np.full_like(clear, np.nan), where=clear > 50)
    assert DEFAULTS.clearness.mean == pytest.approx(np.nanmean(index), rel=0.02)
    assert DEFAULTS.clearness.deviation == pytest.approx(np.nanstd(index), rel=0.02)
    assert DEFAULTS.clearness.correlation_hours == pytest.approx(correlation_hours(index), rel=0.05)


def test_wind(days: list[WeatherDay]) -> None:
    speed = hourly(np.concatenate([day.wind_metres_per_second for day in days]))
    shape = DEFAULTS.wind.weibull_shape
    assert DEFAULTS.wind.mean_metres_per_second == pytest.approx(speed.mean(), rel=0.02)
    assert math.gamma(1 + 2 / shape) / math.gamma(1 + 1 / shape) ** 2 == pytest.approx(
        (speed**2).mean() / speed.mean() ** 2, rel=0.02
    )
    assert DEFAULTS.wind.correlation_hours == pytest.approx(correlation_hours(speed), rel=0.05)


def test_temperature(days: list[WeatherDay]) -> None:
    air = np.array([hourly(day.air_celsius) for day in days])
    assert DEFAULTS.mean_celsius == pytest.approx(air.mean(), abs=0.2)
    assert DEFAULTS.daily_swing_celsius == pytest.approx(((air.max(axis=1) - air.min(axis=1)) / 2).mean(), abs=0.2)
