"""Window of the hours ahead in which a job of constant power emits least, or costs least."""

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, Seconds, UnixSeconds

AHEAD = Seconds(HOURS_PER_DAY * SECONDS_PER_HOUR)
"""Time ahead in which a window is looked for: the day within which most jobs can wait."""

QUARTER = Seconds(900.0)
"""Step at which prices are read: every time zone has its hours begin by the quarter of an hour."""

Piece = tuple[float, float, float]
"""Start and end of a time in Unix seconds, and the value in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Time for a job, with the means of a value within it, from now on, and over all hours that are known ahead."""

    start: UnixSeconds
    end: UnixSeconds
    mean: float
    mean_from_now: float
    mean_ahead: float

    @property
    def savings(self) -> float:
        """Share saved against a beginning now; 0 where now is as good."""
        return 0.0 if self.mean_from_now <= 0.0 else max(0.0, 1.0 - self.mean / self.mean_from_now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Price of a kilowatt hour by the hour of a time zone's clock, in a currency that may have no name."""

    prices: tuple[float, ...]
    zone: tzinfo
    currency: str = ""

    def pieces(self, now: UnixSeconds) -> list[Piece]:
        """Return the prices from now on, for `AHEAD`; every time zone has its hours begin by the quarter of an hour."""
        edges = [float(now), *(edge for edge in _quarters(now) if edge > now), now + AHEAD]
        return [(start, end, self.at(start)) for start, end in itertools.pairwise(edges)]

    def at(self, time: float) -> float:
        """Return the price at a time."""
        return self.prices[datetime.fromtimestamp(time, self.zone).hour]


def _quarters(now: UnixSeconds) -> Iterator[float]:
    """Return the quarters of an hour that begin within `AHEAD`."""
    first = now // QUARTER * QUARTER + QUARTER
    return (
        first + number * QUARTER
        for number in range(int((now + AHEAD - first) // QUARTER) + 1)
        if first + number * QUARTER < now + AHEAD
    )


def best_window(pieces: Sequence[Piece], duration: Seconds) -> Window | None:
    """Return the window of a duration with the lowest mean, the earliest of equal ones; None where no time is so long.

    The pieces follow one another without a gap, the first from now on. The mean of a window that slides over constant
    pieces is least where it begins or ends with a piece, or begins now.
    """
    if not pieces or duration <= 0.0 or pieces[-1][1] - pieces[0][0] < duration:
        return None
    now, last = pieces[0][0], pieces[-1][1] - duration
    edges = {edge for start, end, _ in pieces for edge in (start, end - duration)}
    starts = sorted({now, last} | {edge for edge in edges if now <= edge <= last})
    mean = _mean_of(pieces)
    start = min(starts, key=lambda one: (round(mean(one, one + duration), 9), one))
    return Window(
        start=UnixSeconds(start),
        end=UnixSeconds(start + duration),
        mean=mean(start, start + duration),
        mean_from_now=mean(now, now + duration),
        mean_ahead=mean(now, pieces[-1][1]),
    )


def mean_between(pieces: Sequence[Piece], start: float, end: float) -> float | None:
    """Return the mean over a time; None where the pieces do not cover it."""
    if not pieces or start < pieces[0][0] or end > pieces[-1][1]:
        return None
    return _mean_of(pieces)(start, end)


def _mean_of(pieces: Sequence[Piece]) -> Callable[[float, float], float]:
    """Return a function that gives the mean over a time within the pieces."""
    starts = [start for start, _, _ in pieces]
    sums = list(itertools.accumulate(((end - start) * value for start, end, value in pieces), initial=0.0))

    def total(time: float) -> float:
        at = max(0, bisect.bisect_right(starts, time) - 1)
        return sums[at] + (time - starts[at]) * pieces[at][2]

    return lambda start, end: (total(end) - total(start)) / (end - start)
