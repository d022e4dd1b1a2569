"""The answer of a provider of grid carbon intensity."""

import bisect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import msgspec

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, GramsPerKwh, Seconds, UnixSeconds
from exporter.intensity.window import AHEAD, Piece, Window, best_window

HIGHEST = GramsPerKwh(1500.0)
"""Above the carbon intensity of any grid; a lignite plant alone is near 1100 g/kWh (IPCC AR5, annex III)."""

LONGEST = Seconds(24 * SECONDS_PER_HOUR)
"""Time that one value may be of at most. Judgement: a grid has a day and a night."""

HORIZONS = (1, 6, 12, 24)
"""Hours ahead for which a forecast is verified. Judgement: a short job, a night, half a day, a day."""

SECRET_VARIABLE = "ECOTRACK_GRID_TOKEN"  # noqa: S105 - a name

UNKNOWN_BASIS = "unknown"
"""Basis of a figure of which nobody says how it was reckoned."""


class Method(StrEnum):
    """Way in which the value in force became known."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    FORECAST = "forecast"
    LAST_KNOWN = "last_known"
    STATIC = "static"


OBSERVED = frozenset({Method.MEASURED, Method.ESTIMATED})
"""Methods of values that tell what was, against which forecasts are verified."""


class IntensityUnavailableError(Exception):
    """The provider has no value for this time.

    The message says why in a few words that follow the provider's name. Page, log and JSON show it: no secret in it.
    """


class IntensityPendingError(IntensityUnavailableError):
    """The provider has been asked for the first time and may yet answer: no reason to complain."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """Carbon intensity from one time up to another, and how the provider knows it."""

    start: float
    end: float
    value: float
    method: Method

    def is_plausible(self) -> bool:
        """Tell whether a grid can have this value, for so long a time."""
        return is_plausible(self.value) and self.end - self.start <= LONGEST

    def covers(self, now: UnixSeconds) -> bool:
        """Tell whether the point describes this time."""
        return self.start <= now < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Knowledge of a live provider beyond the present: its points, and how much was discarded, by reason.

    `errors` are the mean absolute errors of the forecast, and of yesterday's value in its place, by horizon in hours;
    `judged` is on how many hours they rest, by the method of the values that judged them.
    """

    provider: str = ""
    points: tuple[Point, ...] = ()
    discarded: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    judged: Mapping[int, Mapping[Method, int]] = field(default_factory=dict)

    def is_forecast_only(self) -> bool:
        """Tell whether all that the provider told was forecast, so that nothing verifies it."""
        return bool(self.points) and all(one.method is Method.FORECAST for one in self.points)

    def forecast(self, time: UnixSeconds) -> float | None:
        """Return the forecast for a time; None where none reaches it."""
        return next((one.value for one in self.points if one.method is Method.FORECAST and one.covers(time)), None)

    def hours_ahead(self, now: UnixSeconds) -> Mapping[int, float]:
        """Return the forecasts that there are for each whole hour of the next day, counted from now."""
        ahead = sorted((one for one in self.points if one.method is Method.FORECAST), key=lambda one: one.start)
        starts = [one.start for one in ahead]
        found = {}
        for hours in range(1, HOURS_PER_DAY + 1):
            time = UnixSeconds(now + hours * SECONDS_PER_HOUR)
            place = bisect.bisect_right(starts, time) - 1
            if place >= 0 and ahead[place].covers(time):
                found[hours] = ahead[place].value
        return found

    def pieces(self, now: UnixSeconds) -> list[Piece]:
        """Return what is known without a gap from now on, for `AHEAD` at most: the present, then the forecast."""
        covering = [one for one in self.points if one.covers(now)]
        if not covering:
            return []
        ahead = sorted((one for one in self.points if one.method is Method.FORECAST), key=lambda one: one.start)
        present = max(covering, key=lambda one: (one.method is not Method.FORECAST, one.start))
        until = now + AHEAD
        time = min([present.end, until, *(one.start for one in ahead if one.start > now)])
        pieces = [(float(now), time, present.value)]
        for point in ahead:
            if point.start > time or time >= until:
                break
            if point.end > time:
                end = min(point.end, until)
                pieces.append((time, end, point.value))
                time = end
        return pieces

    def cleanest(self, now: UnixSeconds, duration: Seconds) -> Window | None:
        """Return the window with the least emissions; None where the forecast does not reach so far."""
        return best_window(self.pieces(now), duration)


def is_plausible(value: float) -> bool:
    """Tell whether a grid can have this carbon intensity: 0, which grids have had, up to `HIGHEST`."""
    return math.isfinite(value) and 0.0 <= value <= HIGHEST


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityReading:
    """Carbon intensity in force: its value, its grid zone, its source, and the time that the value describes.

    `zone` is the grid's name as the user or the provider has it; `description` follows the figure on the page. `basis`
    says what is reckoned, in up to three words: average or marginal, consumption or production, operational or
    life-cycle. Values of two bases cannot be compared.
    """

    value: GramsPerKwh
    zone: str
    provider: str
    described_at: UnixSeconds
    description: str
    method: Method = Method.STATIC
    basis: str = UNKNOWN_BASIS
    outlook: Outlook = Outlook()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityAnswer:
    """Carbon intensity of one sample, None where nobody has a value, and each provider that failed, with the reason."""

    reading: IntensityReading | None
    troubles: Mapping[str, str] = field(default_factory=dict)

    def discarded(self) -> Mapping[tuple[str, str], int]:
        """Return how many answers of a live provider were discarded since the start, by provider and reason."""
        if self.reading is None:
            return {}
        outlook = self.reading.outlook
        return {(outlook.provider, reason): count for reason, count in outlook.discarded.items()}


class IntensityProvider(Protocol):
    """Provider of the carbon intensity at a time."""

    @property
    def name(self) -> str:
        """The name in the label `provider`, and in `IntensityReading.provider`."""

    def at(self, now: UnixSeconds) -> IntensityReading:
        """Return the intensity in force at `now`.

        Raises IntensityUnavailableError where there is none, and may let errors of the system through.
        """
