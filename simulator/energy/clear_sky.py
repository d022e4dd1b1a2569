"""The sun, and the irradiance under a cloudless sky: they depend only on the place and the date."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site, Sun

CACHED_DAYS = 4096
"""Days kept: more than the longest run of an experiment has; a day takes 7 kB."""

DAYS_PER_YEAR = 365.2425
"""Mean length of a year of the Gregorian calendar."""

CYCLE_DAYS = 146_097
"""Days in 400 years, after which the Gregorian calendar repeats, days of the week included."""

CYCLE_BEGINS = date(1862, 1, 1)
"""First day of the cycle in use; the cycle ends before 2262-04-11, where pandas' clock of nanoseconds does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """A day without clouds: the sun, and the global horizontal irradiance (288,) in W/m2, which may be negative."""

    sun: Sun
    clear_sky_watts_per_square_metre: FloatArray


@lru_cache(maxsize=CACHED_DAYS)
def sky_day(site: Site, index: int) -> Sky:
    """Return the sky of day `index` after the site's first.

    Each value is that of the middle of its step. Model: Ineichen and Perez 2002, with the sun's position by NREL's
    algorithm (Reda and Andreas 2004) and its distance by Spencer 1971, all from pvlib.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import
    from pvlib.irradiance import get_extra_radiation  # type: ignore[import-untyped]  # noqa: PLC0415
    from pvlib.location import Location  # type: ignore[import-untyped]  # noqa: PLC0415

    step = timedelta(seconds=WEATHER_STEP)
    day = calendar_day(site.first_day, index)
    midnight = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=site.utc_offset_hours)
    times = pd.date_range(midnight + step / 2, periods=POINTS_PER_DAY, freq=step)
    day_of_year = day.timetuple().tm_yday
    place = Location(site.latitude, site.longitude, "UTC", site.altitude_metres)
    position = place.get_solarposition(times)
    clear = place.get_clearsky(
        times,
        model="ineichen",
        solar_position=position,
        dni_extra=get_extra_radiation(day_of_year),
        linke_turbidity=linke_turbidity(site.latitude, site.longitude, day),
    )
    return Sky(
        sun=Sun(
            day_of_year=day_of_year,
            zenith_degrees=_frozen(position["apparent_zenith"]),
            azimuth_degrees=_frozen(position["azimuth"]),
        ),
        clear_sky_watts_per_square_metre=_frozen(clear["ghi"]),
    )


def clear_sky_day(site: Site, index: int) -> FloatArray:
    """Return the irradiance (288,) of `sky_day` alone."""
    return sky_day(site, index).clear_sky_watts_per_square_metre


def _frozen(column: Any) -> FloatArray:
    """Return a column of a table as an array that cannot be written to, because many share it."""
    values: FloatArray = column.to_numpy(dtype=np.float64, copy=True)
    values.setflags(write=False)
    return values


def calendar_day(first: date, index: int) -> date:
    """Return the date `index` days after the `first`, moved by whole cycles of 400 years to between 1862 and 2261.

    A run of any length stays within the calendar, and the sun of a date is much the same 400 years later.
    """
    return CYCLE_BEGINS + timedelta(days=((first - CYCLE_BEGINS).days + index) % CYCLE_DAYS)


def linke_turbidity(latitude: float, longitude: float, day: date) -> float:
    """Return the Linke turbidity: monthly means (Remund and others 2003), interpolated between the months' middles."""
    months = _monthly_turbidity(latitude, longitude)
    month = (day.timetuple().tm_yday - 0.5) / DAYS_PER_YEAR * 12
    return float(np.interp(month, np.arange(12) + 0.5, months, period=12))


@lru_cache(maxsize=16)
def _monthly_turbidity(latitude: float, longitude: float) -> FloatArray:
    """Return the twelve means that pvlib ships for a place. Its own interpolation calls pandas in a deprecated way."""
    import pandas as pd  # noqa: PLC0415 - slow to import
    from pvlib.clearsky import lookup_linke_turbidity  # type: ignore[import-untyped]  # noqa: PLC0415

    months = pd.date_range("2001-01-01", periods=12, freq="MS", tz="UTC")
    monthly = lookup_linke_turbidity(months, latitude, longitude, interp_turbidity=False)
    return np.asarray(monthly, dtype=np.float64)
