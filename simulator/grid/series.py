"""Carbon intensity and price of a zone's electricity over time, and their values in the steps of a run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from exporter.core.units import SECONDS_PER_DAY
from simulator.arrays import FloatArray

DAY_SECONDS = round(SECONDS_PER_DAY)

KWH_PER_MWH = 1000.0


class GridError(Exception):
    """A grid that cannot be used; one line that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSeries:
    """Carbon intensity in g/kWh and price per kWh of a zone, each value for `step_seconds`, the first from `start` on.

    `price_per_kwh` is in the currency that `source` names; NaN stands for a price that is not known. The arrays (n,)
    are copied and cannot be written to.
    """

    zone: str
    start: datetime
    step_seconds: int
    intensity_grams_per_kwh: FloatArray
    price_per_kwh: FloatArray
    source: str

    def __post_init__(self) -> None:
        """Raise GridError for a series that is empty, of two lengths, without a time zone or between two seconds."""
        lengths = {len(self.intensity_grams_per_kwh), len(self.price_per_kwh)}
        if len(lengths) != 1 or 0 in lengths or self.step_seconds <= 0:
            raise GridError(f"{self.zone}: expected as many prices as intensities, at least one, in steps above 0 s")
        _check_time(self.start, self.zone)
        if not np.isfinite(self.intensity_grams_per_kwh).all():
            raise GridError(f"{self.zone}: expected an intensity in each step, found none in some")
        for name in ("intensity_grams_per_kwh", "price_per_kwh"):
            values = np.array(getattr(self, name), dtype=np.float64)
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    @property
    def end(self) -> datetime:
        """End of the last step."""
        return self.start + timedelta(seconds=self.step_seconds * len(self.intensity_grams_per_kwh))

    def at_steps(
        self, start: datetime, step_seconds: int, count: int, *, repeat: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Return intensity and price (count,) in steps of `step_seconds` from `start` on, the means over each step.

        A step inside one step of the series has exactly its value. With `repeat` a series of one whole year stands for
        every year: each date has the values of the same date, whatever its day of the week, and 29 February, where the
        series has none, those of the day before. Raises GridError where the series does not cover all steps.
        """
        _check_time(start, self.zone)
        if step_seconds <= 0 or count < 0:
            raise GridError(f"{self.zone}: expected steps above 0 s, got {count} of {step_seconds} s")
        end = start + timedelta(seconds=step_seconds * count)
        series = self._repeated(start, end) if repeat else self
        if start < series.start or end > series.end:
            told = _span(self.start, self.end)
            raise GridError(f"{self.zone}: expected values {_span(start, end)}, got those {told}")
        offset = round((start - series.start).total_seconds())
        edges = offset + step_seconds * np.arange(count + 1)
        return (
            step_means(series.intensity_grams_per_kwh, series.step_seconds, edges),
            step_means(series.price_per_kwh, series.step_seconds, edges),
        )

    def _repeated(self, start: datetime, end: datetime) -> "GridSeries":
        """Return the series of all years, each from the date on which this one begins, that touch a span."""
        first = self.start.astimezone(UTC)
        if DAY_SECONDS % self.step_seconds or (first.month, first.day) == (2, 29) or self.end != _in_year(first, 1):
            raise GridError(
                f"{self.zone}: expected a whole year to repeat, from a day other than 29 February, "
                f"got values {_span(self.start, self.end)}"
            )
        before = start.astimezone(UTC).year - first.year - 1
        begin = next(_in_year(first, years) for years in (before + 1, before) if _in_year(first, years) <= start)
        rows, last = [], begin
        while last <= end:
            begins, last = last, _in_year(last, 1)
            rows.append(self._steps_of_year(begins, last))
        steps = np.concatenate(rows)
        return GridSeries(
            zone=self.zone,
            start=begin,
            step_seconds=self.step_seconds,
            intensity_grams_per_kwh=self.intensity_grams_per_kwh[steps],
            price_per_kwh=self.price_per_kwh[steps],
            source=self.source,
        )

    def _steps_of_year(self, begins: datetime, ends: datetime) -> NDArray[np.int64]:
        """Return the numbers of the steps of the series that hold in each step of another year."""
        own, other = _leap_day(self.start.astimezone(UTC), self.end), _leap_day(begins, ends)
        days = np.arange((self.end - self.start).days)
        if own is not None and other is None:
            days = np.delete(days, own)
        if own is None and other is not None:
            days = np.insert(days, other, other - 1)
        per_day = DAY_SECONDS // self.step_seconds
        return (days[:, None] * per_day + np.arange(per_day)).ravel()


def step_means(values: FloatArray, step_seconds: int, edges: NDArray[np.int64]) -> FloatArray:
    """Return the means (m,) of values (n,) that each hold for `step_seconds` between the even edges (m+1,), in seconds.

    A mean that lies inside one step is its value, to the last bit.
    """
    if len(edges) < 2:
        return np.empty(0)
    inner = step_seconds * np.arange(edges[0] // step_seconds + 1, -(-edges[-1] // step_seconds))
    bounds = np.union1d(edges, inner)
    weights = np.diff(bounds) / (edges[1] - edges[0])
    return np.add.reduceat(values[bounds[:-1] // step_seconds] * weights, np.searchsorted(bounds, edges[:-1]))


def _check_time(time: datetime, zone: str) -> None:
    if time.tzinfo is None or time.microsecond:
        raise GridError(f"{zone}: expected a time with its time zone and without parts of a second, got {time}")


def _in_year(time: datetime, years: int) -> datetime:
    """Return the same date and time some years later."""
    return time.replace(year=time.year + years)


def _leap_day(begins: datetime, ends: datetime) -> int | None:
    """Return how many whole days after the beginning of a year its 29 February begins; None where it has none."""
    days = (begins + timedelta(days=number) for number in range((ends - begins).days))
    return next((number for number, day in enumerate(days) if (day.month, day.day) == (2, 29)), None)


def _span(start: datetime, end: datetime) -> str:
    return f"from {start.astimezone(UTC):%Y-%m-%d %H:%M} to {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
