"""PromQL's arithmetic over raw samples, written anew: what the rules of this project need of it."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from exporter.audit.figures import Labels
from exporter.audit.stored import BUILD, Dialect, Stored
from exporter.core.prometheus import LOOK_BACK_SECONDS, Points

THRESHOLD = 1.1
"""Mean distances of samples within which the end of a window counts as reached (Prometheus, promql/functions.go)."""

LATE_SECONDS = 2.0
"""Age up to which a sample may not have been stored when a rule was evaluated: it bears the time at which its scrape
began. Chosen: longer than scrapes on one machine take."""

MOST_LATE = 2
"""Samples of a series that may be that young."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Number of the newest samples, of scrapes and of other rules, that had not been stored yet."""

    scraped: int = 0
    recorded: int = 0


LATE = tuple(Late(scraped=scraped, recorded=recorded) for recorded, scraped in product(range(MOST_LATE + 1), repeat=2))
"""All that may be, none first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Stored samples as a rule saw them at a time."""

    stored: Stored
    at: float
    late: Late = LATE[0]

    def last(self, name: str) -> Mapping[Labels, float]:
        """Return the value in force of each series of a family; a series that the last scrape lacked has none."""
        end = self._end(name)
        found = {}
        for labels, points in self.stored.family(name).items():
            window = self._window(points, LOOK_BACK_SECONDS, end)
            if window and (window[-1][0] == end or _is_recorded(name)):
                found[labels] = window[-1][1]
        return found

    def rate(self, name: str, seconds: float) -> Mapping[Labels, float]:
        """Return the mean increase per second of each counter of a family over a window."""
        end = self._end(name)
        found = {}
        for labels, points in self.stored.family(name).items():
            value = _rate(self._window(points, seconds, end), self.at - seconds, self.at, self.stored.dialect)
            if value is not None:
                found[labels] = value
        return found

    def sum_over(self, name: str, seconds: float) -> Mapping[Labels, float]:
        """Return the sum of the samples of each series of a family over a window."""
        return {labels: sum(values) for labels, values in self.values_over(name, seconds).items()}

    def values_over(self, name: str, seconds: float) -> Mapping[Labels, Sequence[float]]:
        """Return the samples of each series of a family over a window; a series without any is not there."""
        end = self._end(name)
        windows = {labels: self._window(one, seconds, end) for labels, one in self.stored.family(name).items()}
        return {labels: [value for _, value in points] for labels, points in windows.items() if points}

    def _end(self, name: str) -> float:
        """Return the time of the newest samples of a family that had been stored."""
        late = self.late.recorded if _is_recorded(name) else self.late.scraped
        families = self.stored.family(name if _is_recorded(name) else BUILD).values()
        times = {
            at for points in families for at, _ in points[: bisect_right(points, self.at, key=_time)][-MOST_LATE - 1 :]
        }
        newest = sorted(times, reverse=True)
        missing = [at for at in newest[:late] if self.at - at <= LATE_SECONDS]
        return newest[len(missing)] if len(newest) > len(missing) else self.at

    def _window(self, points: Points, seconds: float, end: float) -> Points:
        begin = self.at - seconds
        cut = bisect_left if self.stored.dialect.closed else bisect_right
        return points[cut(points, begin, key=_time) : bisect_right(points, end, key=_time)]


def _is_recorded(name: str) -> bool:
    return ":" in name


def _time(point: tuple[float, float]) -> float:
    return point[0]


def _rate(window: Points, begin: float, end: float, dialect: Dialect) -> float | None:
    """Return the increase per second, extrapolated to the ends of a window as Prometheus does; None of one sample."""
    if len(window) < 2:
        return None
    (first, value), (last, _) = window[0], window[-1]
    gained = window[-1][1] - value + sum(one for (_, one), (_, two) in pairwise(window) if two < one)
    seen = last - first
    if seen <= 0.0:
        return None
    distance = seen / (len(window) - 1)
    limit = THRESHOLD * distance
    before, after = first - begin, end - last
    zero = seen * value / gained if gained > 0.0 and value >= 0.0 else float("inf")
    if dialect.zero_first:
        before = min(before, zero)
        before = before if before < limit else distance / 2.0
    else:
        before = before if before < limit else distance / 2.0
        before = min(before, zero)
    after = after if after < limit else distance / 2.0
    return gained * (seen + before + after) / seen / (end - begin)
