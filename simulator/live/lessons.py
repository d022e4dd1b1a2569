"""Lessons that the live job has a child learn: a model of each series, and the sky above its panels.

The question has what the run has observed so far. The answer is one archive of arrays, without pickle: of each series
its model and the reference behind it, and, of solar power, a year of what its panels give under a cloudless sky. So the
live job needs no library to know the sky.
"""

import contextlib
import io
import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import IO, Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.assembly.grids import start_of
from simulator.assembly.layout import Layout, Place
from simulator.energy.clear_sky import calendar_day
from simulator.energy.interface import POINTS_PER_DAY, Site
from simulator.forecast.archive import DAMAGES
from simulator.forecast.interface import ForecastError, Kind, part_of, with_prefix
from simulator.forecast.pair import Pair, pair_of
from simulator.run.child import Program
from simulator.scenario.schema import Scenario

LEARNING = Program("simulator.live.learn", "what the forecasts rest on")

KINDS = (Kind.SOLAR, Kind.WIND, Kind.INTENSITY)
"""The order of what is observed."""

MOST_SITES = 16
"""Most sites whose forecasts are shown, from the north on: each has some 150 series of metrics for them."""

MOST_OBSERVED_DAYS = 365
"""Days of a run's own observations from which it learns, the last: a year has every season."""

SKY_EVERY = 5
"""Days from one whose sky is kept by the point to the next, for what panels share: in so few the sun rises by a twelfth
of an hour earlier or later."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The scenario of whose sites the series are to be learnt, and what its run has observed of their hours.

    `observed` are the doubles (T, 3, S) of hours of the clock from number `first` on, by KINDS and site. To a child
    they go as they are, in so many bytes `following` the line of the rest: a copy in JSON would grow with each week.
    """

    scenario: Scenario
    seed: int
    first: int = 0
    observed: bytes = b""
    following: int = 0

    def hours(self) -> FloatArray:
        """Return what was observed (T, 3, S)."""
        sites = max(1, len(self.scenario.sites))
        return np.frombuffer(self.observed).reshape(-1, len(KINDS), sites)


def asked(source: IO[bytes]) -> Request:
    """Return the request that a child is asked: its line, with the bytes that follow."""
    line = msgspec.json.decode(source.readline(), type=Request)
    return msgspec.structs.replace(line, observed=source.read(line.following), following=0)


class LessonHeading(msgspec.Struct, frozen=True, kw_only=True):
    """The series of a lesson: `site` by its index, and why its models are served, by band.

    `refused` is the line of a checkpoint that was not taken, or empty; `sky_from` is the first day of its sky.
    """

    site: int
    kind: Kind
    rated: float
    reasons: tuple[str, ...]
    refused: str
    sky_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """All that there is to know of a series: `sky` (8760,) is watts from the heading's day on, zeros without panels."""

    heading: LessonHeading
    pair: Pair
    sky: FloatArray


class Skies:
    """The power of panels that differ, at any point of the clock, under the cloudless sky of a day nearby in the year.

    `days` (73, 288, K) are every SKY_EVERYth from the first of the clock on, in watts.
    """

    def __init__(self, days: NDArray[np.float32]) -> None:
        self.days = days

    def between(self, point: int, count: int) -> FloatArray:
        """Return the power (count, K + 1) of the points from `point` on; the last column is no panel's."""
        day, at = np.divmod(np.arange(point, point + count), POINTS_PER_DAY)
        power = np.zeros((count, self.days.shape[2] + 1))
        power[:, :-1] = self.days[(day + SKY_EVERY // 2) // SKY_EVERY % len(self.days), at]
        return power


def panels_of(layout: Layout) -> NDArray[np.intp]:
    """Return the number (B,) of each bus's panel among the K that differ, K for none."""
    panels = [(bus.place, bus.supply.solar) for bus in layout.buses]
    distinct = list(dict.fromkeys(one for one in panels if one[1] is not None))
    return np.array([distinct.index(one) if one[1] is not None else len(distinct) for one in panels])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """All that a child has learnt; there are no skies where no policy is told of supply."""

    series: tuple[Lesson, ...]
    skies: Skies | None = None


def written(lessons: Lessons) -> bytes:
    """Return lessons as an archive."""
    headings = msgspec.json.encode([lesson.heading for lesson in lessons.series]).decode()
    arrays: dict[str, Any] = {"headings": np.array(headings)}
    if lessons.skies is not None:
        arrays["skies"] = lessons.skies.days
    for number, lesson in enumerate(lessons.series):
        arrays |= with_prefix({**lesson.pair.arrays(), "sky": lesson.sky}, str(number))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def read(archive: bytes) -> Lessons:
    """Return the lessons of an archive. Raises ForecastError for one that is damaged."""
    try:
        with np.load(io.BytesIO(archive), allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        headings = msgspec.json.decode(str(arrays["headings"]), type=list[LessonHeading])
        parts = [part_of(arrays, str(number)) for number in range(len(headings))]
        series = tuple(
            Lesson(heading=one, pair=pair_of(part, one.reasons), sky=part["sky"])
            for one, part in zip(headings, parts, strict=True)
        )
        return Lessons(series=series, skies=Skies(arrays["skies"]) if "skies" in arrays else None)
    except (*DAMAGES, KeyError, msgspec.DecodeError) as error:
        raise ForecastError("what a child learnt is damaged") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The hours of a site: those of the simulated clock, and the first of them by the number of its own midnight."""

    site: Site
    lead: int

    @classmethod
    def of(cls, place: Place) -> Self:
        """Return the hours of a place. Of an offset from UTC that is no whole hour, the hour below counts."""
        if not place.lead:
            return cls(site=place.site, lead=0)
        offset = math.floor(place.site.utc_offset_hours)
        behind = round((place.site.utc_offset_hours - offset) * SECONDS_PER_HOUR)
        lead = round((place.lead - behind) / SECONDS_PER_HOUR)
        return cls(site=replace(place.site, utc_offset_hours=float(offset)), lead=lead)

    @classmethod
    def of_grid(cls, place: Place) -> Self:
        """Return the hours of a grid, whose days are those of the simulated clock."""
        return cls(site=replace(place.site, first_day=start_of(place).date()), lead=0)

    def day(self, number: int) -> date:
        """Return the date of a day from the first on, moved by whole cycles of the calendar into its years."""
        return calendar_day(self.site.first_day, number)

    def site_on(self, number: int) -> Site:
        """Return the site with such a day as its first."""
        return replace(self.site, first_day=self.day(number))


class YearOfSky:
    """A year of cloudless sky, for the days of any other year: the sun comes back to within a quarter of a day."""

    def __init__(self, first_day: date, hours: FloatArray) -> None:
        self._first_day = first_day
        self._days = hours.reshape(-1, HOURS_PER_DAY)

    def on(self, day: date) -> FloatArray:
        """Return the hours (24,) of a day; those of the day before for one that the 365 days have not, as 29 February.

        Raises ValueError where they are too few for that.
        """
        found = self._number_of(day)
        if found is None and (found := self._number_of(day - timedelta(days=1))) is None:
            raise ValueError(f"expected the sky of a year, got {len(self._days)} days")
        hours: FloatArray = self._days[found]
        return hours

    def _number_of(self, day: date) -> int | None:
        for year in (self._first_day.year, self._first_day.year + 1):
            with contextlib.suppress(ValueError):  # 29 February of a year that has none
                number = (day.replace(year=year) - self._first_day).days
                if 0 <= number < len(self._days):
                    return number
        return None
