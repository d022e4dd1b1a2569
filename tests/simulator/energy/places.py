"""A site, and days of uniform weather."""

from datetime import date

import numpy as np

from simulator.energy.interface import POINTS_PER_DAY, Site, WeatherDay


def greensboro(first_day: date = date(2025, 3, 20)) -> Site:
    """Return the place of one of the typical years that pvlib ships."""
    return Site(latitude=36.1, longitude=-79.95, altitude_metres=273.0, utc_offset_hours=-5.0, first_day=first_day)


def uniform_day(
    *, irradiance: float = 0.0, celsius: float = 15.0, wind: float = 0.0, pascals: float = 101_325.0
) -> WeatherDay:
    """Return the same weather from midnight to midnight."""
    return WeatherDay(
        ghi_watts_per_square_metre=np.full(POINTS_PER_DAY, irradiance),
        clear_sky_watts_per_square_metre=np.full(POINTS_PER_DAY, irradiance),
        air_celsius=np.full(POINTS_PER_DAY, celsius),
        wind_metres_per_second=np.full(POINTS_PER_DAY, wind),
        pressure_pascals=np.full(POINTS_PER_DAY, pascals),
    )
