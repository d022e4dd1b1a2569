"""Series made by hand and by a generator, for the tests of forecasts."""

from datetime import date

import numpy as np

from simulator.arrays import FloatArray
from simulator.forecast.interface import HOURLY, Kind, Series
from tests.simulator.energy.places import greensboro


def series_of(
    values: FloatArray,
    kind: Kind = Kind.WIND,
    *,
    clear_sky: FloatArray | None = None,
    beside: FloatArray | None = None,
    first_day: date = date(2025, 1, 1),
) -> Series:
    """Return an hourly series of Greensboro with these values."""
    count = len(values)
    return Series(
        site=greensboro(first_day),
        kind=kind,
        step=HOURLY,
        rated=100.0,
        values=values,
        clear_sky=np.zeros(count + 24) if clear_sky is None else clear_sky,
        beside=np.zeros(count) if beside is None else beside,
    )


def sun(count: int) -> FloatArray:
    """Return the power (count + 24,) of a sun that shines from 6 to 18 hours, 100 W at noon."""
    hours = np.arange(count + 24) % 24
    power: FloatArray = np.maximum(0.0, 100.0 * np.sin(np.pi * (hours + 0.5 - 6.0) / 12.0))
    return power


def course(kind: Kind, days: int, seed: int = 0, first_day: date = date(2025, 1, 1)) -> Series:
    """Return days of clouds, gusts or a grid's intensity that wander, with a course of the day."""
    random = np.random.default_rng(seed)
    count = 24 * days
    state, walk = 0.0, np.empty(count)
    for step in range(count):
        state = 0.9 * state + random.normal(0.0, 0.4)
        walk[step] = state
    share = 1.0 / (1.0 + np.exp(-walk))
    hours = np.arange(count) % 24
    if kind is Kind.SOLAR:
        sky = sun(count)
        return series_of(share * sky[:count], kind, clear_sky=sky, beside=200 * (1 - share), first_day=first_day)
    if kind is Kind.WIND:
        return series_of(
            200.0 * share * (1.2 + np.cos(hours / 24 * 2 * np.pi)),
            kind,
            beside=sun(count)[:count] * share,
            first_day=first_day,
        )
    return series_of(300.0 + 100.0 * np.cos((hours - 18) / 24 * 2 * np.pi) + 40.0 * walk, kind, first_day=first_day)
