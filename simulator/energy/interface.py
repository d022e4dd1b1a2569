"""Interfaces of weather and supply for the rest of the simulator."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_DAY, Seconds
from simulator.arrays import FloatArray

WEATHER_STEP = Seconds(300.0)
"""Resolution of weather and supply, which are constant within a step."""

POINTS_PER_DAY = round(SECONDS_PER_DAY / WEATHER_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The place of the cluster, and the day on which simulated time begins, at local standard midnight."""

    latitude: float
    longitude: float
    altitude_metres: float
    utc_offset_hours: float
    first_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sun:
    """The sun's place in the sky (288,) on a day of the year, refraction included.

    The azimuth counts from the north by way of the east. `day_of_year` gives its distance.
    """

    day_of_year: int
    zenith_degrees: FloatArray
    azimuth_degrees: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherDay:
    """A day from local midnight to midnight; every array is (288,)."""

    sun: Sun
    ghi_watts_per_square_metre: FloatArray
    clear_sky_watts_per_square_metre: FloatArray
    air_celsius: FloatArray
    wind_metres_per_second: FloatArray
    pressure_pascals: FloatArray


class WeatherSource(Protocol):
    """Weather by day, the same for every method of an experiment."""

    def day(self, index: int) -> WeatherDay:
        """Return the day `index` of simulated time, from 0. Raises WeatherError beyond the end of a recording."""


class WeatherError(Exception):
    """Weather that cannot be used; one line that names the file and the place."""


class UncomputedWeatherError(WeatherError):
    """Weather that is there, and that nobody could compute; one line that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Electric power (288,) in watts on a day, by where it comes from."""

    solar: FloatArray
    wind: FloatArray


class Supply(Protocol):
    """A local generator."""

    @property
    def kind(self) -> str:
        """Return solar, wind, hybrid or grid; the last generates nothing."""

    @property
    def solar_peak_watts(self) -> float:
        """Return the power of the panel in 1,000 W/m2 at 25 degrees Celsius, before losses."""

    @property
    def wind_rated_watts(self) -> float:
        """Return the rated power of the turbine."""

    def power(self, weather: WeatherDay) -> Power:
        """Return the electric power on a day with this weather."""


def hourly(points: FloatArray) -> FloatArray:
    """Return the means of the hours (24,) of a day (288,)."""
    means: FloatArray = points.reshape(HOURS_PER_DAY, -1).mean(axis=1)
    return means
