"""Synthetic weather: a clear sky behind passing clouds, and gusty wind, both correlated in time."""

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import accumulate

import numpy as np

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray
from simulator.energy.clear_sky import clear_sky_day
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP, Site, WeatherDay, WeatherSource
from simulator.streams import Stream, generator

CLEARNESS_BOUNDS = (0.05, 1.1)
"""Bounds of the clear-sky index: the thickest clouds pass some light, and edges of clouds reflect additional light."""

WARMEST_HOUR = 15
"""Local standard time at which the air is warmest, some three hours after noon (Ahrens, Meteorology Today, 2012)."""

_CLEARNESS, _WIND = range(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Statistics of the weather.

    The clear-sky index is a Gaussian AR(1) process with the given mean and deviation, then clipped to [0.05, 1.1],
    which moves its mean a little. The wind speed in m/s is Weibull distributed: the quantile of another Gaussian AR(1)
    process. Each correlation is the time in which that of the Gaussian process falls to 1/e. The air temperature
    follows a cosine of the hour, `swing_celsius` about its mean.
    """

    clearness_mean: float
    clearness_deviation: float
    clearness_correlation: Seconds
    wind_mean: float
    wind_shape: float
    wind_correlation: Seconds
    mean_celsius: float
    swing_celsius: float


class SyntheticWeather:
    """Weather from a seed. A day is the same in whatever order days are asked for; ascending order is cheapest."""

    def __init__(self, *, site: Site, climate: Climate, seed: int) -> None:
        self._site = site
        self._climate = climate
        self._clearness = GaussianProcess(seed=seed, which=_CLEARNESS, correlation=climate.clearness_correlation)
        self._wind = GaussianProcess(seed=seed, which=_WIND, correlation=climate.wind_correlation)

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`; synthetic weather has no end."""
        climate = self._climate
        clear_sky = clear_sky_day(self._site, index)
        clearness = climate.clearness_mean + climate.clearness_deviation * self._clearness.day(index)
        return WeatherDay(
            ghi_watts_per_square_metre=clear_sky * np.clip(clearness, *CLEARNESS_BOUNDS),
            clear_sky_watts_per_square_metre=clear_sky,
            air_celsius=climate.mean_celsius + climate.swing_celsius * _daily_course(),
            wind_metres_per_second=weibull_quantile(self._wind.day(index), climate.wind_mean, climate.wind_shape),
            pressure_pascals=np.full(POINTS_PER_DAY, standard_pressure(self._site.altitude_metres)),
        )


class LedWeather:
    """Weather of a site whose own days begin `lead` before those of the simulated clock."""

    def __init__(self, weather: WeatherSource, lead: Seconds) -> None:
        self._weather = weather
        self._points = round(lead / WEATHER_STEP)

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`; a day of the clock has parts of two of the site's own."""
        first, at = divmod(index * POINTS_PER_DAY + self._points, POINTS_PER_DAY)
        if at == 0:
            return self._weather.day(first)
        today, tomorrow = self._weather.day(first), self._weather.day(first + 1)
        parts = {
            field.name: np.concatenate((getattr(today, field.name)[at:], getattr(tomorrow, field.name)[:at]))
            for field in fields(WeatherDay)
        }
        return WeatherDay(**parts)


class GaussianProcess:
    """A stationary AR(1) process with mean 0 and deviation 1, in steps of the weather.

    The last day asked for is kept, and no other: going on is cheap, going back draws anew from the start.
    """

    def __init__(self, *, seed: int, which: int, correlation: Seconds) -> None:
        """Take `which` to tell apart the processes of a seed, and `correlation`, the time in which it falls to 1/e."""
        self._seed = seed
        self._which = which
        self._persistence = math.exp(-WEATHER_STEP / correlation)
        self._begin()

    def day(self, index: int) -> FloatArray:
        """Return the values (288,) of day `index`, each drawn from the one before, across midnight too."""
        if index < self._index:
            self._begin()
        while self._index < index:
            self._go_on()
        return np.array(self._values)

    def _begin(self) -> None:
        """Go to the eve of the first day, of which only the last value matters."""
        self._index = -1
        self._values = [float(generator(self._seed, Stream.WEATHER, 0, self._which, 1).standard_normal())]

    def _go_on(self) -> None:
        """Draw the next day."""
        self._index += 1
        random = generator(self._seed, Stream.WEATHER, self._index, self._which)
        innovation = math.sqrt(1 - self._persistence**2)
        draws = (innovation * random.standard_normal(POINTS_PER_DAY)).tolist()
        course = accumulate(draws, lambda last, draw: self._persistence * last + draw, initial=self._values[-1])
        self._values = list(course)[1:]


def weibull_quantile(normal: FloatArray, mean: float, shape: float) -> FloatArray:
    """Map standard normal values to values of equal probability of the Weibull distribution of this mean and shape."""
    from scipy.special import gamma, log_ndtr  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    scale = mean / gamma(1 + 1 / shape)
    # The logarithm of the upper tail stays exact where 1 - probability would round to 0.
    return np.asarray(scale * (-log_ndtr(-normal)) ** (1 / shape))


@lru_cache(maxsize=1)
def _daily_course() -> FloatArray:
    """Return the course (288,) of a day's temperature, from -1 in the coldest step to 1 in the warmest."""
    hours = (np.arange(POINTS_PER_DAY) + 0.5) * WEATHER_STEP / SECONDS_PER_HOUR
    return np.cos(2 * np.pi * (hours - WARMEST_HOUR) / HOURS_PER_DAY)


def standard_pressure(altitude_metres: float) -> float:
    """Return the air pressure in pascals of the standard atmosphere (pvlib's alt2pres)."""
    from pvlib.atmosphere import alt2pres  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    return float(alt2pres(altitude_metres))
