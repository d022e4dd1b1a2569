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
    """Generation of B buses in watts at any step of the simulation; steps divide those of the weather."""

    def __init__(self, weather: Sequence[WeatherSource], supplies: Sequence[Supply], step: Seconds) -> None:
        """Take the weather and the supply of each bus; buses of one site have the same source of weather."""
        self._weather = weather
        self._supplies = supplies
        self._steps_per_point = round(WEATHER_STEP / step)
        self._days: OrderedDict[int, FloatArray] = OrderedDict()

    def at(self, step: int) -> FloatArray:
        """Return the generation (B,) in a step. Raises WeatherError beyond the end of a recording."""
        return self._at_point(step // self._steps_per_point)

    def between(self, step: int, count: int) -> FloatArray:
        """Return the generation (count, B) of the steps from `step` on; zeros beyond the end of a recording."""
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
        """Return the generation (288, B) of a day. Equal buses of one site share one computation."""
        if index not in self._days:
            days = {id(weather): weather.day(index) for weather in self._weather}
            asked = [(id(weather), supply) for weather, supply in zip(self._weather, self._supplies, strict=True)]
            watts = {(source, supply): supply.watts(days[source]) for source, supply in dict.fromkeys(asked)}
            self._days[index] = np.stack([watts[one] for one in asked], axis=1)
            if len(self._days) > DAYS_KEPT:
                self._days.popitem(last=False)
        return self._days[index]
