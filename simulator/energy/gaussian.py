"""Gaussian processes in time, correlated over distance: what the synthetic weather of places is made of."""

import math
from collections.abc import Iterable, Sequence
from enum import IntEnum
from itertools import accumulate

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP
from simulator.streams import Stream, generator

EARTH_RADIUS_KILOMETRES = 6371.0
"""Mean radius of the earth in kilometres (IUGG 1980)."""

PLACE_DIGITS = 4
"""Digits of a degree that tell places apart: 11 m."""

RESTART_DAYS = 4096
"""Days after which a process begins anew, independent of its past, so that no day is costly to draw however late it is.
More than the longest run of an experiment has; a live run meets it every eleven simulated years."""

NOISE_DAYS_KEPT = 4
"""Days of noise kept for the other places, which ask for the same days."""

Place = tuple[float, float]
"""Latitude and longitude in degrees."""


class Which(IntEnum):
    """The noises of a seed. The numbers are part of the results."""

    CLOUDS = 0
    WIND = 1


class Noise:
    """White noise at places, standard normal, with the correlation exp(-distance / length) between two of them.

    It depends on the set of the places, not on their order or number of mentions, nor on the order in which days are
    asked for.
    """

    def __init__(self, places: Iterable[Place], *, seed: int, which: Which, length_kilometres: float) -> None:
        self._places = sorted({_rounded(place) for place in places})
        self._seed = seed
        self._which = which
        self._factor = np.linalg.cholesky(np.exp(-distances(self._places) / length_kilometres))
        self._days: dict[int, list[FloatArray]] = {}

    def eve(self, index: int, place: Place) -> float:
        """Return the value with which a process at the place begins, on the eve of day `index`."""
        draws = [self._generator(index, rank, 1).standard_normal(1) for rank in range(len(self._places))]
        return float(self._at(place, draws)[0])

    def day(self, index: int, place: Place) -> FloatArray:
        """Return the values (288,) of day `index` at the place."""
        if index not in self._days:
            ranks = range(len(self._places))
            self._days[index] = [self._generator(index, rank).standard_normal(POINTS_PER_DAY) for rank in ranks]
            if len(self._days) > NOISE_DAYS_KEPT:
                del self._days[next(iter(self._days))]
        return self._at(place, self._days[index])

    def _generator(self, index: int, rank: int, *key: int) -> np.random.Generator:
        return generator(self._seed, Stream.WEATHER, index, self._which + rank * len(Which), *key)

    def _at(self, place: Place, draws: Sequence[FloatArray]) -> FloatArray:
        """Return the mixture of independent draws at a place, whose terms are added in one order on every machine."""
        rank = self._places.index(_rounded(place))
        mixed: FloatArray = self._factor[rank, 0] * draws[0]
        for other in range(1, rank + 1):
            mixed = mixed + self._factor[rank, other] * draws[other]
        return mixed


class GaussianProcess:
    """A stationary AR(1) process with mean 0 and deviation 1, in steps of the weather, driven by the noise of a place.

    The last day asked for is kept, and no other: going on is cheap, going back draws anew from the last restart.
    """

    def __init__(self, noise: Noise, place: Place, correlation: Seconds) -> None:
        """Take `correlation`, the time in which it falls to 1/e."""
        self._noise = noise
        self._place = place
        self._persistence = math.exp(-WEATHER_STEP / correlation)
        self._begin(0)

    def day(self, index: int) -> FloatArray:
        """Return the values (288,) of day `index`, each drawn from the one before, across midnight too."""
        restart = index - index % RESTART_DAYS
        if not restart <= self._index <= index:
            self._begin(restart)
        while self._index < index:
            self._go_on()
        return np.array(self._values)

    def _begin(self, index: int) -> None:
        """Go to the eve of a day, of which only the last value matters."""
        self._index = index - 1
        self._values = [self._noise.eve(index, self._place)]

    def _go_on(self) -> None:
        """Draw the next day."""
        self._index += 1
        innovation = math.sqrt(1 - self._persistence**2)
        draws = (innovation * self._noise.day(self._index, self._place)).tolist()
        course = accumulate(draws, lambda last, draw: self._persistence * last + draw, initial=self._values[-1])
        self._values = list(course)[1:]


def distances(places: Sequence[Place]) -> FloatArray:
    """Return the distances (P, P) between places along the surface of the earth, in kilometres."""
    latitude, longitude = np.radians(np.array(places)).T
    between = np.sin((latitude[:, None] - latitude) / 2) ** 2
    between += np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KILOMETRES * np.arcsin(np.sqrt(np.minimum(between, 1.0))))


def _rounded(place: Place) -> Place:
    """Return the place by which it is told from others; 180 degrees east is 180 degrees west."""
    latitude, longitude = place
    return round(latitude, PLACE_DIGITS), round((longitude + 180.0) % 360.0 - 180.0, PLACE_DIGITS)
