"""Wind farms and solar panels of a country under its weather."""

import math

import numpy as np

from simulator.arrays import FloatArray
from simulator.grid.power_system import PowerSystem, Wind
from simulator.grid.weather import clear_sky, normal_probability, quantile, year_course

WINDIEST_DAY = 15.0
"""Day of the year with most wind in the mean: mid-January in western Europe (monthly output at ENTSO-E)."""

CLEARNESS_DEVIATION = 0.2
"""Deviation of the share of a clear sky's light that reaches the panels of a country. Assumed: less than the 0.3 or so
of a single place, as clouds differ from place to place."""

CLEARNESS_BOUNDS = (0.1, 1.0)
"""Bounds of that share; thick clouds over a whole country pass a tenth (Kasten and Czeplak 1980: 0.25 at one place)."""

STANDARD_IRRADIANCE = 1000.0
"""W/m2 in which the capacity of panels is stated (IEC 60904-3)."""


def wind_gigawatts(wind: Wind, days: FloatArray, weather: FloatArray) -> FloatArray:
    """Return the output (H,) of wind farms by the day of the year and the standard normal weather.

    Of a normal variable of mean m and deviation d, the mean normal probability is that of m / sqrt(1 + d^2), so that
    each day has the season's mean capacity factor.
    """
    spread = math.sqrt(1 + wind.deviation**2)
    dates, places = np.unique(np.floor(days), return_inverse=True)
    means = wind.capacity_factor * (1 + wind.season * year_course(dates, WINDIEST_DAY))
    levels = np.array([spread * quantile(mean) for mean in means.tolist()])
    return wind.gigawatts * normal_probability(levels[places] + wind.deviation * weather)


def solar_gigawatts(system: PowerSystem, days: FloatArray, clouds: FloatArray | float) -> FloatArray:
    """Return the output (H,) of solar panels by the day in UTC and the standard normal deviation of the clouds."""
    clearness = np.clip(system.solar.clearness + CLEARNESS_DEVIATION * clouds, *CLEARNESS_BOUNDS)
    light = clear_sky(days, system.latitude, system.longitude) / STANDARD_IRRADIANCE
    return np.asarray(system.solar.gigawatts * system.solar.performance * clearness * light)


def mean_wind_and_sun(system: PowerSystem, days: FloatArray) -> float:
    """Return what both give in the mean of the days of a year, in gigawatts."""
    sun = float(solar_gigawatts(system, days, 0.0).mean())
    return system.wind.gigawatts * system.wind.capacity_factor + sun
