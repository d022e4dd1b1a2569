"""The child process that learns: `python -m simulator.live.learn` makes a model of each series of a scenario's sites.

It reads a request, a line of JSON, from its input, and writes an archive of lessons to its output. Supply is learnt
from two years of generated weather in the climate of the site's latitude, and a grid from its history. Nothing of what
the run itself will bring is among them.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from exporter.core.units import HOURS_PER_DAY
from simulator.assembly.grids import start_of
from simulator.assembly.history import history_seed, intensity_days
from simulator.assembly.layout import Layout, layout_of
from simulator.forecast.checkpoint import load
from simulator.forecast.dataset import HOURLY, TYPICAL_DAYS
from simulator.forecast.interface import ForecastError, Kind, Series
from simulator.forecast.learnt import BEST, SEED
from simulator.forecast.models.convex import Convex
from simulator.forecast.models.ridge import Ridge
from simulator.forecast.pair import Pair, kept_pair, learn_pair
from simulator.forecast.physics import Installation, histories
from simulator.live.lessons import MOST_SITES, Hours, Lesson, Request, Told, written
from simulator.run.generate import end_with
from simulator.scenario.schema import ForecastSection, Scenario

LOG = logging.getLogger(__name__)

NICENESS = 10
"""Lower priority of the child: whatever else the machine does, the simulated clock included, goes before it."""


def main() -> int:
    """Answer the request on standard input."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    os.nice(NICENESS)
    threading.Thread(target=end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    sys.stdout.buffer.write(written(list(lessons(request))))
    sys.stdout.buffer.flush()
    return 0


def lessons(request: Request) -> Iterator[Lesson]:
    """Yield the lesson of each series of the first sites, but for those that nothing can be learnt of.

    Raises GridError for a recording that cannot be used.
    """
    layout = layout_of(request.scenario, request.seed)
    for number in range(min(MOST_SITES, len(layout.places))):
        for series in _series_of(request.scenario, layout, number):
            try:
                pair, refused = _pair(series, request.scenario.forecast)
            except ForecastError as error:
                LOG.warning("no forecasts of %s at %s: %s", series.kind, layout.places[number].name, error)
                continue
            told = Told(
                site=number,
                kind=series.kind,
                rated=series.rated,
                reasons=pair.reasons,
                refused=refused,
                sky_from=series.site.first_day,
            )
            yield Lesson(told=told, pair=pair, sky=series.clear_sky[: TYPICAL_DAYS * HOURS_PER_DAY])


def _pair(series: Series, section: ForecastSection | None) -> tuple[Pair, str]:
    """Return what is served, and the line of a checkpoint that was refused.

    Where the scenario asks for the best that is a checkpoint of the kind, else what wins on a part of the history.
    """
    choice = None if section is None else section.intensity if series.kind is Kind.INTENSITY else section.supply
    if section is None or choice != BEST:
        return learn_pair([Convex()], series, SEED), ""
    refused = ""
    for path in map(Path, section.checkpoints):
        try:
            if load(path)[0].kind is series.kind:
                return kept_pair(path, series), ""
        except ForecastError as error:
            refused = str(error)
    return learn_pair([Convex(), Ridge()], series, SEED), refused


def _series_of(scenario: Scenario, layout: Layout, number: int) -> Iterator[Series]:
    """Yield what stands for the years before the run in each series of a site."""
    place = layout.places[number]
    supplies = tuple(bus.supply for bus in layout.buses if bus.place == number)
    yield from histories(Installation(site=Hours.of(place).site, supplies=supplies), seed=history_seed()).values()
    if place.grid.generated is None and place.grid.file is None:
        return
    days = intensity_days(place.grid, start_of(place), scenario.run.warm_up_days + scenario.run.days)
    if len(days.values):
        yield Series(
            site=replace(Hours.of_grid(place).site, first_day=days.first_day),
            kind=Kind.INTENSITY,
            step=HOURLY,
            # A grid that emits nothing has no typical intensity, and none is needed.
            rated=float(days.values.max()) or 1.0,
            values=days.values,
            clear_sky=days.clear_sky,
            beside=days.beside,
        )


if __name__ == "__main__":
    sys.exit(main())
