"""One series of a site while the run goes on: it is asked every hour, and watched."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from exporter.core.units import HOURS_PER_DAY
from simulator.arrays import BoolArray, FloatArray
from simulator.forecast.asking import Answer, Reason, Sides, answer
from simulator.forecast.interface import HOURLY, LEVELS, Kind, Series
from simulator.forecast.watch import Prediction, Standing, Watch
from simulator.live.lessons import Hours, Lesson, YearOfSky

BOUNDS = {"p05": 0.05, "p10": 0.1, "p90": 0.9, "p95": 0.95}
"""The ends of the 90% and the 80% band, with their levels."""

SUBJECTS = {Kind.SOLAR: "solar", Kind.WIND: "wind", Kind.INTENSITY: "grid"}
"""The words for what is forecast: two kinds of supply in watts, and the carbon intensity of the grid in g/kWh."""

_LEVELS = [LEVELS.index(level) for level in BOUNDS.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Forecasts of some horizons: what is served and why, how it stands, and what was told of the hour that ended last.

    `mean` and `bounds` (4,), by BOUNDS, are those told `standing.end` hours before that hour ended; NaN where nothing
    was.
    """

    model: str
    reference: str
    reason: str
    standing: Standing
    mean: float
    bounds: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseState:
    """A series after an hour, in watts or grams per kWh.

    `ahead` (5, 24) are mean and bounds of the hours to come, `past` (6, 24) the value, mean and bounds of the hours of
    the last day, one hour ahead, the latest last; NaN stands for what is not known. `fallbacks` counts by reason how
    often the reference answered, `refused` is the line of a checkpoint that was not taken, and `learnings` how often
    models were learnt.
    """

    site: str
    kind: Kind
    bands: tuple[Band, ...]
    ahead: FloatArray
    past: FloatArray
    fallbacks: Mapping[Reason, int]
    refused: str
    learnings: int

    @property
    def observed(self) -> float:
        """The value of the hour that ended last."""
        return float(self.past[0, -1])


class Course:
    """A series with its lesson."""

    def __init__(self, lesson: Lesson, name: str, hours: Hours) -> None:
        self._lesson = lesson
        self._sides = Sides(lesson.pair.model, lesson.pair.reference)
        self._name = name
        self._hours = hours
        self._sky = YearOfSky(lesson.heading.sky_from, lesson.sky)
        self._days: tuple[int, int] | None = None
        self._sky_then: FloatArray = np.empty(0)
        self._watch = Watch(HOURS_PER_DAY, lesson.pair.ends)
        self._fallbacks: Counter[Reason] = Counter(dict.fromkeys(Reason, 0))
        # What was told of an hour, in the row that is its number modulo a day, and the column of its horizon.
        self._told: FloatArray = np.full((1 + len(BOUNDS), HOURS_PER_DAY, HOURS_PER_DAY), np.nan)
        self._past: FloatArray = np.full((2 + len(BOUNDS), HOURS_PER_DAY), np.nan)
        self._ahead: FloatArray | None = None
        self._learnings = 1

    @property
    def ahead(self) -> FloatArray | None:
        """The means (24,) that are in force for the hours after the last; None before the first."""
        return None if self._ahead is None else self._ahead[0]

    def learn(self, lesson: Lesson) -> None:
        """Take another lesson of the series: who is served now in place of another begins with a clean record."""
        before, now = self._lesson.pair, lesson.pair
        pairs = zip(before.models, before.references, now.models, now.references, strict=True)
        self._watch.renew(np.array([one[:2] != one[2:] for one in pairs]))
        self._lesson = lesson
        self._sides = Sides(now.model, now.reference)
        self._sky = YearOfSky(lesson.heading.sky_from, lesson.sky)
        self._days = None
        self._learnings += 1

    @property
    def site(self) -> int:
        """The index of the site."""
        return self._lesson.heading.site

    @property
    def kind(self) -> Kind:
        """The kind of the series."""
        return self._lesson.heading.kind

    def hour(self, number: int, values: FloatArray, beside: FloatArray) -> CourseState:
        """Take note of an hour of the clock, from 0, the last of `values` (T,), ask for the day to come, and tell all.

        `beside` (T,) is the power of the site's other supply; NaN in either is an hour that was not observed.
        """
        step = number + self._hours.lead
        series = self._series(step, values, beside)
        lit = bool(series.has_sun(np.array([len(series.values) - 1]))[0])
        self._watch.came(step, float(values[-1]), counts=lit)
        row = step % HOURS_PER_DAY
        told = self._told[:, row].copy()
        self._past = np.concatenate([self._past[:, 1:], np.array([[values[-1]], *told[:, :1]])], axis=1)
        self._told[:, row] = np.nan
        found = answer(self._sides, series)
        if found.reason is not None:
            self._fallbacks[found.reason] += 1
        self._watch.told(step, found.own, found.reference)
        self._ahead = ahead = self._in_force(found)
        rows = (step + 1 + np.arange(HOURS_PER_DAY)) % HOURS_PER_DAY
        self._told[:, rows, np.arange(HOURS_PER_DAY)] = ahead
        return self._state(told, ahead)

    def _series(self, step: int, values: FloatArray, beside: FloatArray) -> Series:
        """Return the window that ends with the hour `step`, from a midnight on; what is before `values` is missing."""
        begin = (step + 1 - len(values)) // HOURS_PER_DAY
        before = np.full((step + 1 - len(values)) % HOURS_PER_DAY, np.nan)
        end = -(-(step + 1 + HOURS_PER_DAY) // HOURS_PER_DAY)
        sky = self._sky_of(begin, end)
        whole = np.concatenate([before, values])
        return Series(
            site=self._hours.site_on(begin),
            kind=self.kind,
            step=HOURLY,
            rated=self._lesson.heading.rated,
            values=whole,
            clear_sky=sky[: len(whole) + HOURS_PER_DAY],
            beside=np.concatenate([before, beside]),
        )

    def _sky_of(self, begin: int, end: int) -> FloatArray:
        """Return the cloudless sky of the hours of these days, which are the same all day long."""
        if self._days != (begin, end):
            self._days = begin, end
            self._sky_then = np.concatenate([self._sky.on(self._hours.day(number)) for number in range(begin, end)])
        return self._sky_then

    def _in_force(self, found: Answer) -> FloatArray:
        """Return mean and bounds (5, 24) of what is served: the reference in bands that were handed over."""
        if not any(self._watch.handed_over):
            return _rows(found.model)
        over: BoolArray = np.repeat(self._watch.handed_over, np.diff((0, *self._lesson.pair.ends)))
        return np.where(over, _rows(found.reference), _rows(found.model))

    def _state(self, told: FloatArray, ahead: FloatArray) -> CourseState:
        pair = self._lesson.pair
        return CourseState(
            site=self._name,
            kind=self.kind,
            bands=tuple(
                Band(
                    model=model,
                    reference=reference,
                    reason=reason,
                    standing=standing,
                    mean=float(told[0, standing.end - 1]),
                    bounds=told[1:, standing.end - 1],
                )
                for model, reference, reason, standing in zip(
                    pair.models, pair.references, pair.reasons, self._watch.standing(), strict=True
                )
            ),
            ahead=ahead,
            past=self._past,
            fallbacks=dict(self._fallbacks),
            refused=self._lesson.heading.refused,
            learnings=self._learnings,
        )


def _rows(told: Prediction) -> FloatArray:
    return np.concatenate([told.mean[np.newaxis], told.quantiles[_LEVELS]])
