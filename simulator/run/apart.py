"""Generation computed apart from the run, in short-lived child processes.

Clear skies, tilted panels and the distribution of the wind need pvlib, pandas and scipy, which take 90 MiB. A run that
has no room for them never loads them: a child computes some days, hands them over and ends. The figures are those of
the same code.
"""

import io
import logging
import time

import msgspec
import numpy as np

from exporter.core.logs import Seldom
from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, UncomputedWeatherError, WeatherError
from simulator.run.child import Child, ChildError, Program
from simulator.scenario.schema import Scenario

LOG = logging.getLogger(__name__)

WEATHER = Program("simulator.run.generate", "the weather")

FIRST_DAYS = 2
"""Least days of a block: few, so that the page is up soon. A child takes some two seconds to load its libraries."""

MOST_DAYS = 16
"""Most days of a block: the greatest lean speed takes 96 s for so many, a child three."""

BLOCK_BYTES = 4 * 2**20
"""Memory in bytes that a block of days may take; two are kept."""

LIMIT = Seconds(120.0)
"""Time after which a child is given up. Judgement: forty times what it takes where nothing else is at work."""

ATTEMPTS = 2
"""Children that are tried for a day before the run ends: the first may have fallen to a moment's lack of memory."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The generation of `count` days from the `first` on, with so many `nodes` where they are not the scenario's."""

    scenario: Scenario
    seed: int
    nodes: int | None = None
    first: int
    count: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of an answer, before the array (D, 2, 288, B) of D days; with a `mistake` they may be fewer."""

    mistake: str = ""


def days_in(answer: bytes) -> tuple[FloatArray, str]:
    """Return the days (D, 2, 288, B) of an answer, and the mistake that kept the child from more."""
    head, _, array = answer.partition(b"\n")
    days: FloatArray = np.load(io.BytesIO(array), allow_pickle=False)
    return days, msgspec.json.decode(head, type=Answer).mistake


class GenerationApart:
    """The generation of a scenario's buses by day, a `Daily` of the engine; a block of days is computed when needed."""

    def __init__(self, scenario: Scenario, seed: int, nodes: int | None = None) -> None:
        self._scenario = scenario
        self._seed = seed
        self._nodes = nodes
        most_buses = (nodes or len(scenario.nodes)) + len(scenario.sites)
        self._block = max(FIRST_DAYS, min(MOST_DAYS, BLOCK_BYTES // (2 * POINTS_PER_DAY * most_buses * 8)))
        self._days: dict[int, FloatArray] = {}
        self._end = ""
        self._first = 0
        self._failures = Seldom()

    def __call__(self, index: int) -> FloatArray:
        """Return the generation (2, 288, B) of a day, and wait for it where it is not ready.

        Raises WeatherError beyond the end of a recording, and UncomputedWeatherError for a day that no child computed.
        """
        if index not in self._days and not self._end:
            self._fetch(index)
        if index not in self._days:
            raise WeatherError(self._end)
        self._days = {day: generation for day, generation in self._days.items() if day >= index}
        return self._days[index]

    def _child_for(self, index: int) -> Child:
        """Return a child that computes a day and those after it. Raises ChildError where none can be started."""
        return self._ask(index, self._block)

    def _ask(self, first: int, count: int) -> Child:
        self._first = first
        request = Request(scenario=self._scenario, seed=self._seed, nodes=self._nodes, first=first, count=count)
        return Child(WEATHER, request)

    def _fetch(self, index: int) -> None:
        """Take a day from a child. Raises UncomputedWeatherError where none computed it."""
        failure = ""
        for _ in range(ATTEMPTS):
            try:
                days, self._end = days_in(self._child_for(index).answer(LIMIT))
            except ChildError as error:
                failure = str(error)
                if self._failures.allows(time.monotonic()):
                    LOG.warning("%s", failure)
                continue
            self._days |= {self._first + number: day for number, day in enumerate(days)}
            if index in self._days or self._end:
                return
        raise UncomputedWeatherError(failure or f"no generation for day {index}")
