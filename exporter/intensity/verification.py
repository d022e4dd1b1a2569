"""Verified error of a provider's forecasts by horizon, beside that of yesterday's value taken as the forecast."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, UnixSeconds
from exporter.intensity.reading import HORIZONS, OBSERVED, IntensityReading, Method, Outlook, Point

MOST_HOURS = 7 * HOURS_PER_DAY
"""Hours over which errors are averaged at most: each weekday once."""


@dataclass(frozen=True, slots=True)
class Error:
    """Absolute errors of one hour: of the forecast, of yesterday's value, and the method of the value that judged."""

    forecast: float
    yesterday: float
    method: Method


@dataclass(slots=True)
class Verification:
    """Forecasts that wait for their hour, what was observed in the last two days, and the errors of the last week.

    An hour is judged by its first observed value, which may come up to a day late, once for each horizon, and only
    where both the forecast and yesterday's value for it are known: so both errors are of the same hours. All of it
    begins anew with the exporter.
    """

    waiting: dict[tuple[int, int], float] = field(default_factory=dict)
    observed: dict[int, float] = field(default_factory=dict)
    errors: dict[int, deque[Error]] = field(
        default_factory=lambda: {horizon: deque(maxlen=MOST_HOURS) for horizon in HORIZONS}
    )
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
                    self.waiting[horizon, hour + horizon] = ahead
        self._seen = (hour, outlook.points)
        self._forget(hour)

    def mean_errors(self) -> Mapping[int, tuple[float, float]]:
        """Return the mean absolute error of the forecast, and that of yesterday's value, by horizon in hours."""
        return {
            horizon: (
                sum(one.forecast for one in errors) / len(errors),
                sum(one.yesterday for one in errors) / len(errors),
            )
            for horizon, errors in self.errors.items()
            if errors
        }

    def judged(self) -> Mapping[int, Mapping[Method, int]]:
        """Return on how many hours each error rests, by the method of the values that judged them, from 0 on."""
        found = {horizon: Counter(one.method for one in errors) for horizon, errors in self.errors.items()}
        return {horizon: {method: counts[method] for method in sorted(OBSERVED)} for horizon, counts in found.items()}

    def _judge(self, hour: int, value: float, method: Method) -> None:
        if hour in self.observed:
            return
        self.observed[hour] = value
        yesterday = self.observed.get(hour - HOURS_PER_DAY)
        for horizon, errors in self.errors.items():
            forecast = self.waiting.pop((horizon, hour), None)
            if forecast is not None and yesterday is not None:
                errors.append(Error(abs(forecast - value), abs(yesterday - value), method))

    def _forget(self, hour: int) -> None:
        """Drop what can no longer be compared, also after the clock was set."""
        day = HOURS_PER_DAY
        self.observed = {one: value for one, value in self.observed.items() if hour - 2 * day <= one <= hour}
        self.waiting = {key: value for key, value in self.waiting.items() if hour - day <= key[1] <= hour + day}


def _observed(hour: int, reading: IntensityReading, points: tuple[Point, ...]) -> Iterator[tuple[int, float, Method]]:
    """Return hour, value and method of what was observed in the last day, in order, and the value in force last."""
    for point in sorted(points, key=lambda one: one.start):
        at = int(point.start // SECONDS_PER_HOUR)
        if point.method in OBSERVED and hour - HOURS_PER_DAY <= at <= hour:
            yield at, point.value, point.method
    if reading.method in OBSERVED:
        yield hour, reading.value, reading.method
