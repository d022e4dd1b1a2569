"""Years of a grid's intensity to learn from: those that the simulator generates after a country."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np

from exporter.core.units import HOURS_PER_DAY
from simulator.energy.interface import Site
from simulator.forecast.dataset import TYPICAL_DAYS
from simulator.forecast.interface import HOURLY, Kind, Series
from simulator.grid.generator import generate
from simulator.grid.power_system import PowerSystem
from simulator.grid.presets import PRESETS
from simulator.streams import Stream, generator

SYSTEMS = {name: one.model for name, one in PRESETS.items() if isinstance(one.model, PowerSystem)}
"""The power systems that change by the hour, by the name of their preset."""

FIRST_YEAR = 2025
"""Year that is generated: one of 365 days, like a typical year."""

SEED = 1
"""Seed of the weather, the habits and the outages of that year."""


def generated_year(name: str) -> Series:
    """Return a year of hourly intensity of a grid of SYSTEMS, of which the mean is what is typical."""
    start = beginning(SYSTEMS[name])
    grid = generate(PRESETS[name], start, TYPICAL_DAYS * HOURS_PER_DAY, generator(SEED, Stream.GRID))
    values = grid.intensity_grams_per_kwh
    site = Site(
        latitude=SYSTEMS[name].latitude,
        longitude=SYSTEMS[name].longitude,
        altitude_metres=0.0,
        utc_offset_hours=(start.utcoffset() or timedelta()) / timedelta(hours=1),
        first_day=start.date(),
    )
    return Series(
        site=site,
        kind=Kind.INTENSITY,
        step=HOURLY,
        rated=float(values.mean()),
        values=values,
        clear_sky=np.zeros(len(values) + HOURS_PER_DAY),
        beside=np.zeros(len(values)),
    )


def beginning(system: PowerSystem) -> datetime:
    """Return the midnight, in local standard time, with which the year begins."""
    local = datetime(FIRST_YEAR, 1, 1, tzinfo=ZoneInfo(system.time_zone))
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))
