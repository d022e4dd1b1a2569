"""A history for a site that has none yet: a year of generated weather, in the climate of its latitude.

Where the sun stands, and what panels and turbines make of light and wind, is known of any place. How clouds and wind
usually behave is taken from the two shipped climates: that of the nearer latitude, and for places between them some
weeks of the other, more of them the nearer it is. A model learns from that year until there are observations.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import numpy as np

from exporter.core.units import DAYS_PER_WEEK, HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.energy.climate import CLIMATES, Climate
from simulator.energy.interface import Site, Supply, WeatherDay
from simulator.energy.weather import correlated_weather
from simulator.forecast.dataset import TYPICAL_DAYS
from simulator.forecast.interface import HOURLY, Kind, Series

LATITUDES = {"greensboro": 36.1, "sand-point": 55.32}
"""Latitudes of the shipped climates in degrees north, by the typical years (TMY3) that they were computed from."""

HALF_A_YEAR = 6
"""Months by which the seasons of the southern hemisphere are apart from those of the northern."""


HISTORY_DAYS = 2 * TYPICAL_DAYS
"""Days of a history: two of each season, since in one year a month can be unlike what is usual."""

GOLDEN_RATIO = (math.sqrt(5.0) - 1.0) / 2.0
"""Its multiples without their whole parts are spread evenly over 0 to 1, so any stretch of weeks has its share."""


def climates_at(latitude: float) -> tuple[tuple[Climate, Climate], float]:
    """Return the climate of the nearer latitude, then the other, and the other's share of the year.

    The share is nothing at the latitude of the nearer and beyond it, and half where both are equally far. Seasons are
    those of the hemisphere.
    """
    apart = {name: abs(north - abs(latitude)) for name, north in LATITUDES.items()}
    near, far = sorted(apart, key=lambda name: apart[name])
    between = min(LATITUDES.values()) < abs(latitude) < max(LATITUDES.values())
    share = apart[near] / (apart[near] + apart[far]) if between else 0.0
    return (_seasonal(CLIMATES[near], latitude), _seasonal(CLIMATES[far], latitude)), share


def _seasonal(climate: Climate, latitude: float) -> Climate:
    if latitude >= 0.0:
        return climate
    figures: dict[str, Any] = {one.name: getattr(climate, one.name) for one in fields(climate)}
    monthly: dict[str, Any] = {name: months for name, months in figures.items() if isinstance(months, tuple)}
    return replace(climate, **{name: months[HALF_A_YEAR:] + months[:HALF_A_YEAR] for name, months in monthly.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The panels and turbines at a site."""

    site: Site
    supplies: tuple[Supply, ...]

    def rated(self, kind: Kind) -> float:
        """Return the power by the plates of what gives this kind of supply, in watts."""
        wind = kind is Kind.WIND
        return sum(one.wind_rated_watts if wind else one.solar_peak_watts for one in self.supplies)

    def power(self, weather: WeatherDay) -> tuple[FloatArray, FloatArray]:
        """Return the solar and the wind power (24,) of the hours of a day, in watts."""
        powers = [one.power(weather) for one in self.supplies]
        return _hourly([one.solar for one in powers]), _hourly([one.wind for one in powers])

    def weather(self, seed: int, days: int) -> Iterator[WeatherDay]:
        """Yield days of generated weather, from the site's first on, in the climate of the latitude."""
        climates, share = climates_at(self.site.latitude)
        sources = [correlated_weather({"": (self.site, climate)}, seed)[""] for climate in climates]
        for index in range(days):
            other = math.modf(index // DAYS_PER_WEEK * GOLDEN_RATIO)[0] >= 1.0 - share
            yield sources[other].day(index)

    def clear_sky(self, days: int) -> FloatArray:
        """Return the solar power of every hour of so many days from the site's first on, without clouds, in watts."""
        return np.concatenate([self.power(_without_clouds(day))[0] for day in self.weather(0, days)])


def histories(installation: Installation, *, seed: int, days: int = HISTORY_DAYS) -> dict[Kind, Series]:
    """Return so many days of each kind of generated supply, up to the day before the site's first."""
    site = installation.site
    before = replace(installation, site=replace(site, first_day=site.first_day - timedelta(days=days)))
    solar, wind = (
        np.concatenate(powers) for powers in zip(*map(before.power, before.weather(seed, days)), strict=True)
    )
    kinds = [kind for kind in (Kind.SOLAR, Kind.WIND) if before.rated(kind) > 0.0]
    sky = before.clear_sky(days + 1) if Kind.SOLAR in kinds else np.zeros(len(solar) + HOURS_PER_DAY)
    return {kind: supply_series(before, kind, solar=solar, wind=wind, clear_sky=sky) for kind in kinds}


def supply_series(
    installation: Installation, kind: Kind, *, solar: FloatArray, wind: FloatArray, clear_sky: FloatArray
) -> Series:
    """Return the series of one kind of supply out of the hourly power (T,) of both, and the clear sky (T + 24,)."""
    own, beside = (solar, wind) if kind is Kind.SOLAR else (wind, solar)
    return Series(
        site=installation.site,
        kind=kind,
        step=HOURLY,
        rated=installation.rated(kind),
        values=own,
        clear_sky=clear_sky,
        beside=beside,
    )


def _hourly(powers: Sequence[FloatArray]) -> FloatArray:
    """Return the means of the hours (24,) of the sum of powers (288,)."""
    total = np.sum(powers, axis=0)
    means: FloatArray = total.reshape(HOURS_PER_DAY, -1).mean(axis=1)
    return means


def _without_clouds(day: WeatherDay) -> WeatherDay:
    return replace(day, ghi_watts_per_square_metre=np.maximum(day.clear_sky_watts_per_square_metre, 0.0))
