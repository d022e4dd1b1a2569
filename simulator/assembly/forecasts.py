"""The parts of a scenario's forecasters: a history of each site's panels, turbines and grid, and what it taught."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.assembly.grids import start_of
from simulator.assembly.history import LEAST_DAYS, Days, intensity_days, supply_days
from simulator.assembly.layout import Layout, Place
from simulator.energy.interface import Site
from simulator.energy.supply import LocalSupply
from simulator.forecast.intensity import Zone
from simulator.forecast.interface import HOURLY, Kind, Series
from simulator.forecast.learnt import Learnt, learn, unlearnt
from simulator.forecast.serving import LOOKBACK_DAYS, Past, Source
from simulator.scenario.schema import GridSection
from simulator.scenario.supply import WeatherSection

TOO_SHORT = f"less than {LEAST_DAYS} days of the recording lie beside the run"

NOTHING = LocalSupply()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish to learn: a choice of `simulator.forecast.learnt`, its checkpoints, and the days that a run takes."""

    choice: str
    checkpoints: tuple[str, ...]
    days: int


def sources_of(layout: Layout, request: Request) -> list[Source]:
    """Return the sources of supply of a layout, those that are alike at a site as one.

    Raises WeatherError for a recording that cannot be used.
    """
    found: list[Source] = []
    for number, place in enumerate(layout.places):
        buses = {index: bus.supply for index, bus in enumerate(layout.buses) if bus.place == number}
        for kind in (Kind.SOLAR, Kind.WIND):
            found.extend(_sources(place, buses, kind, request))
    return found


def _sources(place: Place, buses: Mapping[int, LocalSupply], kind: Kind, request: Request) -> Iterator[Source]:
    """Yield the sources of one kind at a site; the first bus with the other kind tells what is beside them."""
    beside = next((index for index, supply in buses.items() if _without(supply, kind) != NOTHING), None)
    others = NOTHING if beside is None else _without(buses[beside], kind)
    alike: dict[LocalSupply, list[int]] = {}
    for index, supply in buses.items():
        if (own := _only(supply, kind)) != NOTHING:
            alike.setdefault(own, []).append(index)
    for own, indices in alike.items():
        both = LocalSupply(solar=own.solar or others.solar, wind=own.wind or others.wind)
        learnt, days = learnt_supply(_history_site(place), place.weather, both, kind, request)
        yield Source(
            buses=tuple(indices),
            beside=beside,
            site=place.site,
            lead=place.lead,
            learnt=learnt,
            past=_past(days, place.site.first_day, int(place.lead // SECONDS_PER_HOUR)),
        )


def _only(supply: LocalSupply, kind: Kind) -> LocalSupply:
    return LocalSupply(solar=supply.solar) if kind is Kind.SOLAR else LocalSupply(wind=supply.wind)


def _without(supply: LocalSupply, kind: Kind) -> LocalSupply:
    return LocalSupply(wind=supply.wind) if kind is Kind.SOLAR else LocalSupply(solar=supply.solar)


def _history_site(place: Place) -> Site:
    """Return the site on the day before which its history lies; runs of one year share a generated one."""
    if place.weather.file is not None:
        return place.site
    return replace(place.site, first_day=place.site.first_day.replace(month=1, day=1))


@functools.lru_cache(maxsize=64)
def learnt_supply(
    site: Site, section: WeatherSection, supply: LocalSupply, kind: Kind, request: Request
) -> tuple[Learnt, Days]:
    """Return what a panel or a turbine taught, and its history, once for all runs of a process."""
    solar, wind = supply_days(site, section, supply, request.days)
    days, rated = (solar, supply.solar_peak_watts) if kind is Kind.SOLAR else (wind, supply.wind_rated_watts)
    return _learnt(days, site, kind, rated, request), days


def zones_of(layout: Layout, request: Request) -> list[Zone]:
    """Return the zones of a layout whose intensity is not known by the hour of the day.

    Raises GridError for a recording that cannot be used.
    """
    found = []
    for number, place in enumerate(layout.places):
        if place.grid.generated is None and place.grid.file is None:
            continue
        start = start_of(place)
        # The days of a grid are those of the simulated clock: they begin when the run does.
        site = replace(place.site, first_day=start.date())
        own = start if place.grid.file is not None else start.replace(month=1, day=1)
        learnt, days = learnt_intensity(replace(site, first_day=own.date()), place.grid, own, request)
        buses = tuple(index for index, bus in enumerate(layout.buses) if bus.place == number)
        found.append(Zone(buses=buses, site=site, learnt=learnt, past=_past(days, site.first_day, 0)))
    return found


@functools.lru_cache(maxsize=64)
def learnt_intensity(site: Site, section: GridSection, start: datetime, request: Request) -> tuple[Learnt, Days]:
    """Return what a grid taught, and its history, once for all runs of a process."""
    days = intensity_days(section, start, request.days)
    return _learnt(days, site, Kind.INTENSITY, float(days.values.max(initial=0.0)), request), days


def _learnt(days: Days, site: Site, kind: Kind, rated: float, request: Request) -> Learnt:
    """Learn from a history."""
    # A grid that emits nothing has no typical intensity, and none is needed.
    rated = rated or 1.0
    if not len(days.values):
        return unlearnt(kind, rated, TOO_SHORT)
    series = Series(
        site=replace(site, first_day=days.first_day),
        kind=kind,
        step=HOURLY,
        rated=rated,
        values=days.values,
        clear_sky=days.clear_sky,
        beside=days.beside,
    )
    return learn(request.choice, series, [Path(file) for file in request.checkpoints])


def _past(days: Days, first_day: date, hours: int) -> Past:
    """Return what was observed before a run that begins so many hours after the beginning of a day."""
    if not len(days.values):
        nothing = np.full(LOOKBACK_DAYS * HOURS_PER_DAY + hours, np.nan)
        return Past(values=nothing, clear_sky=np.zeros(len(nothing)), beside=nothing)
    values, sky, beside = days.before(first_day, LOOKBACK_DAYS, hours)
    return Past(values=values, clear_sky=sky, beside=beside)
