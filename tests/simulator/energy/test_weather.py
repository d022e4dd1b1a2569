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
from simulator.energy.climate import Climate
from simulator.energy.gaussian import RESTART_DAYS, GaussianProcess, Noise, Which, distances
from simulator.energy.interface import POINTS_PER_DAY, Site, WeatherDay
from simulator.energy.weather import (
    CLOUD_LENGTH_KILOMETRES,
    WIND_LENGTH_KILOMETRES,
    SyntheticWeather,
    correlated_weather,
    standard_pressure,
    weibull_quantile,
)
from tests.simulator.energy.places import greensboro

HOUR = 3600.0
DAYS = 2000

CLIMATE = Climate(
    clearness_mean=(0.7,),
    clearness_deviation=(0.1,),
    clearness_correlation=Seconds(3 * HOUR),
    wind_mean=(4.5,),
    wind_shape=(2.0,),
    wind_calm=(0.0,),
    wind_swing=(0.0,),
    wind_correlation=Seconds(6 * HOUR),
    cloudy_wind=0.0,
    mean_celsius=(15.0,),
    swing_celsius=(5.0,),
)

PLACE = (36.1, -79.95)


def process_of(seed: int, hours: float, which: Which = Which.CLOUDS) -> GaussianProcess:
    """Return the process of a single place."""
    noise = Noise([PLACE], seed=seed, which=which, length_kilometres=300.0)
    return GaussianProcess(noise, PLACE, Seconds(hours * HOUR))


def weather(seed: int = 1, climate: Climate = CLIMATE) -> SyntheticWeather:
    return at(greensboro(), seed, climate)


def at(site: Site, seed: int, climate: Climate = CLIMATE) -> SyntheticWeather:
    """Return the weather of a single site."""
    return correlated_weather({"site": (site, climate)}, seed)["site"]


def content(day: WeatherDay) -> bytes:
    return b"".join(getattr(day, field.name).tobytes() for field in fields(day) if field.name != "sun")


@pytest.fixture(scope="module")
def process() -> np.ndarray:
    """Draw days of a process with a correlation time of three hours (DAYS, 288)."""
    source = process_of(5, 3)
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
    first = np.array([process_of(seed, 1).day(0)[0] for seed in range(1000)])
    assert first.mean() == pytest.approx(0.0, abs=0.13)
    assert first.std() == pytest.approx(1.0, abs=0.1)


def test_clearness_and_wind_are_independent() -> None:
    clouds = process_of(5, 3)
    gusts = process_of(5, 3, Which.WIND)
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


@pytest.mark.slow
def test_the_wind_blows_as_the_climate_says() -> None:
    source = weather()
    speeds = np.concatenate([source.day(index).wind_metres_per_second for index in range(400)])
    assert speeds.mean() == pytest.approx(4.5, rel=0.08)
    lag = 6 * 12
    # The quantile bends the process, which takes little from its correlation.
    assert np.corrcoef(speeds[:-lag], speeds[lag:])[0, 1] == pytest.approx(math.exp(-1), abs=0.12)


def test_the_clear_sky_index_stays_within_its_bounds() -> None:
    source = weather(climate=replace(CLIMATE, clearness_deviation=(1.0,)))
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
    source = process_of(5, 1)
    sizes = []
    for index in (10, 100, DAYS):
        source.day(index)
        sizes.append(len(pickle.dumps(source)))
    assert max(sizes) <= sizes[0] + 100


def test_clouds_do_not_depend_on_the_place() -> None:
    elsewhere = replace(greensboro(), latitude=0.0)
    there = at(elsewhere, 1).day(0)
    here = weather().day(0)
    assert (there.wind_metres_per_second == here.wind_metres_per_second).all()
    noon = POINTS_PER_DAY // 2
    assert there.ghi_watts_per_square_metre[noon] / clear_sky_day(elsewhere, 0)[noon] == pytest.approx(
        here.ghi_watts_per_square_metre[noon] / clear_sky_day(greensboro(), 0)[noon]
    )


def test_a_late_day_is_as_any_other() -> None:
    late = process_of(5, 3)
    values = np.array([late.day(10**6 + index) for index in range(3)])
    assert np.isfinite(values).all()
    # Days before and after a restart depend on the restart alone, whatever was asked before.
    fresh = process_of(5, 3)
    assert (fresh.day(RESTART_DAYS + 1) == late.day(RESTART_DAYS + 1)).all()
    assert (late.day(RESTART_DAYS - 1) == process_of(5, 3).day(RESTART_DAYS - 1)).all()


def test_each_month_has_its_own_figures() -> None:
    month = tuple(float(number) for number in range(1, 13))
    seasonal = replace(CLIMATE, mean_celsius=month, wind_mean=month)
    same = replace(CLIMATE, mean_celsius=(4.0,), wind_mean=(4.0,))
    # Day 12 after 20 March is the first of April.
    for index, expected in ((11, 3.0), (12, 4.0), (41, 4.0), (42, 5.0)):
        day = weather(climate=seasonal).day(index)
        assert day.air_celsius.mean() == pytest.approx(expected)
        steady = weather(climate=same).day(index)
        assert day.wind_metres_per_second == pytest.approx(steady.wind_metres_per_second * expected / 4.0)


def test_calms_take_their_share_and_nothing_from_the_mean() -> None:
    source = weather(climate=replace(CLIMATE, wind_calm=(0.3,), wind_correlation=Seconds(HOUR)))
    speeds = np.concatenate([source.day(index).wind_metres_per_second for index in range(400)])
    assert (speeds == 0.0).mean() == pytest.approx(0.3, abs=0.03)
    assert speeds.mean() == pytest.approx(4.5, rel=0.05)


def test_the_wind_blows_most_when_the_air_is_warmest() -> None:
    steady, daily = weather(), weather(climate=replace(CLIMATE, wind_swing=(0.4,)))
    ratio = daily.day(3).wind_metres_per_second / steady.day(3).wind_metres_per_second
    assert ratio.max() == pytest.approx(1.4, abs=0.01)
    assert ratio.min() == pytest.approx(0.6, abs=0.01)
    assert ratio.mean() == pytest.approx(1.0)
    assert (ratio.argmax() + 0.5) * 5 / 60 == pytest.approx(15.0, abs=0.1)


@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.5])
def test_clouds_bring_wind_as_the_climate_says(correlation: float) -> None:
    hour = Seconds(HOUR)
    climate = replace(CLIMATE, cloudy_wind=correlation, clearness_correlation=hour, wind_correlation=hour)
    source = weather(climate=climate)
    days = [source.day(index) for index in range(400)]
    noons = slice(120, 168)
    clear = np.concatenate([day.ghi_watts_per_square_metre[noons] for day in days])
    clear /= np.concatenate([day.clear_sky_watts_per_square_metre[noons] for day in days])
    speeds = np.concatenate([day.wind_metres_per_second[noons] for day in days])
    assert np.corrcoef(clear, speeds)[0, 1] == pytest.approx(-correlation, abs=0.08)


NORTH = replace(greensboro(), latitude=38.0)
WEST = replace(greensboro(), longitude=-90.0)


def test_distances_are_those_on_the_globe() -> None:
    # A degree of latitude is 111.2 km; Berlin and Paris lie 878 km apart.
    assert distances([(0.0, 0.0), (1.0, 0.0)])[0, 1] == pytest.approx(111.2, abs=0.1)
    assert distances([(52.52, 13.405), (48.857, 2.352)])[0, 1] == pytest.approx(878, abs=3)
    assert distances([(0.0, 179.5), (0.0, -179.5)])[0, 1] == pytest.approx(111.2, abs=0.1)


@pytest.mark.parametrize(
    ("which", "length"), [(Which.CLOUDS, CLOUD_LENGTH_KILOMETRES), (Which.WIND, WIND_LENGTH_KILOMETRES)]
)
def test_sites_are_correlated_by_their_distance(which: Which, length: float) -> None:
    places = [(site.latitude, site.longitude) for site in (greensboro(), NORTH, WEST)]
    noise = Noise(places, seed=5, which=which, length_kilometres=length)
    processes = [GaussianProcess(noise, place, Seconds(HOUR)) for place in places]
    values = np.array([np.concatenate([one.day(index) for index in range(500)]) for one in processes])
    assert np.corrcoef(values) == pytest.approx(np.exp(-distances(places) / length), abs=0.04)
    assert values.std(axis=1) == pytest.approx(np.ones(3), abs=0.04)


def test_names_and_order_of_sites_change_nothing() -> None:
    sites = {"a": greensboro(), "b": NORTH, "c": WEST, "d": greensboro()}
    found = correlated_weather({name: (site, CLIMATE) for name, site in sites.items()}, 1)
    renamed = {"z": WEST, "a": NORTH, "m": greensboro()}
    other = correlated_weather({name: (site, CLIMATE) for name, site in renamed.items()}, 1)
    for index in (0, 1, 5):
        days = {name: content(one.day(index)) for name, one in found.items()}
        assert days["a"] == days["d"] != days["b"]
        assert {name: content(one.day(index)) for name, one in other.items()} == {
            "z": days["c"],
            "a": days["b"],
            "m": days["a"],
        }


def test_another_site_leaves_those_to_its_south_alone() -> None:
    few = correlated_weather({"here": (greensboro(), CLIMATE)}, 1)
    more = correlated_weather({"north": (NORTH, CLIMATE), "here": (greensboro(), CLIMATE)}, 1)
    assert content(few["here"].day(3)) == content(more["here"].day(3))


def test_sites_may_be_asked_in_any_order() -> None:
    sites = {"here": (greensboro(), CLIMATE), "there": (NORTH, CLIMATE)}
    in_turn, apart = correlated_weather(sites, 1), correlated_weather(sites, 1)
    days = [[content(in_turn[name].day(index)) for name in sites] for index in range(8)]
    ahead = [content(apart["here"].day(index)) for index in range(8)]
    behind = [content(apart["there"].day(index)) for index in range(8)]
    assert days == [list(pair) for pair in zip(ahead, behind, strict=True)]
