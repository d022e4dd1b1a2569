"""Synthetic weather: its statistics, and that it depends on seed and day only.

Estimates over T days of a process with correlation time c have the standard error of 24 T / 2 c independent values
(Sokal 1997); tolerances are at least four of them.
"""

import math
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.energy.clear_sky import clear_sky_day
from simulator.energy.interface import POINTS_PER_DAY, WeatherDay
from simulator.energy.weather import (
    Climate,
    GaussianProcess,
    SyntheticWeather,
    standard_pressure,
    weibull_quantile,
)
from tests.simulator.energy.places import greensboro

HOUR = 3600.0
DAYS = 2000

CLIMATE = Climate(
    clearness_mean=0.7,
    clearness_deviation=0.1,
    clearness_correlation=Seconds(3 * HOUR),
    wind_mean=4.5,
    wind_shape=2.0,
    wind_correlation=Seconds(6 * HOUR),
    mean_celsius=15.0,
    swing_celsius=5.0,
)


def weather(seed: int = 1, climate: Climate = CLIMATE) -> SyntheticWeather:
    return SyntheticWeather(site=greensboro(), climate=climate, seed=seed)


def content(day: WeatherDay) -> bytes:
    return b"".join(getattr(day, field.name).tobytes() for field in fields(day))


@pytest.fixture(scope="module")
def process() -> np.ndarray:
    """Draw days of a process with a correlation time of three hours (DAYS, 288)."""
    source = GaussianProcess(seed=5, which=0, correlation=Seconds(3 * HOUR))
    return np.array([source.day(index) for index in range(DAYS)])


def test_a_process_is_standard_normal(process: np.ndarray) -> None:
    assert process.mean() == pytest.approx(0.0, abs=0.05)
    assert process.std() == pytest.approx(1.0, abs=0.04)
    assert np.quantile(process, [0.023, 0.5, 0.977]) == pytest.approx([-2, 0, 2], abs=0.1)


@pytest.mark.parametrize("hours", [1, 3, 6])
def test_correlation_falls_to_1_in_e_within_its_time(process: np.ndarray, hours: int) -> None:
    values, lag = process.ravel(), hours * 12
    assert np.corrcoef(values[:-lag], values[lag:])[0, 1] == pytest.approx(math.exp(-hours / 3), abs=0.05)


def test_midnight_is_no_break(process: np.ndarray) -> None:
    persistence = math.exp(-300 / (3 * HOUR))
    innovations = process[1:, 0] - persistence * process[:-1, -1]
    assert innovations.std() == pytest.approx(math.sqrt(1 - persistence**2), rel=0.07)
    assert np.corrcoef(innovations, process[:-1, -1])[0, 1] == pytest.approx(0.0, abs=0.1)


def test_any_day_begins_as_every_other() -> None:
    first = np.array([GaussianProcess(seed=seed, which=0, correlation=Seconds(HOUR)).day(0)[0] for seed in range(1000)])
    assert first.mean() == pytest.approx(0.0, abs=0.13)
    assert first.std() == pytest.approx(1.0, abs=0.1)


def test_clearness_and_wind_are_independent() -> None:
    clouds = GaussianProcess(seed=5, which=0, correlation=Seconds(3 * HOUR))
    gusts = GaussianProcess(seed=5, which=1, correlation=Seconds(3 * HOUR))
    pairs = np.array([(clouds.day(index), gusts.day(index)) for index in range(DAYS)])
    assert np.corrcoef(pairs[:, 0].ravel(), pairs[:, 1].ravel())[0, 1] == pytest.approx(0.0, abs=0.05)


def test_the_wind_is_weibull_distributed(process: np.ndarray) -> None:
    speeds = weibull_quantile(process.ravel(), 4.5, 2.0)
    assert speeds.min() >= 0.0
    assert speeds.mean() == pytest.approx(4.5, rel=0.03)
    # With shape 2 the quantile of p is scale x sqrt(-ln(1 - p)), and the scale 2 / sqrt(pi) of the mean.
    shares = np.array([0.1, 0.5, 0.9, 0.99])
    expected = 4.5 * 2 / math.sqrt(math.pi) * np.sqrt(-np.log(1 - shares))
    assert np.quantile(speeds, shares) == pytest.approx(expected, rel=0.06)


def test_the_strongest_gust_is_finite() -> None:
    assert weibull_quantile(np.array([9.0]), 4.5, 2.0) == pytest.approx([33.4], abs=0.5)
    assert weibull_quantile(np.array([-9.0]), 4.5, 2.0)[0] >= 0.0


@pytest.mark.slow
def test_clouds_cover_the_sky_as_the_climate_says() -> None:
    source = weather()
    by_day = [source.day(index) for index in range(400)]
    clear = np.concatenate([day.clear_sky_watts_per_square_metre for day in by_day])
    irradiance = np.concatenate([day.ghi_watts_per_square_metre for day in by_day])
    index = irradiance[clear > 0] / clear[clear > 0]
    assert index.mean() == pytest.approx(0.7, abs=0.02)
    assert index.std() == pytest.approx(0.1, abs=0.02)
    assert not irradiance[clear == 0].any()


def test_the_wind_blows_as_the_climate_says() -> None:
    source = weather()
    speeds = np.concatenate([source.day(index).wind_metres_per_second for index in range(400)])
    assert speeds.mean() == pytest.approx(4.5, rel=0.08)
    lag = 6 * 12
    # The quantile bends the process, which takes little from its correlation.
    assert np.corrcoef(speeds[:-lag], speeds[lag:])[0, 1] == pytest.approx(math.exp(-1), abs=0.12)


def test_the_clear_sky_index_stays_within_its_bounds() -> None:
    source = weather(climate=replace(CLIMATE, clearness_deviation=1.0))
    day = source.day(0)
    lit = day.clear_sky_watts_per_square_metre > 0
    index = day.ghi_watts_per_square_metre[lit] / day.clear_sky_watts_per_square_metre[lit]
    assert index.min() == pytest.approx(0.05)
    assert index.max() == pytest.approx(1.1)


def test_air_is_warmest_at_three_in_the_afternoon() -> None:
    celsius = weather().day(0).air_celsius
    assert celsius.mean() == pytest.approx(15.0)
    assert celsius.max() == pytest.approx(20.0, abs=0.01)
    assert celsius.min() == pytest.approx(10.0, abs=0.01)
    assert (celsius.argmax() + 0.5) * 5 / 60 == pytest.approx(15.0, abs=0.1)


def test_pressure_falls_with_altitude() -> None:
    # International Standard Atmosphere: 101325 Pa at sea level, 89875 Pa at 1000 m.
    assert standard_pressure(0.0) == pytest.approx(101_325, rel=1e-3)
    assert standard_pressure(1000.0) == pytest.approx(89_875, rel=1e-3)
    assert (weather().day(0).pressure_pascals == standard_pressure(273.0)).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert content(weather(3).day(2)) == content(weather(3).day(2))
    assert content(weather(3).day(2)) != content(weather(4).day(2))
    assert content(weather(3).day(2)) != content(weather(3).day(1))


def test_a_day_does_not_depend_on_what_was_asked_before() -> None:
    in_turn = weather()
    days = [content(in_turn.day(index)) for index in range(6)]
    jumping = weather()
    assert [content(jumping.day(index)) for index in (5, 0, 3, 3, 1)] == [days[index] for index in (5, 0, 3, 3, 1)]
    assert content(weather().day(4)) == days[4]


def test_a_process_remembers_no_more_the_longer_it_runs() -> None:
    source = GaussianProcess(seed=5, which=0, correlation=Seconds(HOUR))
    sizes = []
    for index in (1, 100, DAYS):
        source.day(index)
        sizes.append(len(pickle.dumps(source)))
    assert max(sizes) <= sizes[0] + 100


def test_clouds_do_not_depend_on_the_place() -> None:
    elsewhere = replace(greensboro(), latitude=0.0)
    there = SyntheticWeather(site=elsewhere, climate=CLIMATE, seed=1).day(0)
    here = weather().day(0)
    assert (there.wind_metres_per_second == here.wind_metres_per_second).all()
    noon = POINTS_PER_DAY // 2
    assert there.ghi_watts_per_square_metre[noon] / clear_sky_day(elsewhere, 0)[noon] == pytest.approx(
        here.ghi_watts_per_square_metre[noon] / clear_sky_day(greensboro(), 0)[noon]
    )
