"""The grid in a run: its carbon intensity and price at each bus, and what a policy is told of the hours to come."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray


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


class DailyGrid:
    """A grid whose intensity is known by the hour of the day, and whose price never changes."""

    def __init__(self, grams_per_joule: FloatArray, dollars_per_joule: FloatArray, step: Seconds) -> None:
        """Take `grams_per_joule` (24, B) by hour of the simulated day, and `dollars_per_joule` (B,)."""
        self._step = step
        self._grams = grams_per_joule
        self._points = [GridPoint(grams_per_joule=row, dollars_per_joule=dollars_per_joule) for row in grams_per_joule]

    def at(self, step: int) -> GridPoint:
        """See `Grid.at`."""
        return self._points[self._hour(step) % HOURS_PER_DAY]

    def expected(self, step: int, ahead: NDArray[np.int64]) -> FloatArray:  # noqa: ARG002 - the protocol's
        """See `Grid.expected`: what is known by the hour is no forecast."""
        return self._grams[(ahead * self._step // SECONDS_PER_HOUR % HOURS_PER_DAY).astype(np.intp)]

    def _hour(self, step: int) -> int:
        return int(step * self._step // SECONDS_PER_HOUR)
