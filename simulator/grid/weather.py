"""Weather over a country, in hours: processes with a memory of days, the sun's height, and the year's course.

A longer run begins like a shorter one: each hour is drawn from the one before, and from nothing that follows.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from statistics import NormalDist

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_DAY
from simulator.arrays import FloatArray

DAYS_PER_YEAR = 365.2425
"""Mean length of a year of the Gregorian calendar."""

OBLIQUITY = 23.45
"""Largest declination of the sun in degrees (Cooper 1969)."""

EQUINOX_DAY = 81
"""Day of the year at which the declination is 0 (Cooper 1969)."""

HAURWITZ_WATTS = 1098.0
HAURWITZ_EXTINCTION = 0.057
"""Irradiance of a horizontal surface under a clear sky: 1098 W/m2 x cos z x exp(-0.057 / cos z), where z is the sun's
distance from the zenith (Haurwitz 1945)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Correlation of a process: an AR(1) whose correlation falls to 1/e in `days`, smoothed by another of `hours`.

    The second is how long a front takes to cross the country: the sum over a country moves more slowly than each place.
    """

    days: float
    hours: float


def processes(memories: tuple[Memory, ...], hours: int, random: np.random.Generator) -> FloatArray:
    """Return stationary Gaussian processes (hours, processes) of mean 0 and deviation 1, one for each memory."""
    begins = random.standard_normal((2, len(memories)))
    draws = random.standard_normal((hours, len(memories)))
    columns = [_process(one, begins[:, place], draws[:, place]) for place, one in enumerate(memories)]
    return np.array(columns).T.reshape(hours, len(memories))


def _process(memory: Memory, begins: FloatArray, draws: FloatArray) -> FloatArray:
    """Return a process (hours,) from its beginning (2,) and the draws (hours,), all standard normal."""
    slow, fast = math.exp(-1 / (memory.days * HOURS_PER_DAY)), math.exp(-1 / memory.hours)
    # Variance of the smoothed process, and its covariance with the other, of which the variance is 1.
    covariance = (1 - fast) / (1 - slow * fast)
    variance = (1 - fast) ** 2 * (1 + slow * fast) / ((1 - fast**2) * (1 - slow * fast))
    smoothed = covariance * begins[0] + math.sqrt(variance - covariance**2) * begins[1]
    innovations = (math.sqrt(1 - slow**2) * draws).tolist()
    inner = list(accumulate(innovations, lambda last, draw: slow * last + draw, initial=float(begins[0])))
    outer = accumulate(inner[1:], lambda last, value: fast * last + (1 - fast) * value, initial=float(smoothed))
    return np.array(list(outer)[1:]) / math.sqrt(variance)


def normal_probability(values: FloatArray) -> FloatArray:
    """Return the probability that a standard normal variable lies below each value."""
    return np.array([0.5 * math.erfc(-one / math.sqrt(2)) for one in values.tolist()])


def quantile(probability: float) -> float:
    """Return the standard normal value that lies above this share of all."""
    return NormalDist().inv_cdf(probability)


def year_course(days: FloatArray, highest_day: float) -> FloatArray:
    """Return a cosine of the day of the year, 1 on the day that is given."""
    return np.cos(2 * np.pi * (days - highest_day) / DAYS_PER_YEAR)


def days_of_year(start: datetime, hours: int) -> FloatArray:
    """Return the middle of each hour as days since the beginning of the year of `start`, a time in UTC."""
    since = (start - start.replace(month=1, day=1, hour=0, minute=0, second=0)).total_seconds() / SECONDS_PER_DAY
    return since + (np.arange(hours) + 0.5) / HOURS_PER_DAY


def clear_sky(days: FloatArray, latitude: float, longitude: float) -> FloatArray:
    """Return the irradiance of a horizontal surface in W/m2 under a clear sky, by days in UTC since a year's beginning.

    The sun's height follows from the declination (Cooper 1969) and the hour angle; the equation of time, at most 17
    minutes, is left out.
    """
    declination = np.radians(OBLIQUITY) * np.sin(2 * np.pi * (np.floor(days) + 1 - EQUINOX_DAY) / DAYS_PER_YEAR)
    hour_angle = 2 * np.pi * (days + longitude / 360 - 0.5)
    height = np.sin(np.radians(latitude)) * np.sin(declination)
    height = height + np.cos(np.radians(latitude)) * np.cos(declination) * np.cos(hour_angle)
    sun = np.maximum(height, 1e-3)
    return np.where(height > 0, HAURWITZ_WATTS * sun * np.exp(-HAURWITZ_EXTINCTION / sun), 0.0)
