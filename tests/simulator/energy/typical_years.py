"""The statistics of the typical years that come with pvlib. To print them as climates: python -m THIS_MODULE."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pvlib  # type: ignore[import-untyped]
from scipy.optimize import brentq  # type: ignore[import-untyped]
from scipy.stats import norm, spearmanr  # type: ignore[import-untyped]

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.energy.climate import CLIMATES, Climate, Monthly
from simulator.energy.interface import Site, WeatherDay
from simulator.energy.weather import CLEARNESS_BOUNDS, WARMEST_HOUR, correlated_weather, weibull_quantile
from simulator.energy.weather_file import load_weather
from simulator.energy.wind import WindTurbine

RATED_SPEED = 12.0
"""m/s: small turbines reach their rated power about there, so that stronger wind gives them no more."""

DAYLIGHT = 50.0
"""W/m2 of clear sky from which on the clear-sky index of an hour is counted."""

NORMAL = norm.ppf((np.arange(2000) + 0.5) / 2000)
"""Standard normal values of equal probability, in place of random ones."""

MONTH: IntArray = np.array([(date(2025, 1, 1) + timedelta(day)).month for day in range(365)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A typical year, and where it was observed."""

    file: Path
    site: Site

    def days(self) -> list[WeatherDay]:
        """Return the days of the year."""
        weather = load_weather(self.file, self.site)
        return [weather.day(index) for index in range(365)]


def _station(name: str, latitude: float, longitude: float, altitude: float, utc_offset: float) -> Station:
    site = Site(
        latitude=latitude,
        longitude=longitude,
        altitude_metres=altitude,
        utc_offset_hours=utc_offset,
        first_day=date(2025, 1, 1),
    )
    return Station(file=Path(pvlib.__file__).parent / "data" / name, site=site)


STATIONS = {
    "greensboro": _station("723170TYA.CSV", 36.1, -79.95, 273.0, -5.0),
    "sand-point": _station("703165TY.csv", 55.317, -160.517, 7.0, -9.0),
}


def hourly(days: list[WeatherDay], figure: str) -> FloatArray:
    """Return the hourly means (365, 24) of a figure."""
    means: FloatArray = np.array([getattr(day, figure) for day in days]).reshape(len(days), 24, 12).mean(axis=2)
    return means


SMALL_TURBINE = WindTurbine(
    rotor_square_metres=0.3,
    rated_watts=80.0,
    power_coefficient=0.3,
    hub_height_metres=10.0,
    reference_height_metres=10.0,
    cut_in=3.0,
    rated=RATED_SPEED,
    cut_out=25.0,
)
"""The turbine of the scenario `edge`."""


def by_month(days: list[WeatherDay]) -> FloatArray:
    """Return the mean irradiance in W/m2, and the mean power of the turbine in W, of each month (2, 12)."""
    daily = np.array([(day.ghi_watts_per_square_metre.mean(), SMALL_TURBINE.watts(day).mean()) for day in days])
    return np.array([daily[month == MONTH].mean(axis=0) for month in range(1, 13)]).T


def simulated_months(name: str, seed: int) -> FloatArray:
    """Return the months (2, 12) of a synthetic year at a station."""
    weather = correlated_weather({name: (STATIONS[name].site, CLIMATES[name])}, seed)[name]
    return by_month([weather.day(index) for index in range(365)])


def climate_of(station: Station) -> Climate:
    """Return the climate of a typical year, with as many digits as the shipped climates have."""
    days = station.days()
    ghi, clear = hourly(days, "ghi_watts_per_square_metre"), hourly(days, "clear_sky_watts_per_square_metre")
    speed, air = hourly(days, "wind_metres_per_second"), hourly(days, "air_celsius")
    index = np.divide(ghi, clear, out=np.full_like(clear, np.nan), where=clear > DAYLIGHT)
    ratio = _monthly(lambda days: ghi[days].sum() / clear[days].sum())
    deviation = _monthly(lambda days: float(np.nanstd(index[days])))
    mean, swing = _monthly(lambda days: speed[days].mean()), _monthly(lambda days: _swing(speed[days]))
    calm = _monthly(lambda days: (speed[days] == 0.0).mean())
    shapes = [
        _shape(speed[month == MONTH], mean[month - 1], calm[month - 1], swing[month - 1]) for month in range(1, 13)
    ]
    daily_ratio, daily_speed = ghi.sum(axis=1) / clear.sum(axis=1), speed.mean(axis=1)
    rank = spearmanr(daily_ratio - _of_days(ratio), daily_speed / _of_days(mean)).statistic
    return Climate(
        clearness_mean=_rounded([_before_clipping(*pair) for pair in zip(ratio, deviation, strict=True)], 3),
        clearness_deviation=_rounded(deviation, 3),
        clearness_correlation=_correlation(index - _of_days(ratio)[:, None]),
        wind_mean=_rounded(mean, 2),
        wind_shape=_rounded(shapes, 2),
        wind_calm=_rounded(calm, 2),
        wind_swing=_rounded(swing, 2),
        wind_correlation=_correlation(speed / _of_days(mean)[:, None] / (1 + np.outer(_of_days(swing), COURSE))),
        # The correlation of Gaussian variables with this rank correlation (Pearson 1907); clouds are no clearness.
        cloudy_wind=round(-2 * math.sin(math.pi / 6 * rank), 2),
        mean_celsius=_rounded(_monthly(lambda days: air[days].mean()), 1),
        swing_celsius=_rounded(_monthly(lambda days: (np.ptp(air[days], axis=1) / 2).mean()), 1),
    )


COURSE = np.cos(2 * np.pi * (np.arange(24) + 0.5 - WARMEST_HOUR) / 24)


def _monthly(read: Callable[[BoolArray], float]) -> list[float]:
    return [float(read(np.equal(MONTH, month))) for month in range(1, 13)]


def _of_days(months: list[float]) -> FloatArray:
    """Return monthly figures by day (365,)."""
    return np.asarray(np.array(months)[MONTH - 1])


def _rounded(figures: list[float], digits: int) -> Monthly:
    return tuple(round(figure, digits) for figure in figures)


def _correlation(series: FloatArray) -> Seconds:
    """Return the time constant of the exponential with the correlation found an hour apart, in seconds."""
    before, after = series.ravel()[:-1], series.ravel()[1:]
    known = ~(np.isnan(before) | np.isnan(after))
    hours = -1 / np.log(np.corrcoef(before[known], after[known])[0, 1])
    return Seconds(round(float(hours), 1) * SECONDS_PER_HOUR)


def _before_clipping(mean: float, deviation: float) -> float:
    """Return the mean of the Gaussian process that has this mean once it is clipped."""

    def too_much(candidate: float) -> float:
        return float(np.clip(candidate + deviation * NORMAL, *CLEARNESS_BOUNDS).mean() - mean)

    return float(brentq(too_much, 0.0, 2.0))


def _swing(speed: FloatArray) -> float:
    """Return the amplitude of the daily course about its mean, in phase with the air's temperature."""
    return max(0.0, float(2 * (speed.mean(axis=0) / speed.mean() * COURSE).mean()))


def _shape(speed: FloatArray, mean: float, calm: float, swing: float) -> float:
    """Return the Weibull shape that has the mean cube of the speeds, of which no more than the rated speed counts."""
    cube = (np.minimum(speed, RATED_SPEED) ** 3).mean()

    def too_much(shape: float) -> float:
        modelled = np.outer(weibull_quantile(NORMAL, mean / (1 - calm), shape, calm=calm), 1 + swing * COURSE)
        return float((np.minimum(modelled, RATED_SPEED) ** 3).mean() - cube)

    return float(brentq(too_much, 1.3, 8.0))


if __name__ == "__main__":
    for name, one in STATIONS.items():
        lines = [f"        {field.name}={getattr(climate_of(one), field.name)},\n" for field in fields(Climate)]
        sys.stdout.write(f'    "{name}": Climate(\n{"".join(lines)}    ),\n')
