"""Generation of all nodes over time, computed day by day from the weather."""

import contextlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Supply, WeatherError, WeatherSource

DAYS_KEPT = 3
"""Days kept: today, and those that a look ahead of a day may need."""


class Generation:
    """Generation in watts at any step of the simulation; steps divide those of the weather."""

    def __init__(self, weather: WeatherSource, supplies: Sequence[Supply], step: Seconds) -> None:
        self._weather = weather
        self._supplies = supplies
        self._steps_per_point = round(WEATHER_STEP / step)
        self._days: OrderedDict[int, FloatArray] = OrderedDict()

    def at(self, step: int) -> FloatArray:
        """Return the generation (N,) in a step. Raises WeatherError beyond the end of a recording."""
        return self._at_point(step // self._steps_per_point)

    def between(self, step: int, count: int) -> FloatArray:
        """Return the generation (count, N) of the steps from `step` on; zeros beyond the end of a recording."""
        points = np.arange(step, step + count) // self._steps_per_point
        first, last = int(points[0]), int(points[-1])
        watts = np.zeros((last - first + 1, len(self._supplies)))
        # A run may end with its recording, while its last steps look further ahead.
        with contextlib.suppress(WeatherError):
            for point in range(first, last + 1):
                watts[point - first] = self._at_point(point)
        return watts[points - first]

    def _at_point(self, point: int) -> FloatArray:
        day, row = divmod(point, POINTS_PER_DAY)
        watts: FloatArray = self._day(day)[row]
        return watts

    def _day(self, index: int) -> FloatArray:
        """Return the generation (288, N) of a day. Equal nodes share one computation."""
        if index not in self._days:
            weather = self._weather.day(index)
            watts = {supply: supply.watts(weather) for supply in dict.fromkeys(self._supplies)}
            self._days[index] = np.stack([watts[supply] for supply in self._supplies], axis=1)
            if len(self._days) > DAYS_KEPT:
                self._days.popitem(last=False)
        return self._days[index]
