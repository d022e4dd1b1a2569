"""Generation of all nodes over time, computed day by day from the weather."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.assembly.layout import Layout, weather_of
from simulator.energy.interface import (
    POINTS_PER_DAY,
    WEATHER_STEP,
    Supply,
    UncomputedWeatherError,
    WeatherError,
    WeatherSource,
)

DAYS_KEPT = 3
"""Days kept: today, and those that a look ahead of a day may need."""


Daily = Callable[[int], FloatArray]
"""Generation in watts on a day of simulated time: (2, 288, B), that of the sun and that of the wind.

Raises WeatherError beyond the end of a recording."""


def daily(buses: Sequence[tuple[WeatherSource, Supply]], leads: Sequence[Seconds] | None = None) -> Daily:
    """Return the generation of buses, each with its weather. Those that have both in common share one computation.

    `leads` are the times by which the days of each bus's weather begin before those of the simulated clock; by default
    they begin together.
    """
    weathers = {id(weather): weather for weather, _ in buses}
    keys = [(id(weather), supply) for weather, supply in buses]
    supplies = {key: list(dict.fromkeys(supply for one, supply in keys if one == key)) for key in weathers}
    distinct = [(key, supply) for key, local in supplies.items() for supply in local]
    column = {both: number for number, both in enumerate(distinct)}
    column_of_bus = np.array([column[both] for both in keys])
    shift = {
        key: round(lead / WEATHER_STEP)
        for (key, _), lead in zip(keys, leads or [Seconds(0.0)] * len(keys), strict=True)
    }

    @lru_cache(maxsize=2 * len(weathers))
    def local_day(key: int, index: int) -> FloatArray:
        """Return the generation (2, 288, K) of the K supplies that share a weather, on a day of its own."""
        today = weathers[key].day(index)
        powers = [supply.power(today) for supply in supplies[key]]
        return np.stack([np.stack([power.solar, power.wind]) for power in powers], axis=2)

    def day(index: int) -> FloatArray:
        found: list[FloatArray] = []
        for key in weathers:
            first, at = divmod(index * POINTS_PER_DAY + shift[key], POINTS_PER_DAY)
            parts = local_day(key, first)
            if at:
                # A day of the clock has parts of two of the site's own.
                parts = np.concatenate((parts[:, at:], local_day(key, first + 1)[:, :at]), axis=1)
            found.append(parts)
        return np.take(np.concatenate(found, axis=2), column_of_bus, axis=2)

    return day


def daily_generation(layout: Layout, seed: int) -> Daily:
    """Return what the weather of a layout lets its buses generate. Raises WeatherError for a bad recording."""
    weather = weather_of(layout, seed)
    leads = [layout.places[bus.place].lead for bus in layout.buses]
    return daily([(weather[bus.place], bus.supply) for bus in layout.buses], leads)


class Generation:
    """Generation in watts at any step of the simulation; steps divide those of the weather.

    `source` gives that of a day. Another that gives the same may take its place: the live job computes it elsewhere.
    """

    def __init__(self, source: Daily, step: Seconds) -> None:
        self.source = source
        self.step = step
        self._steps_per_point = round(WEATHER_STEP / step)
        self._days: OrderedDict[int, tuple[FloatArray, FloatArray]] = OrderedDict()

    def at(self, step: int) -> FloatArray:
        """Return the generation (B,) in a step. Raises WeatherError beyond the end of a recording."""
        return self.parts_at(step)[0]

    def parts_at(self, step: int) -> tuple[FloatArray, FloatArray]:
        """Return the generation (B,) in a step, and the part of it that the sun gives. Raises as `at` does."""
        watts, solar = self.parts(step, 1)
        return watts[0], solar[0]

    def parts(self, step: int, count: int) -> tuple[FloatArray, FloatArray]:
        """Return the generation (count, B) in steps of one day, from `step` on, and the part of it that the sun gives.

        Raises WeatherError beyond the end of a recording.
        """
        day, first = divmod(step, POINTS_PER_DAY * self._steps_per_point)
        watts, solar = self._day(day)
        if self._steps_per_point == 1:
            return watts[first : first + count], solar[first : first + count]
        points = np.arange(first, first + count) // self._steps_per_point
        return watts[points], solar[points]

    def between(self, step: int, count: int) -> FloatArray:
        """Return the generation (count, B) of the steps from `step` on; zeros beyond the end of a recording.

        Raises WeatherError where `step` itself lies beyond it, and UncomputedWeatherError as its source does.
        """
        watts = np.zeros((count, len(self.at(step))))
        steps_per_day, done = POINTS_PER_DAY * self._steps_per_point, 0
        # A run may end with its recording, while its last steps look further ahead.
        try:
            while done < count:
                of_day = min(count - done, steps_per_day - (step + done) % steps_per_day)
                watts[done : done + of_day] = self.parts(step + done, of_day)[0]
                done += of_day
        except UncomputedWeatherError:
            raise
        except WeatherError:
            pass
        return watts

    def _day(self, index: int) -> tuple[FloatArray, FloatArray]:
        if index not in self._days:
            solar, wind = self.source(index)
            self._days[index] = solar + wind, solar
            if len(self._days) > DAYS_KEPT:
                self._days.popitem(last=False)
        return self._days[index]
