"""Forecasts by the step of a run, from models that are asked by the hour.

A model knows a site by hours of its own day, and is asked once in an hour, at the first step in which somebody wants to
know, with the hours of the last days that have ended. Within an hour, the power of a panel follows the course of the
cloudless sky, and that of a turbine stays; the mean over the hour is the one that was told. The present step is as the
last one that was observed: a panel's under the present sky.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import HOURS_PER_DAY, Seconds
from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site
from simulator.forecast.index import HIGHEST_INDEX, filled, observed_index
from simulator.forecast.interface import HOURLY, SUN_SHARE, Kind, Series
from simulator.forecast.learnt import Learnt

POINTS_PER_HOUR = POINTS_PER_DAY // HOURS_PER_DAY

LOOKBACK_DAYS = 8
"""Whole days before the present one with which a model is asked: those of a week, and one for the lags before it."""

HOURS_AHEAD = 26
"""Hours of which is told from the one that has begun: a day from any step in it, and one for sites whose hours begin
at other times."""

DAYS_KEPT = 3
"""Days of the sky that are kept: the present one, and those that a look ahead of a day reaches."""

Parts = Callable[[int], tuple[FloatArray, FloatArray]]
"""Generation (B,) in a step that has ended, in watts, and the part of it that the sun gave."""

Sky = Callable[[int], FloatArray]
"""Power (288, B) of each bus's panels on a day of the simulated clock under a cloudless sky, in watts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Observations from before a run, by the hours of a site's own days, from LOOKBACK_DAYS before its first on.

    It ends with the last whole hour before the run: `values` (T,), `clear_sky` (T,) and `beside` (T,).
    """

    values: FloatArray
    clear_sky: FloatArray
    beside: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Panels or turbines that are alike, at one site.

    `buses` (n,) have one each, and `beside` is a bus with the site's other kind of supply, None without. The days of
    `site` begin `lead` before the simulated clock.
    """

    buses: tuple[int, ...]
    beside: int | None
    site: Site
    lead: Seconds
    learnt: Learnt
    past: Past


class HourlyForecaster:
    """A `Forecaster` of buses by what their sources have learnt."""

    def __init__(self, name: str, sources: Sequence[Source], buses: int, parts: Parts, sky: Sky, step: Seconds) -> None:
        self.name = name
        self.sources = tuple(sources)
        self._parts = parts
        self._sky = _Days(sky, [source.buses[0] for source in sources])
        self._steps_per_point = round(WEATHER_STEP / step)
        self._followed = [_Followed(source) for source in sources]
        self._ends = {one.ends_at for one in self._followed}
        # The number of each bus's source of a kind; that of a bus without has no power.
        self._solar, self._wind = (_source_of(sources, kind, buses) for kind in (Kind.SOLAR, Kind.WIND))
        self._least = SUN_SHARE * np.array([*(source.learnt.rated for source in sources), np.inf])[self._solar]
        self._last: tuple[int, FloatArray, FloatArray] | None = None
        self._first = 0
        # Many buses are alike: what is to come is kept for each pair of sources that some have.
        self._pairs, self._pair = np.unique(np.stack([self._solar, self._wind]), axis=1, return_inverse=True)
        self._ahead = np.zeros((0, self._pairs.shape[1]))
        self._now: tuple[int, FloatArray] | None = None

    def observe(self, step: int, watts: FloatArray) -> None:
        """See `Forecaster.observe`."""
        solar = self._parts(step)[1]
        wind = watts - solar
        point, within = divmod(step, self._steps_per_point)
        self._last = point, solar, wind
        self._now = None
        for one in self._followed:
            one.add(solar, wind)
        ended = (point + 1) % POINTS_PER_HOUR
        if within != self._steps_per_point - 1 or ended not in self._ends:
            return
        sky = self._sky.between(point + 1 - POINTS_PER_HOUR, POINTS_PER_HOUR)
        for number, one in enumerate(self._followed):
            if ended == one.ends_at:
                one.end_hour(sky[:, number])
        self._ahead = self._ahead[:0]

    def forecast(self, step: int, count: int) -> FloatArray:
        """See `Forecaster.forecast`; beyond HOURS_AHEAD the last hour stays."""
        first = step // self._steps_per_point
        if not len(self._ahead):
            self._ask(first)
        if self._now is None or self._now[0] != first:
            self._now = first, self._present(first)
        points = np.arange(step, step + count) // self._steps_per_point - self._first
        watts: FloatArray = self._ahead[np.minimum(points, len(self._ahead) - 1)].take(self._pair, axis=1)
        watts[0] = self._now[1]
        return watts

    def _ask(self, point: int) -> None:
        """Ask for the hours from the one on that the point lies in."""
        self._first = point - point % POINTS_PER_HOUR
        sky = self._sky.between(self._first - POINTS_PER_HOUR, (HOURS_AHEAD + 1) * POINTS_PER_HOUR)
        power = np.zeros((HOURS_AHEAD * POINTS_PER_HOUR, len(self.sources) + 1))
        for number, one in enumerate(self._followed):
            power[:, number] = one.ahead(sky[:, number], self._first)
        solar, wind = self._pairs
        self._ahead = power[:, solar] + power[:, wind]

    def _present(self, point: int) -> FloatArray:
        """Return what is expected (B,) of a point: what was observed of the last one, under the present sky."""
        if self._last is None:
            now: FloatArray = self._ahead[point - self._first].take(self._pair)
            return now
        before, solar, wind = self._last
        sky = self._sky.between(before, point - before + 1)
        was, is_now = (np.append(one, 0.0)[self._solar] for one in (sky[0], sky[-1]))
        return under_sky(solar, was, is_now, self._least) + wind


def under_sky(solar: FloatArray, was: FloatArray, now: FloatArray, least: FloatArray) -> FloatArray:
    """Return the power (B,) of panels under the present cloudless sky, which gave this one under that which `was`.

    Where that gave no more than `least`, the power stays.
    """
    lit = was > least
    index = np.divide(solar, was, out=np.zeros_like(solar), where=lit)
    return np.where(lit, np.minimum(index, HIGHEST_INDEX) * now, solar)


def _source_of(sources: Sequence[Source], kind: Kind, buses: int) -> NDArray[np.intp]:
    """Return the number (B,) of each bus's source of a kind, that after the last for none."""
    found = np.full(buses, len(sources), dtype=np.intp)
    for number, source in enumerate(sources):
        if source.learnt.kind is kind:
            found[list(source.buses)] = number
    return found


class _Days:
    """The sky of one bus for each source by points of the weather, a day at a time."""

    def __init__(self, sky: Sky, buses: Sequence[int]) -> None:
        self._source = sky
        self._buses = list(buses)
        self._days: OrderedDict[int, FloatArray] = OrderedDict()

    def between(self, point: int, count: int) -> FloatArray:
        """Return the power (count, S) of the points from `point` on."""
        first, last = point // POINTS_PER_DAY, (point + count - 1) // POINTS_PER_DAY
        days = [self._day(day) for day in range(first, last + 1)]
        whole = days[0] if len(days) == 1 else np.concatenate(days)
        begin = point - first * POINTS_PER_DAY
        return whole[begin : begin + count]

    def _day(self, index: int) -> FloatArray:
        if index not in self._days:
            self._days[index] = self._source(index)[:, self._buses]
            if len(self._days) > DAYS_KEPT:
                self._days.popitem(last=False)
        return self._days[index]


class _Followed:
    """Observations of a source, by the hours of its site."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lead = round(source.lead / WEATHER_STEP)
        self.ends_at = -self._lead % POINTS_PER_HOUR
        self._hour = self._lead // POINTS_PER_HOUR
        self._window = Window(source.learnt, source.site, source.past)
        self._own = self._beside = 0.0
        self._count = 0

    def add(self, solar: FloatArray, wind: FloatArray) -> None:
        """Take note of the generation (B,) in a step, by what gave it."""
        own, other = (solar, wind) if self.source.learnt.kind is Kind.SOLAR else (wind, solar)
        self._own += float(own[self.source.buses[0]])
        if self.source.beside is not None:
            self._beside += float(other[self.source.beside])
        self._count += 1

    def end_hour(self, sky: FloatArray) -> None:
        """Take note that an hour of the site has ended, which had this sky (12,)."""
        self._window.add(self._own / self._count, float(self._own_sky(sky).mean()), self._beside / self._count)
        self._own = self._beside = 0.0
        self._count = 0
        self._hour += 1

    def ahead(self, sky: FloatArray, first: int) -> FloatArray:
        """Return the power (P,) from the point `first` on; `sky` (12 + P,) begins an hour before it."""
        begin = self._hour * POINTS_PER_HOUR - self._lead - first
        own = self._own_sky(sky)[POINTS_PER_HOUR + begin :]
        shapes = own[: (HOURS_PER_DAY + 1) * POINTS_PER_HOUR].reshape(-1, POINTS_PER_HOUR)
        told = within_hours(self._window.expected(shapes.mean(axis=1)), shapes).ravel()
        power = np.zeros(len(sky) - POINTS_PER_HOUR)
        end = min(len(power), begin + len(told))
        power[max(begin, 0) : end] = told[max(-begin, 0) : end - begin]
        power[end:] = power[end - 1]
        return power

    def _own_sky(self, sky: FloatArray) -> FloatArray:
        """Return the sky of a panel; that of a turbine is nothing."""
        return sky if self.source.learnt.kind is Kind.SOLAR else np.zeros(len(sky))


class Window:
    """The last days of a series, with which its model is asked."""

    def __init__(self, learnt: Learnt, site: Site, past: Past) -> None:
        """Take the past that ends with the last hour before the run; `site` has the run's first day."""
        self._learnt = learnt
        self._site = replace(site, first_day=site.first_day - timedelta(days=LOOKBACK_DAYS))
        self._values, self._sky, self._beside = past.values.tolist(), past.clear_sky.tolist(), past.beside.tolist()

    def add(self, value: float, sky: float, beside: float) -> None:
        """Take note of the next hour."""
        for course, one in ((self._values, value), (self._sky, sky), (self._beside, beside)):
            course.append(one)
        if len(self._values) >= (LOOKBACK_DAYS + 1) * HOURS_PER_DAY:
            # A whole day more than is needed has ended.
            self._site = replace(self._site, first_day=self._site.first_day + timedelta(days=1))
            for course in (self._values, self._sky, self._beside):
                del course[:HOURS_PER_DAY]

    def expected(self, sky: FloatArray) -> FloatArray:
        """Return the means (25,) of the hours to come, of which `sky` (25,) tells the mean under a cloudless sky.

        Where the model tells nothing, its last index holds: the power over that of the sky, or the power itself.
        """
        series = Series(
            site=self._site,
            kind=self._learnt.kind,
            step=HOURLY,
            rated=self._learnt.rated,
            values=np.array(self._values),
            clear_sky=np.concatenate([self._sky, sky[:HOURS_PER_DAY]]),
            beside=np.array(self._beside),
        )
        told = self._learnt.fitted.expect(series, np.array([len(self._values) - 1])).mean[0]
        return _held(series, np.append(told, np.nan), sky)


def _held(series: Series, told: FloatArray, sky: FloatArray) -> FloatArray:
    """Return what was told (H,), with the last index held where there is nothing."""
    if np.isfinite(told).all():
        return told
    solar = series.kind is Kind.SOLAR
    unit = sky if solar else np.ones(len(sky))
    lit = np.isfinite(told) & (unit > (SUN_SHARE * series.rated if solar else 0.0))
    index = np.divide(told, unit, out=np.full(len(told), np.nan), where=lit)
    if solar:
        index = np.minimum(index, HIGHEST_INDEX)
    last = float(observed_index(series, 1.0)[-1])
    return np.where(np.isfinite(told), told, filled(index, last) * unit)


def within_hours(means: FloatArray, shapes: FloatArray) -> FloatArray:
    """Return hours (H, P) of these means (H,), each in the course of `shapes` (H, P), or even where that is dark."""
    sizes = shapes.mean(axis=1, keepdims=True)
    course = np.divide(shapes, sizes, out=np.ones_like(shapes), where=sizes > 0)
    hours: FloatArray = means[:, np.newaxis] * course
    return hours
