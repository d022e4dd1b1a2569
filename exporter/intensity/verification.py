"""Verified error of a provider's forecasts by horizon, beside that of yesterday's value taken as the forecast."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, UnixSeconds
from exporter.intensity.reading import HORIZONS, IntensityReading, Method, Outlook

MOST_HOURS = 7 * HOURS_PER_DAY
"""Hours over which errors are averaged at most: each weekday once."""

OBSERVED = frozenset({Method.MEASURED, Method.ESTIMATED})


@dataclass(slots=True)
class Verification:
    """Forecasts that wait for their hour, what was observed in the last day, and the errors of the last week.

    An hour is judged by its first observed value, once for each horizon, and only where both the forecast and
    yesterday's value for it are known: so both errors are of the same hours. All of it begins anew with the exporter.
    """

    waiting: dict[tuple[int, int], float] = field(default_factory=dict)
    observed: dict[int, float] = field(default_factory=dict)
    errors: dict[int, deque[tuple[float, float]]] = field(
        default_factory=lambda: {horizon: deque(maxlen=MOST_HOURS) for horizon in HORIZONS}
    )

    def observe(self, now: UnixSeconds, reading: IntensityReading, outlook: Outlook) -> None:
        """Learn the value in force, if it was observed, and what is forecast at the time."""
        hour = int(now // SECONDS_PER_HOUR)
        if reading.method not in OBSERVED or hour in self.observed:
            return
        yesterday = self.observed.get(hour - HOURS_PER_DAY)
        for horizon, errors in self.errors.items():
            forecast = self.waiting.pop((horizon, hour), None)
            if forecast is not None and yesterday is not None:
                errors.append((abs(forecast - reading.value), abs(yesterday - reading.value)))
            ahead = outlook.forecast(UnixSeconds(now + horizon * SECONDS_PER_HOUR))
            if ahead is not None:
                self.waiting[horizon, hour + horizon] = ahead
        self.observed[hour] = reading.value
        self._forget(hour)

    def mean_errors(self) -> Mapping[int, tuple[float, float]]:
        """Return the mean absolute error of the forecast, and that of yesterday's value, by horizon in hours."""
        return {
            horizon: (sum(one for one, _ in errors) / len(errors), sum(two for _, two in errors) / len(errors))
            for horizon, errors in self.errors.items()
            if errors
        }

    def _forget(self, hour: int) -> None:
        """Drop what can no longer be compared, also after the clock was set."""
        day = HOURS_PER_DAY
        self.observed = {one: value for one, value in self.observed.items() if hour - day <= one <= hour}
        self.waiting = {key: value for key, value in self.waiting.items() if hour < key[1] <= hour + day}
