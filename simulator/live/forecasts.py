"""The forecasts of a live run: of each site's supply and grid, asked at every full hour of the simulated clock.

A child learns what they rest on, once, while the clock goes on; until it is done there are none. What comes is noted
from the first hour on.
"""

import logging
from collections import deque

import numpy as np

from exporter.core.units import HOURS_PER_DAY, Seconds
from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.forecast.interface import DAYS_PER_WEEK, ForecastError, Kind
from simulator.live.course import Course, CourseState
from simulator.live.lessons import LEARNING, Hours, Lesson, Request, read
from simulator.run.child import Child, ChildError
from simulator.scenario.schema import Scenario

LOG = logging.getLogger(__name__)

KEPT_HOURS = (DAYS_PER_WEEK + 2) * HOURS_PER_DAY
"""Hours of observations that are kept: a model may look back a week from the end of the coming day."""

ATTEMPTS = 2
"""Children that are tried: the first may have fallen to a moment's lack of memory."""

KINDS = (Kind.SOLAR, Kind.WIND, Kind.INTENSITY)
"""The order of the columns of what is observed."""


class LiveForecasts:
    """The forecasts of a run."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        layout = layout_of(scenario, seed)
        self._request = Request(scenario=scenario, seed=seed)
        self._places = layout.places
        self._seen: deque[FloatArray] = deque(maxlen=KEPT_HOURS)
        self._courses: list[Course] = []
        self._states: tuple[CourseState, ...] = ()
        self._attempts = 0
        self._child: Child | None = None

    @property
    def states(self) -> tuple[CourseState, ...]:
        """Every series after the last full hour; none before the child is done."""
        return self._states

    def hour(self, number: int, observed: FloatArray) -> None:
        """Take note of an hour of the clock, from 0, with what was `observed` (3, S) by KINDS and site, and ask."""
        self._seen.append(observed)
        if self._child is not None and self._child.is_done:
            self._take()
        if not self._courses:
            return
        seen = np.array(self._seen)
        states = []
        for course in self._courses:
            own = KINDS.index(course.kind)
            beside = np.zeros(len(seen)) if course.kind is Kind.INTENSITY else seen[:, 1 - own, course.site]
            states.append(course.hour(number, seen[:, own, course.site], beside))
        self._states = tuple(states)

    def close(self) -> None:
        """End a child that is at work."""
        if self._child is not None:
            self._child.end()

    def start(self) -> None:
        """Start a child that learns; where it cannot be started, there are no forecasts."""
        self._attempts += 1
        try:
            self._child = Child(LEARNING, self._request)
        except ChildError as error:
            LOG.warning("%s", error)

    def _take(self) -> None:
        """Take what the child has learnt, or try another."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            lessons = read(child.answer(Seconds(0.0)))
        except (ChildError, ForecastError) as error:
            LOG.warning("there are no forecasts yet: %s", error)
            if self._attempts < ATTEMPTS:
                self.start()
            return
        for lesson in lessons:
            if lesson.told.refused:
                LOG.warning("%s", lesson.told.refused)
        self._courses = [self._course(lesson) for lesson in lessons]

    def _course(self, lesson: Lesson) -> Course:
        place = self._places[lesson.told.site]
        hours = Hours.of_grid(place) if lesson.told.kind is Kind.INTENSITY else Hours.of(place)
        return Course(lesson, place.name, hours)
