"""The grid in a run: its carbon intensity and price at each bus, and what a policy is told of the hours to come."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray
from simulator.grid.series import GridError


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPoint:
    """The grid of each bus in a step: `grams_per_joule` (B,) and `dollars_per_joule` (B,)."""

    grams_per_joule: FloatArray
    dollars_per_joule: FloatArray


class Grid(Protocol):
    """The grid over the run. Steps are those of the simulation."""

    def at(self, step: int) -> GridPoint:
        """Return what is in force in a step."""

    def expected(self, step: int, ahead: NDArray[np.int64]) -> FloatArray:
        """Return the grams per joule (H, B) expected in the steps `ahead` (H,), from those up to `step`."""


BLOCK_HOURS = 21 * HOURS_PER_DAY
"""Hours that are read at once: three weeks take a few kilobytes."""


def hour_of(step: int, seconds: Seconds) -> int:
    """Return the hour of simulated time, from 0, in which a step of so many seconds begins."""
    return int(step * seconds // SECONDS_PER_HOUR)


class DailyGrid:
    """A grid whose intensity is known by the hour of the day, and whose price never changes."""

    def __init__(self, grams_per_joule: FloatArray, dollars_per_joule: FloatArray, step: Seconds) -> None:
        """Take `grams_per_joule` (24, B) by hour of the simulated day, and `dollars_per_joule` (B,)."""
        self._step = step
        self._grams = grams_per_joule
        self._points = [GridPoint(grams_per_joule=row, dollars_per_joule=dollars_per_joule) for row in grams_per_joule]

    def at(self, step: int) -> GridPoint:
        """See `Grid.at`."""
        return self._points[hour_of(step, self._step) % HOURS_PER_DAY]

    def expected(self, step: int, ahead: NDArray[np.int64]) -> FloatArray:  # noqa: ARG002 - the protocol's
        """See `Grid.expected`: what is known by the hour is no forecast."""
        return self._grams[(ahead * self._step // SECONDS_PER_HOUR % HOURS_PER_DAY).astype(np.intp)]


class Ahead(Enum):
    """The figure that stands for hours to come: the present one, that of yesterday at that hour, or the truth."""

    PERSISTENCE = "persistence"
    YESTERDAY = "yesterday"
    PERFECT = "perfect"


Hourly = Callable[[int, int], tuple[FloatArray, FloatArray]]
"""Grams per joule and dollars per joule (H, B) of the hours from the first up to the second, counted from the start of
simulated time. Raises GridError where nothing is known of them."""


class HourlyGrid:
    """A grid that changes by the hour, and of which only the past is known."""

    def __init__(self, hourly: Hourly, ahead: Ahead, step: Seconds) -> None:
        self._hourly = hourly
        self._ahead = ahead
        self._step = step
        self._first = self._end = 0
        self._grams = self._dollars = np.zeros((0, 0))

    def at(self, step: int) -> GridPoint:
        """See `Grid.at`. Raises GridError beyond the end of a series."""
        hour = hour_of(step, self._step)
        self._reach(max(0, hour - HOURS_PER_DAY), hour + 1)
        row = hour - self._first
        return GridPoint(grams_per_joule=self._grams[row], dollars_per_joule=self._dollars[row])

    def expected(self, step: int, ahead: NDArray[np.int64]) -> FloatArray:
        """See `Grid.expected`; in the hour that is running, its own figure is known."""
        now = hour_of(step, self._step)
        hours = (ahead * self._step // SECONDS_PER_HOUR).astype(np.int64)
        if self._ahead is Ahead.PERSISTENCE:
            hours = np.full_like(hours, now)
        if self._ahead is Ahead.YESTERDAY:
            days = np.maximum(-(-(hours - now) // HOURS_PER_DAY), 0)
            hours = hours - days * HOURS_PER_DAY
            # On the first day nothing is known of yesterday.
            hours = np.where(hours < 0, now, hours)
        self._reach(max(0, now - HOURS_PER_DAY), int(hours.max()) + 1)
        rows: FloatArray = self._grams[hours - self._first]
        return rows

    def known(self, first: int, end: int) -> FloatArray:
        """Return the grams per joule (H, B) of the hours from `first` up to `end`, all of which have begun.

        Raises GridError beyond the end of a series.
        """
        self._reach(first, end)
        return self._grams[first - self._first : end - self._first]

    def _reach(self, first: int, end: int) -> None:
        """Have the hours from `first` up to `end`, and some days more, so that this is rarely needed."""
        if self._first <= first and end <= self._end:
            return
        self._first = first
        self._end = max(end, first + BLOCK_HOURS)
        try:
            self._grams, self._dollars = self._hourly(self._first, self._end)
        except GridError:
            # A run may end with its series.
            self._end = end
            self._grams, self._dollars = self._hourly(self._first, self._end)
