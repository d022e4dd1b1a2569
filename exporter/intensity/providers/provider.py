"""Protocol of a provider, and the question, coverage and conversions that providers share."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import msgspec

from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, GramsPerKwh, Seconds, UnixSeconds
from exporter.intensity.reading import IntensityUnavailableError, Point

AnswerT = TypeVar("AnswerT")

GRAMS_PER_POUND = 453.59237
"""Grams in an avoirdupois pound, by definition (NIST Special Publication 811)."""

HOLDS = Seconds(2 * SECONDS_PER_HOUR)
"""Time for which a value without an end is taken to describe the present. Judgement: providers publish values of half
an hour or an hour, some of them an hour late."""

FORECAST_INTERVAL = Seconds(6 * SECONDS_PER_HOUR)
"""Time between two forecasts where these are requests of their own: with an hourly value, 28 requests a day."""

MOST_REQUESTS = 30
"""Requests that a public provider gets for a zone within any 24 hours, whatever goes wrong. Judgement: one an hour, and
six to spend on questions that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Coverage of a provider: its zones by code with their names, none where it has too many to list, and its basis.

    `interval` lies between two questions, each of which takes so many `requests`, and there may be `most_requests` of
    them a day. Where `forecast_holds_now`, one answer tells present and future.
    """

    basis: str
    zones: Mapping[str, str] = field(default_factory=dict)
    interval: Seconds = Seconds(SECONDS_PER_HOUR)  # noqa: RUF009 - a number
    forecast_holds_now: bool = True
    requests: int = 1
    most_requests: int = MOST_REQUESTS

    @property
    def repetitions(self) -> int:
        """Questions that may be repeated before their time within a day: those that regular ones leave room for."""
        forecasts = 0 if self.forecast_holds_now else SECONDS_PER_DAY / FORECAST_INTERVAL
        return int((self.most_requests - forecasts) / self.requests - SECONDS_PER_DAY / self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Question for a zone at a time, as the user wants it asked. No secret is in it."""

    provider: str
    zone: str = ""
    url: str = ""
    path: str = ""
    query: str = ""
    unit: str = "g/kWh"
    user: str = ""
    basis: str = ""
    secret_file: str = ""
    now: float = 0.0
    with_forecast: bool = True

    @property
    def time(self) -> datetime:
        """The present, in UTC."""
        return datetime.fromtimestamp(self.now, UTC)


class Web(Protocol):
    """The way to servers. What it raises names the server and the status, and never what was sent."""

    secret: str

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        """Return what stands at an address. Raises IntensityUnavailableError."""


class Provider(Protocol):
    """Publisher of carbon intensity. The methods that ask raise IntensityUnavailableError."""

    def coverage(self) -> Coverage:
        """Return what the provider tells."""

    def current(self, question: Question, web: Web) -> list[Point]:
        """Return what is in force now."""

    def forecast(self, question: Question, web: Web) -> list[Point]:
        """Return the hours to come, with the present where the provider has it in the same answer."""


def decode(content: bytes, kind: type[AnswerT]) -> AnswerT:
    """Return an answer of a kind. Raises IntensityUnavailableError, with nothing of the content in it.

    A byte order mark, with which programs for Windows begin a file, is skipped.
    """
    try:
        return msgspec.json.decode(content.removeprefix(codecs.BOM_UTF8), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntensityUnavailableError("its answer is not understood") from error


def unix(moment: datetime) -> UnixSeconds:
    """Return the seconds of a moment; without a zone it is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return UnixSeconds(aware.timestamp())
    except OverflowError as error:
        raise IntensityUnavailableError("its answer is not understood") from error


def grams_per_kwh(value: float, unit: str) -> GramsPerKwh:
    """Convert a value from `g/kWh`, `kg/kWh` or `lb/MWh`; kilograms per megawatt hour are grams per kilowatt hour."""
    return GramsPerKwh(value * {"g/kWh": 1.0, "kg/kWh": 1000.0, "lb/MWh": GRAMS_PER_POUND / 1000.0}[unit])
