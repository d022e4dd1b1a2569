"""Irradiance under a cloudless sky, which depends only on the place and the date."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site

CACHED_DAYS = 4096
"""Days kept: more than the longest run of an experiment has; a day takes 2.3 kB. Live runs drop the oldest."""

DAYS_PER_YEAR = 365.2425
"""Mean length of a year of the Gregorian calendar."""

CYCLE_DAYS = 146_097
"""Days in 400 years, after which the Gregorian calendar repeats, days of the week included."""

CYCLE_BEGINS = date(1862, 1, 1)
"""First day of the cycle in use; the cycle ends before 2262-04-11, where pandas' clock of nanoseconds does."""


@lru_cache(maxsize=CACHED_DAYS)
def clear_sky_day(site: Site, index: int) -> FloatArray:
    """Return the global horizontal irradiance (288,) in W/m2 on day `index` after the site's first; it may be negative.

    Each value is that of the middle of its step. Model: Ineichen and Perez 2002, with the sun's position by NREL's
    algorithm (Reda and Andreas 2004) and its distance by Spencer 1971, all from pvlib.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import
    from pvlib.irradiance import get_extra_radiation  # type: ignore[import-untyped]  # noqa: PLC0415
    from pvlib.location import Location  # type: ignore[import-untyped]  # noqa: PLC0415

    step = timedelta(seconds=WEATHER_STEP)
    day = calendar_day(site.first_day, index)
    midnight = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=site.utc_offset_hours)
    sky = Location(site.latitude, site.longitude, "UTC", site.altitude_metres).get_clearsky(
        pd.date_range(midnight + step / 2, periods=POINTS_PER_DAY, freq=step),
        model="ineichen",
        dni_extra=get_extra_radiation(day.timetuple().tm_yday),
        linke_turbidity=linke_turbidity(site.latitude, site.longitude, day),
    )
    irradiance: FloatArray = sky["ghi"].to_numpy(dtype=np.float64, copy=True)
    irradiance.setflags(write=False)
    return irradiance


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
