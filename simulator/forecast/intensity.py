"""The grid of a run whose intensity to come is forecast by models, from the hours that have been."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import HOURS_PER_DAY, JOULES_PER_KWH, SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray
from simulator.energy.interface import Site
from simulator.forecast.learnt import Learnt
from simulator.forecast.serving import Past, Window
from simulator.grid.course import GridPoint, HourlyGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """The grid of one site, with the buses (n,) that it supplies; the days of `site` begin with the simulated clock."""

    buses: tuple[int, ...]
    site: Site
    learnt: Learnt
    past: Past


class ForecastGrid:
    """A `Grid` that changes by the hour, and whose zones have learnt what to expect of the next day.

    Of buses without a zone the intensity is known by the hour of the day, as `HourlyGrid` tells it.
    """

    def __init__(self, grid: HourlyGrid, zones: Sequence[Zone], step: Seconds) -> None:
        self.zones = tuple(zones)
        self._grid = grid
        self._step = step
        self._windows = [Window(zone.learnt, zone.site, zone.past) for zone in zones]
        self._seen = 0
        self._asked = -1
        self._ahead = np.zeros((0, 0))

    def at(self, step: int) -> GridPoint:
        """See `Grid.at`. Raises GridError beyond the end of a series."""
        return self._grid.at(step)

    def expected(self, step: int, ahead: NDArray[np.int64]) -> FloatArray:
        """See `Grid.expected`; the hour that is running is known, and beyond a day the last hour stays."""
        now = int(step * self._step // SECONDS_PER_HOUR)
        hours = (ahead * self._step // SECONDS_PER_HOUR).astype(np.int64)
        if now != self._asked:
            self._ahead = self._ask(now)
            self._asked = now
        grams = self._grid.expected(step, ahead)
        for column, zone in zip(self._ahead.T, self.zones, strict=True):
            fill(grams, zone.buses, column, hours - now)
        return grams

    def _ask(self, now: int) -> FloatArray:
        """Return the g/kWh (24, Z) of the hours after this one."""
        seen = self._grid.known(self._seen, now + 1)
        self._seen = now + 1
        found = []
        for zone, window in zip(self.zones, self._windows, strict=True):
            for grams in seen[:, zone.buses[0]]:
                window.add(float(grams) * JOULES_PER_KWH, 0.0, 0.0)
            found.append(window.expected(np.zeros(HOURS_PER_DAY + 1))[:HOURS_PER_DAY])
        return np.stack(found, axis=1)


def fill(grams: FloatArray, buses: Sequence[int], told: FloatArray, hours: NDArray[np.int64]) -> None:
    """Put what is told (T,) of the hours after the running one, in g/kWh, into the grams per joule (H, B) of buses.

    `hours` (H,) are counted from the running one, which is known, and so are those before it; beyond what is told, the
    last hour stays.
    """
    to_come = hours > 0
    rows = np.minimum(hours[to_come] - 1, len(told) - 1)
    for bus in buses:
        grams[to_come, bus] = told[rows] / JOULES_PER_KWH
