"""The forecasts of a live run: of each site's supply and grid, asked at every full hour of the simulated clock.

They are one set, which the board shows and, where the scenario has a section `forecast`, the policy is told. A child
learns what they rest on while the clock goes on; until it is done there are none. It learns anew after each week of
the clock, from what the run itself has observed as well, and models compete again.
"""

import logging

import msgspec
import numpy as np

from exporter.core.clock import Clock
from exporter.core.units import DAYS_PER_WEEK, HOURS_PER_DAY, Seconds
from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.forecast.interface import ForecastError, Kind
from simulator.live.course import Course, CourseState
from simulator.live.lessons import (
    KINDS,
    LEARNING,
    MOST_OBSERVED_DAYS,
    MOST_SITES,
    Hours,
    Lesson,
    Request,
    Skies,
    read,
)
from simulator.run.child import Child, ChildError
from simulator.scenario.schema import Scenario

LOG = logging.getLogger(__name__)

KEPT_HOURS = (DAYS_PER_WEEK + 2) * HOURS_PER_DAY
"""Hours of observations that are kept: a model may look back a week from the end of the coming day."""

ATTEMPTS = 2
"""Children that are tried: the first may have fallen to a moment's lack of memory."""

LEARNING_DAYS = DAYS_PER_WEEK
"""Simulated days after which models are learnt anew: a judgement. In a week there is something new to learn from."""

OBSERVED_BYTES = 4 * 2**20
"""Memory in bytes that the hours may take from which models learn anew: a year of them for 16 sites."""

REST = Seconds(600.0)
"""Least time between the beginnings of two learnings: where simulated weeks pass in seconds, the machine has other
things to do. Judgement."""


class LiveForecasts:
    """The forecasts of a run."""

    def __init__(self, scenario: Scenario, seed: int, clock: Clock) -> None:
        layout = layout_of(scenario, seed)
        self._request = Request(scenario=scenario, seed=seed)
        self._clock = clock
        self._places = layout.places
        day = np.zeros((HOURS_PER_DAY, len(KINDS), len(layout.places))).nbytes
        days = max(KEPT_HOURS // HOURS_PER_DAY, min(MOST_OBSERVED_DAYS, OBSERVED_BYTES // day))
        # Written at once: memory that only fills up in a year of the clock would seem to leak until then.
        self._seen: FloatArray = np.full((days * HOURS_PER_DAY, len(KINDS), len(layout.places)), np.nan)
        self._learnt_from = self._seen.copy()
        self._hours = 0
        self._courses: dict[tuple[int, Kind], Course] = {}
        self._skies: Skies | None = None
        self._states: tuple[CourseState, ...] = ()
        self._attempts = 0
        self._child: Child | None = None
        self._began = clock.awake()

    @property
    def states(self) -> tuple[CourseState, ...]:
        """Every series of the sites that are shown, after the last full hour; none before the child is done."""
        return self._states

    def told(self, site: int, kind: Kind) -> FloatArray | None:
        """Return what is in force (24,) for the hours after the last, of a site by its index; None where nothing is."""
        course = self._courses.get((site, kind))
        return None if course is None else course.ahead

    def skies(self) -> Skies | None:
        """Return the sky over the panels; None before the child is done, or where no policy asks."""
        return self._skies

    def hour(self, number: int, observed: FloatArray) -> None:
        """Take note of an hour of the clock, from 0, with what was `observed` (3, S) by KINDS and site, and ask."""
        # Of one dimension, since numpy would first copy all of several.
        row, flat = observed.size, self._seen.reshape(-1)
        flat[:-row] = flat[row:]
        self._seen[-1] = observed
        self._hours = min(self._hours + 1, len(self._seen))
        if self._child is not None and self._child.is_done:
            self._take()
        if self._courses:
            self._ask(number)
        if (number + 1) % (LEARNING_DAYS * HOURS_PER_DAY) == 0:
            self._learn_anew(number)

    def _ask(self, number: int) -> None:
        """Hold every series against the hour that ended, and ask for the day to come."""
        seen = self._seen[-min(self._hours, KEPT_HOURS) :]
        states = []
        for (site, kind), course in self._courses.items():
            own = KINDS.index(kind)
            beside = np.zeros(len(seen)) if kind is Kind.INTENSITY else seen[:, 1 - own, site]
            states.append((site, course.hour(number, seen[:, own, site], beside)))
        self._states = tuple(state for site, state in states if site < MOST_SITES)

    def close(self) -> None:
        """End a child that is at work."""
        if self._child is not None:
            self._child.end()

    def start(self) -> None:
        """Start a child that learns; where it cannot be started, everything stays as it is."""
        self._attempts += 1
        self._began = self._clock.awake()
        try:
            self._child = Child(LEARNING, self._request, self._learnt_from.data.cast("B")[: self._request.following])
        except ChildError as error:
            LOG.warning("%s", error)

    def _learn_anew(self, number: int) -> None:
        """Start a child that learns from what was observed up to an hour, unless one is at work or came just before."""
        if self._child is not None or self._clock.awake() - self._began < REST:
            return
        self._attempts = 0
        observed = self._learnt_from[: self._hours]
        observed[:] = self._seen[-self._hours :]
        self._request = msgspec.structs.replace(
            self._request, first=number + 1 - self._hours, following=observed.nbytes
        )
        self.start()

    def _take(self) -> None:
        """Take what the child has learnt, or try another."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            lessons = read(child.answer(Seconds(0.0)))
        except (ChildError, ForecastError) as error:
            LOG.warning("%s: %s", "forecasts stay" if self._courses else "there are no forecasts yet", error)
            if self._attempts < ATTEMPTS:
                self.start()
            return
        self._request = msgspec.structs.replace(self._request, first=0, following=0)
        for lesson in lessons.series:
            if lesson.heading.refused:
                LOG.warning("%s", lesson.heading.refused)
            key = lesson.heading.site, lesson.heading.kind
            if key in self._courses:
                self._courses[key].learn(lesson)
            else:
                self._courses[key] = self._course(lesson)
        self._skies = lessons.skies

    def _course(self, lesson: Lesson) -> Course:
        place = self._places[lesson.heading.site]
        hours = Hours.of_grid(place) if lesson.heading.kind is Kind.INTENSITY else Hours.of(place)
        return Course(lesson, place.name, hours)
