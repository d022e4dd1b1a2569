"""The child process that learns: `python -m simulator.live.learn` makes a model of each series of a scenario's sites.

It reads a request, a line of JSON, from its input, and writes an archive of lessons to its output. Supply is learnt
from two years of generated weather in the climate of the site's latitude; a generated grid from another year of its
kind. Nothing of what the run itself will bring is among them.
"""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np

from exporter.core.units import HOURS_PER_DAY, Seconds
from simulator.assembly.grids import ZoneHours
from simulator.assembly.layout import Layout, Place, layout_of
from simulator.forecast.dataset import HOURLY, TYPICAL_DAYS
from simulator.forecast.interface import ForecastError, Kind, Series
from simulator.forecast.models.convex import Convex
from simulator.forecast.pair import Pair, kept_pair, learn_pair
from simulator.forecast.physics import Installation, histories
from simulator.live.generate import end_with
from simulator.live.lessons import MOST_SITES, Hours, Lesson, Request, Told, written

HISTORY_SEED = 1_862_000_001
"""Seed of all histories: any that no run of a user is likely to have, so that none is learnt from its own weather."""


def main() -> int:
    """Answer the request on standard input."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    sys.stdout.buffer.write(written(list(lessons(request))))
    sys.stdout.buffer.flush()
    return 0


def lessons(request: Request) -> Iterator[Lesson]:
    """Yield the lesson of each series of the first sites."""
    layout = layout_of(request.scenario, request.seed)
    for number, place in enumerate(layout.places[:MOST_SITES]):
        for series in _series_of(layout, number, place):
            pair, refused = _pair(series, ())
            told = Told(
                site=number,
                kind=series.kind,
                rated=series.rated,
                reasons=pair.reasons,
                refused=refused,
                sky_from=series.site.first_day,
            )
            yield Lesson(told=told, pair=pair, sky=series.clear_sky[: TYPICAL_DAYS * HOURS_PER_DAY])


def _pair(series: Series, checkpoints: tuple[str, ...]) -> tuple[Pair, str]:
    """Return what is served: the first checkpoint of the kind that can be, else what the history teaches.

    With it the line of the last that was refused.
    """
    refused = ""
    for file in checkpoints:
        try:
            return kept_pair(Path(file), series), ""
        except ForecastError as error:
            refused = str(error)
    return learn_pair([Convex()], series, seed=0), refused


def _series_of(layout: Layout, number: int, place: Place) -> Iterator[Series]:
    """Yield the year before the run of each series of a site, as it might have been."""
    hours = Hours.of(place)
    supplies = tuple(bus.supply for bus in layout.buses if bus.place == number)
    installation = Installation(site=hours.site, supplies=supplies)
    yield from histories(installation, seed=HISTORY_SEED).values()
    if place.grid.generated is not None:
        yield _grid_year(place, hours)


def _grid_year(place: Place, hours: Hours) -> Series:
    """Return a year of the kind of grid that a site has, drawn anew."""
    before = replace(hours.site, first_day=hours.site.first_day - timedelta(days=TYPICAL_DAYS))
    count = TYPICAL_DAYS * HOURS_PER_DAY
    grams, _ = ZoneHours(replace(place, site=before, lead=Seconds(0.0)), HISTORY_SEED).between(0, count)
    return Series(
        site=before,
        kind=Kind.INTENSITY,
        step=HOURLY,
        rated=float(grams.mean()),
        values=grams,
        clear_sky=np.zeros(count + HOURS_PER_DAY),
        beside=np.zeros(count),
    )


if __name__ == "__main__":
    sys.exit(main())
