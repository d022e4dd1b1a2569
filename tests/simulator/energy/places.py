"""A site, and days of uniform weather."""

from datetime import date

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, Site, Sun, WeatherDay


def greensboro(first_day: date = date(2025, 3, 20)) -> Site:
    """Return the place of one of the typical years that pvlib ships."""
    return Site(latitude=36.1, longitude=-79.95, altitude_metres=273.0, utc_offset_hours=-5.0, first_day=first_day)


def uniform_day(
    *, irradiance: float = 0.0, celsius: float = 15.0, wind: float = 0.0, pascals: float = 101_325.0
) -> WeatherDay:
    """Return the same weather from midnight to midnight, under a sun overhead."""
    return WeatherDay(
        sun=Sun(day_of_year=80, zenith_degrees=_everywhen(0.0), azimuth_degrees=_everywhen(180.0)),
        ghi_watts_per_square_metre=_everywhen(irradiance),
        clear_sky_watts_per_square_metre=_everywhen(irradiance),
        air_celsius=_everywhen(celsius),
        wind_metres_per_second=_everywhen(wind),
        pressure_pascals=_everywhen(pascals),
    )


def _everywhen(value: float) -> FloatArray:
    return np.full(POINTS_PER_DAY, value)
