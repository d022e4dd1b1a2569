"""The child process that learns: `python -m simulator.live.learn` makes a model of each series of a scenario's sites.

It reads a request from its input, and writes an archive of lessons to its output.
"""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from simulator.assembly.layout import Layout, layout_of
from simulator.forecast.checkpoint import first_of
from simulator.forecast.dataset import TYPICAL_DAYS
from simulator.forecast.gate import REFERENCE
from simulator.forecast.interface import ForecastError, Kind, Series
from simulator.forecast.learnt import BEST, BY_CHOICE, SEED, as_asked, candidates
from simulator.forecast.models.catalogue import MODELS
from simulator.forecast.pair import Pair, kept_pair, learn_pair, sole_pair
from simulator.live.lessons import (
    MOST_SITES,
    SKY_EVERY,
    Lesson,
    LessonHeading,
    Lessons,
    Request,
    Skies,
    asked,
    panels_of,
    written,
)
from simulator.live.past import pasts_of
from simulator.run.child import end_with
from simulator.run.forecasts import UNLEARNT_SUPPLY, choices_of, learns, sky_of
from simulator.run.job import full_method
from simulator.scenario.schema import Scenario

LOG = logging.getLogger(__name__)

NICENESS = 10
"""Lower priority of the child: whatever else the machine does, the simulated clock included, goes before it."""


def main() -> int:
    """Answer the request on standard input."""
    request = asked(sys.stdin.buffer)
    os.nice(NICENESS)
    end_with(sys.stdin.fileno())
    sys.stdout.buffer.write(written(lessons(request)))
    sys.stdout.buffer.flush()
    return 0


def lessons(request: Request) -> Lessons:
    """Return the lesson of each series, but for those that nothing can be learnt of.

    Sites whose forecasts are neither shown nor told to a policy are left out. Raises WeatherError or GridError for a
    recording that cannot be used.
    """
    scenario = request.scenario
    layout, method = layout_of(scenario, request.seed), full_method(scenario)
    told = learns(scenario, method)
    sites = range(len(layout.places) if told else min(MOST_SITES, len(layout.places)))
    found = tuple(lesson for number in sites for lesson in _lessons_of(request, layout, number))
    by_sky = told and choices_of(scenario, method)[0] not in UNLEARNT_SUPPLY
    return Lessons(series=found, skies=_skies(layout) if by_sky else None)


def _lessons_of(request: Request, layout: Layout, number: int) -> Iterator[Lesson]:
    for past in pasts_of(request, layout, number):
        series = past.series
        try:
            pair, refused = _pair(series, request.scenario)
        except ForecastError as error:
            LOG.warning("no forecasts of %s at %s: %s", series.kind, layout.places[number].name, error)
            continue
        heading = LessonHeading(
            site=number,
            kind=series.kind,
            rated=series.rated,
            reasons=pair.reasons,
            refused=refused,
            sky_from=past.sky_from,
        )
        yield Lesson(heading=heading, pair=pair, sky=past.sky)


def _pair(series: Series, scenario: Scenario) -> tuple[Pair, str]:
    """Return what is served, and the lines of checkpoints that were refused.

    It is what the scenario asks for. The best is a checkpoint of the kind, else what wins on a part of the history.
    """
    supply, intensity = choices_of(scenario, full_method(scenario))
    choice = intensity if series.kind is Kind.INTENSITY else supply
    if choice in BY_CHOICE:
        return as_asked(choice, series.kind, lambda model, why: sole_pair(model, why, series, SEED)), ""
    if choice != BEST:
        return learn_pair([MODELS[REFERENCE]], series, SEED), ""
    kept, refused = first_of(map(Path, () if scenario.forecast is None else scenario.forecast.checkpoints), series)
    return learn_pair(candidates(), series, SEED) if kept is None else kept_pair(kept, series), refused


def _skies(layout: Layout) -> Skies:
    """Return the sky over each panel that differs from the others."""
    panels, power = panels_of(layout), sky_of(layout)
    has_one = [bus.supply.solar is not None for bus in layout.buses]
    first = [panels.tolist().index(number) for number in range(len(set(panels[has_one].tolist())))]
    days = [power(day)[:, first] for day in range(0, TYPICAL_DAYS, SKY_EVERY)]
    return Skies(np.array(days, dtype=np.float32))


if __name__ == "__main__":
    sys.exit(main())
