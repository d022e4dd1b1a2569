"""Verified error of a provider's forecasts by horizon, beside that of yesterday's value taken as the forecast."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, UnixSeconds
from exporter.intensity.by_hour import ByHour
from exporter.intensity.reading import HORIZONS, OBSERVED, IntensityReading, Method, Outlook, Point

MOST_HOURS = 7 * HOURS_PER_DAY
"""Hours over which errors are averaged at most: each weekday once."""


METHODS = tuple(sorted(OBSERVED))
"""The order of the methods in what is kept, where 0 is a place that is free."""


class Errors:
    """Absolute errors of the last hours: of the forecast and of yesterday's value, and the methods that judged them."""

    def __init__(self) -> None:
        self._forecast = array("d", [0.0]) * MOST_HOURS
        self._yesterday = array("d", [0.0]) * MOST_HOURS
        self._methods = bytearray(MOST_HOURS)
        self._next = 0

    def add(self, forecast: float, yesterday: float, method: Method) -> None:
        """Add those of an hour, in place of the oldest."""
        place = self._next
        self._forecast[place], self._yesterday[place] = forecast, yesterday
        self._methods[place] = METHODS.index(method) + 1
        self._next = (place + 1) % MOST_HOURS

    def judged(self) -> dict[Method, int]:
        """Return the number of hours by the method that judged them, from 0 on."""
        return {method: self._methods.count(number) for number, method in enumerate(METHODS, 1)}

    def means(self) -> tuple[float, float] | None:
        """Return the mean errors of the forecast and of yesterday's value; None before the first hour."""
        hours = MOST_HOURS - self._methods.count(0)
        return (sum(self._forecast) / hours, sum(self._yesterday) / hours) if hours else None


@dataclass(slots=True)
class Verification:
    """Forecasts that wait for their hour, what was observed in the last two days, and the errors of the last week.

    An hour is judged by its first observed value, which may come up to a day late, once for each horizon, and only
    where both the forecast and yesterday's value for it are known: so both errors are of the same hours. All of it
    begins anew with the exporter, and has its memory from the start: a table that fills up for a week seems to leak.
    """

    waiting: Mapping[int, ByHour] = field(
        default_factory=lambda: {horizon: ByHour(2 * HOURS_PER_DAY + 1) for horizon in HORIZONS}
    )
    observed: ByHour = field(default_factory=lambda: ByHour(2 * HOURS_PER_DAY + 1))
    errors: Mapping[int, Errors] = field(default_factory=lambda: {horizon: Errors() for horizon in HORIZONS})
    _seen: tuple[int, tuple[Point, ...]] | None = None

    def observe(self, now: UnixSeconds, reading: IntensityReading, outlook: Outlook) -> None:
        """Learn the value in force and those of past hours, if they were observed, and what is forecast at the time."""
        hour = int(now // SECONDS_PER_HOUR)
        is_new_hour = self._seen is None or self._seen[0] != hour
        is_answered = self._seen is None or self._seen[1] is not outlook.points
        if not is_new_hour and not is_answered and (hour in self.observed or reading.method not in OBSERVED):
            return
        for at, value, method in _observed(hour, reading, outlook.points):
            self._judge(at, value, method)
        if is_new_hour:
            for horizon in HORIZONS:
                ahead = outlook.forecast(UnixSeconds((hour + horizon) * SECONDS_PER_HOUR))
                if ahead is not None:
                    self.waiting[horizon].put(hour + horizon, ahead)
        self._seen = (hour, outlook.points)
        self._forget(hour)

    def mean_errors(self) -> Mapping[int, tuple[float, float]]:
        """Return the mean absolute error of the forecast, and that of yesterday's value, by horizon in hours."""
        found = {horizon: errors.means() for horizon, errors in self.errors.items()}
        return {horizon: means for horizon, means in found.items() if means is not None}

    def judged(self) -> Mapping[int, Mapping[Method, int]]:
        """Return on how many hours each error rests, by the method of the values that judged them, from 0 on."""
        return {horizon: errors.judged() for horizon, errors in self.errors.items()}

    def _judge(self, hour: int, value: float, method: Method) -> None:
        if hour in self.observed:
            return
        self.observed.put(hour, value)
        yesterday = self.observed.get(hour - HOURS_PER_DAY)
        for horizon, errors in self.errors.items():
            forecast = self.waiting[horizon].pop(hour)
            if forecast is not None and yesterday is not None:
                errors.add(abs(forecast - value), abs(yesterday - value), method)

    def _forget(self, hour: int) -> None:
        """Drop what can no longer be compared, also after the clock was set."""
        day = HOURS_PER_DAY
        self.observed.keep(hour - 2 * day, hour)
        for ahead in self.waiting.values():
            ahead.keep(hour - day, hour + day)


def _observed(hour: int, reading: IntensityReading, points: tuple[Point, ...]) -> Iterator[tuple[int, float, Method]]:
    """Return hour, value and method of what was observed in the last day, in order, and the value in force last."""
    for point in sorted(points, key=lambda one: one.start):
        at = int(point.start // SECONDS_PER_HOUR)
        if point.method in OBSERVED and hour - HOURS_PER_DAY <= at <= hour:
            yield at, point.value, point.method
    if reading.method in OBSERVED:
        yield hour, reading.value, reading.method
