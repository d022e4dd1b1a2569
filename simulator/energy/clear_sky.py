"""The sun, and the irradiance under a cloudless sky: they depend only on the place and the date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site, Sun

BLOCK_DAYS = 16
"""Days computed at once. Most of the time of a day computed alone goes into calls on short arrays: it takes 3.8 ms, a
day of 16 takes 1.4 ms, and one of 64 hardly less."""

CACHED_BLOCKS = 256
"""Blocks kept: more days than the longest run of an experiment has; a day takes 7 kB."""

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


def sky_day(site: Site, index: int) -> Sky:
    """Return the sky of day `index` after the site's first.

    Each value is that of the middle of its step. Model: Ineichen and Perez 2002, with the sun's position by NREL's
    algorithm (Reda and Andreas 2004) and its distance by Spencer 1971, all from pvlib.
    """
    block, day = divmod(index, BLOCK_DAYS)
    return _skies(site, block)[day]


@lru_cache(maxsize=CACHED_BLOCKS)
def _skies(site: Site, block: int) -> list[Sky]:
    """Return the skies of a block of days, each of which is the same as when it is computed alone."""
    from pvlib import atmosphere, clearsky, irradiance  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import
    from pvlib.location import Location  # type: ignore[import-untyped]  # noqa: PLC0415

    days = [calendar_day(site.first_day, block * BLOCK_DAYS + day) for day in range(BLOCK_DAYS)]
    days_of_year = [day.timetuple().tm_yday for day in days]
    turbidity = [linke_turbidity(site.latitude, site.longitude, day) for day in days]
    place = Location(site.latitude, site.longitude, "UTC", site.altitude_metres)
    position = place.get_solarposition(_middles(days, site.utc_offset_hours))
    zenith, azimuth = (position[name].to_numpy(dtype=np.float64) for name in ("apparent_zenith", "azimuth"))
    pressure = atmosphere.alt2pres(site.altitude_metres)
    with np.errstate(divide="ignore"):  # by the cosine of the zenith, which pvlib takes to be 0 at night
        clear = clearsky.ineichen(
            zenith,
            atmosphere.get_absolute_airmass(atmosphere.get_relative_airmass(zenith), pressure),
            np.repeat(turbidity, POINTS_PER_DAY),
            site.altitude_metres,
            np.repeat([irradiance.get_extra_radiation(day) for day in days_of_year], POINTS_PER_DAY),
        )
    parts = zip(days_of_year, _by_day(zenith), _by_day(azimuth), _by_day(clear["ghi"]), strict=True)
    return [
        Sky(
            sun=Sun(day_of_year=day_of_year, zenith_degrees=zenith, azimuth_degrees=azimuth),
            clear_sky_watts_per_square_metre=ghi,
        )
        for day_of_year, zenith, azimuth, ghi in parts
    ]


def _middles(days: Sequence[date], utc_offset_hours: float) -> Any:
    """Return the middles of all steps of these days, which are those of local standard time, as an index of pandas."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    step = np.timedelta64(timedelta(seconds=WEATHER_STEP))
    midnights = np.array(days, dtype="datetime64[us]") - np.timedelta64(timedelta(hours=utc_offset_hours))
    return pd.DatetimeIndex((midnights[:, None] + step / 2 + np.arange(POINTS_PER_DAY) * step).ravel(), tz="UTC")


def _by_day(values: FloatArray) -> FloatArray:
    """Return values as an array (D, 288) that cannot be written to, because many share it."""
    days = values.reshape(-1, POINTS_PER_DAY).copy()
    days.setflags(write=False)
    return days


def clear_sky_day(site: Site, index: int) -> FloatArray:
    """Return the irradiance (288,) of `sky_day` alone."""
    return sky_day(site, index).clear_sky_watts_per_square_metre


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
