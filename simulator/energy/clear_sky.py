"""Irradiance under a cloudless sky, which depends only on the place and the date."""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site

CACHED_DAYS = 4096
"""More than the longest run has; a day takes 2.3 kB."""


@lru_cache(maxsize=CACHED_DAYS)
def clear_sky_day(site: Site, index: int) -> FloatArray:
    """Global horizontal irradiance (288,) in W/m2 on day `index` after the site's first, which may be negative.

    Each value is that of the middle of its step. Model: Ineichen and Perez 2002 with the monthly Linke turbidity of
    SoDa, both from pvlib; positions of the sun by NREL's algorithm (Reda and Andreas 2004).
    """
    import pandas as pd  # noqa: PLC0415 - slow to import
    from pvlib.location import Location  # type: ignore[import-untyped]  # noqa: PLC0415

    step = timedelta(seconds=WEATHER_STEP)
    times = pd.date_range(_midnight(site, index) + step / 2, periods=POINTS_PER_DAY, freq=step)
    place = Location(site.latitude, site.longitude, "UTC", site.altitude_metres)
    irradiance = place.get_clearsky(times, model="ineichen")["ghi"].to_numpy(dtype=np.float64, copy=True)
    irradiance.setflags(write=False)
    return np.asarray(irradiance)


def _midnight(site: Site, index: int) -> datetime:
    """When day `index` begins in local standard time."""
    local = datetime.combine(site.first_day, time(), tzinfo=UTC) + timedelta(days=index)
    return local - timedelta(hours=site.utc_offset_hours)
