"""The past from which a live run learns: the years before it, and its own observations after them.

Of generated weather the years before are those of the physics: generated anew in the climate of the site's latitude. Of
recorded weather, and of a grid, they are its history. Nothing of what the run itself will bring is among them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from exporter.core.units import HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.assembly.grids import start_of
from simulator.assembly.history import WEEKS_OF_YEAR, Days, history_seed, intensity_days, supply_days
from simulator.assembly.layout import Layout, Place
from simulator.energy.supply import LocalSupply
from simulator.forecast.dataset import TYPICAL_DAYS
from simulator.forecast.interface import HOURLY, Kind, Series
from simulator.forecast.physics import Installation, histories, supply_series
from simulator.live.lessons import KINDS, MOST_OBSERVED_DAYS, Hours, Request

YEAR = timedelta(weeks=WEEKS_OF_YEAR)

YEAR_HOURS = TYPICAL_DAYS * HOURS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """All that can be learnt from of a series, and a year (8760,) of its cloudless sky, zeros where there is no sun."""

    series: Series
    sky_from: date
    sky: FloatArray


def pasts_of(request: Request, layout: Layout, number: int) -> Iterator[Past]:
    """Yield the past of each series of a site. Raises WeatherError or GridError for a recording."""
    place = layout.places[number]
    supplies = tuple(bus.supply for bus in layout.buses if bus.place == number)
    run = request.scenario.run.warm_up_days + request.scenario.run.days
    hours = Hours.of(place)
    day, seen = _whole_days(request, hours.lead, number)
    own = Installation(site=hours.site_on(day), supplies=supplies)
    days = max(YEAR_HOURS, seen.shape[1]) // HOURS_PER_DAY + 1
    sky = own.clear_sky(days) if own.rated(Kind.SOLAR) > 0.0 else np.zeros(days * HOURS_PER_DAY)
    for kind, before in _years_before(place, own, supplies, run).items():
        own_sky = sky if kind is Kind.SOLAR else np.zeros_like(sky)
        now = supply_series(own, kind, solar=seen[0], wind=seen[1], clear_sky=own_sky[: seen.shape[1] + HOURS_PER_DAY])
        yield Past(series=joined(before, now), sky_from=own.site.first_day, sky=own_sky[:YEAR_HOURS])
    if place.grid.generated is None and place.grid.file is None:
        return
    hours = Hours.of_grid(place)
    day, seen = _whole_days(request, hours.lead, number)
    grams = seen[KINDS.index(Kind.INTENSITY)]
    nothing = np.zeros(len(grams) + HOURS_PER_DAY)
    today = Days(first_day=hours.day(day), values=grams, clear_sky=nothing, beside=np.zeros(len(grams)))
    series = joined(_grid(hours, intensity_days(place.grid, start_of(place), run)), _grid(hours, today))
    if len(series.values):
        yield Past(series=series, sky_from=series.site.first_day, sky=np.zeros(YEAR_HOURS))


def _whole_days(request: Request, lead: int, site: int) -> tuple[int, FloatArray]:
    """Return what was observed of a site (3, T) in whole days of its own, and the number of the first."""
    seen = request.hours()[:, :, site].T
    day, missing = divmod(request.first + lead, HOURS_PER_DAY)
    after = -(missing + seen.shape[1]) % HOURS_PER_DAY
    if not seen.size:
        return day, seen
    return day, np.pad(seen, ((0, 0), (missing, after)), constant_values=np.nan)


def _years_before(place: Place, own: Installation, supplies: Sequence[LocalSupply], run: int) -> dict[Kind, Series]:
    """Return what is known of each kind of supply before a day, the first of `own`; the run takes so many days."""
    if place.weather.file is not None:
        counted = Counter(supplies)
        days = [supply_days(place.site, place.weather, supply, run) for supply in counted]
        if all(len(solar.values) for solar, _ in days):
            kinds = {Kind.SOLAR: [solar for solar, _ in days], Kind.WIND: [wind for _, wind in days]}
            return {
                kind: _sum(own, kind, parts, list(counted.values()))
                for kind, parts in kinds.items()
                if own.rated(kind) > 0.0
            }
    return histories(own, seed=history_seed())


def _sum(own: Installation, kind: Kind, parts: Sequence[Days], counts: Sequence[int]) -> Series:
    """Return the sum of the histories of supplies of which there are so many."""
    values, sky, beside = (
        np.sum([count * getattr(part, name) for part, count in zip(parts, counts, strict=True)], axis=0)
        for name in ("values", "clear_sky", "beside")
    )
    return Series(
        site=replace(own.site, first_day=parts[0].first_day),
        kind=kind,
        step=HOURLY,
        rated=own.rated(kind),
        values=values,
        clear_sky=sky,
        beside=beside,
    )


def _grid(hours: Hours, days: Days) -> Series:
    return Series(
        site=replace(hours.site, first_day=days.first_day),
        kind=Kind.INTENSITY,
        step=HOURLY,
        # A grid that emits nothing has no typical intensity, and none is needed.
        rated=float(np.nanmax(days.values, initial=0.0)) or 1.0,
        values=days.values,
        clear_sky=days.clear_sky,
        beside=days.beside,
    )


def joined(before: Series, own: Series) -> Series:
    """Return the years before with what was observed after them; a year of that is enough.

    Years that lie after it, or run into it, are moved back by whole years of 52 weeks. What lies between is missing.
    """
    if not len(own.values):
        return before
    if not len(before.values) or len(own.values) >= MOST_OBSERVED_DAYS * HOURS_PER_DAY:
        return own
    count = timedelta(days=len(before.values) // HOURS_PER_DAY)
    first = before.site.first_day
    first -= YEAR * max(0, -((own.site.first_day - first - count) // YEAR))
    gap = (own.site.first_day - first - count).days * HOURS_PER_DAY
    values, beside = (
        np.concatenate([one, np.full(gap, np.nan), other])
        for one, other in ((before.values, own.values), (before.beside, own.beside))
    )
    sky = np.concatenate([before.clear_sky[: len(before.values)], np.zeros(gap), own.clear_sky])
    return Series(
        site=replace(before.site, first_day=first),
        kind=own.kind,
        step=own.step,
        rated=max(before.rated, own.rated),
        values=values,
        clear_sky=sky,
        beside=beside,
    )
