"""Generation computed ahead of the clock, in a short-lived child process.

Clear skies, tilted panels and the distribution of the wind need pvlib, pandas and scipy, which take 90 MiB. The live
job never loads them: a child computes some days, hands them over and ends. The figures are those of the same code.
"""

import contextlib
import io
import logging

import msgspec
import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WeatherError
from simulator.live.child import Child, ChildError, Program
from simulator.scenario.schema import Scenario

LOG = logging.getLogger(__name__)

WEATHER = Program("simulator.live.generate", "the weather")

FIRST_DAYS = 2
"""Days of the first block: few, so that the page is up soon. A child takes some two seconds to load its libraries."""

MOST_DAYS = 16
"""Most days of a block: the greatest lean speed takes 96 s for so many, a child three."""

BLOCK_BYTES = 4 * 2**20
"""Memory in bytes that a block of days may take; two are kept."""

LIMIT = Seconds(120.0)
"""Time after which a child is given up. Judgement: forty times what it takes where nothing else is at work."""

ATTEMPTS = 2
"""Children that are tried for a day before the run ends: the first may have fallen to a moment's lack of memory."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The generation of `count` days from the `first` on."""

    scenario: Scenario
    seed: int
    first: int
    count: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of an answer, before the array (D, 2, 288, N) of D days; with a `mistake` they may be fewer."""

    mistake: str = ""


def days_in(answer: bytes) -> tuple[FloatArray, str]:
    """Return the days (D, 2, 288, N) of an answer, and the mistake that kept the child from more."""
    head, _, array = answer.partition(b"\n")
    days: FloatArray = np.load(io.BytesIO(array), allow_pickle=False)
    return days, msgspec.json.decode(head, type=Answer).mistake


class GenerationAhead:
    """The generation of a scenario's buses by day, a `Daily` of the engine; the next days are computed meanwhile."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._seed = seed
        bytes_of_day = 2 * POINTS_PER_DAY * (len(scenario.nodes) + len(scenario.sites)) * 8
        self._block = max(FIRST_DAYS, min(MOST_DAYS, BLOCK_BYTES // bytes_of_day))
        self._days: dict[int, FloatArray] = {}
        self._end = ""
        self._child: Child | None = None
        self._first = 0

    def __call__(self, index: int) -> FloatArray:
        """Return the generation (2, 288, B) of a day, and wait for it where it is not ready.

        Raises WeatherError beyond the end of a recording, and for a day that no child can compute.
        """
        if index not in self._days and not self._end:
            self._fetch(index)
        if index not in self._days:
            raise WeatherError(self._end)
        self._days = {day: generation for day, generation in self._days.items() if day >= index}
        self._look_ahead(index, max(self._days))
        return self._days[index]

    def _look_ahead(self, index: int, last: int) -> None:
        """Have the days after the last one computed, once half of a block is left."""
        if self._child is None and not self._end and last - index < self._block // 2:
            # It is tried again with the next day, and what comes of it is told when the day is needed.
            with contextlib.suppress(ChildError):
                self._child = self._ask(last + 1, self._block)

    def close(self) -> None:
        """End a child that is at work."""
        if self._child is not None:
            self._child.end()

    def _ask(self, first: int, count: int) -> Child:
        self._first = first
        return Child(WEATHER, Request(scenario=self._scenario, seed=self._seed, first=first, count=count))

    def _fetch(self, index: int) -> None:
        """Take a day from the child at work, or from a new one. Raises WeatherError where none can compute it."""
        failure = ""
        for _ in range(ATTEMPTS):
            try:
                child, self._child = self._child or self._ask(index, FIRST_DAYS), None
                days, self._end = days_in(child.answer(LIMIT))
            except ChildError as error:
                failure = str(error)
                LOG.warning("%s", failure)
                continue
            self._days |= {self._first + number: day for number, day in enumerate(days)}
            if index in self._days or self._end:
                return
        raise WeatherError(failure or f"no generation for day {index}")
