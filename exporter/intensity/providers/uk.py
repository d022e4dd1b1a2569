"""The Carbon Intensity API of the operator of Great Britain's grid: national and by region, without a key.

Source: https://carbon-intensity.github.io/api-definitions (half-hours of `forecast` and `actual`, times in UTC).
"""

from datetime import UTC, datetime, timedelta

import msgspec

from exporter.intensity.providers.provider import Coverage, Question, Web, decode, unix
from exporter.intensity.reading import IntensityUnavailableError, Method, Point

URL = "https://api.carbonintensity.org.uk"
BASIS = "average consumption operational"
NATION = "GB"
REGIONS = (
    "North Scotland",
    "South Scotland",
    "North West England",
    "North East England",
    "Yorkshire",
    "North Wales and Merseyside",
    "South Wales",
    "West Midlands",
    "East Midlands",
    "East England",
    "South West England",
    "South England",
    "London",
    "South East England",
    "England",
    "Scotland",
    "Wales",
)
"""Regions by the number that the API gives them, from 1 on."""

MINUTE = "%Y-%m-%dT%H:%MZ"


class _Intensity(msgspec.Struct):
    forecast: float | None = None
    actual: float | None = None


class _Period(msgspec.Struct):
    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    intensity: _Intensity


class _National(msgspec.Struct):
    data: list[_Period]


class _Region(msgspec.Struct):
    data: list[_Period]


class _Regional(msgspec.Struct):
    data: _Region


class _Regions(msgspec.Struct):
    data: list[_Region]


class CarbonIntensityUk:
    """Provider of Great Britain and its regions."""

    def coverage(self) -> Coverage:
        """See `Provider.coverage`."""
        regions = {f"{NATION}-{number}": name for number, name in enumerate(REGIONS, 1)}
        return Coverage(basis=BASIS, zones={NATION: "Great Britain", **regions})

    def current(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.current`."""
        root = question.url or URL
        if question.zone == NATION:
            return _points(decode(web.get(f"{root}/intensity"), _National).data)
        found = decode(web.get(f"{root}/regional/regionid/{_number(question)}"), _Regions).data
        return _points(found[0].data) if found else []

    def forecast(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.forecast`. It begins an hour back, whose `actual` is known by now."""
        root, start = question.url or URL, (question.time - timedelta(hours=1)).strftime(MINUTE)
        if question.zone == NATION:
            return _points(decode(web.get(f"{root}/intensity/{start}/fw48h"), _National).data)
        path = f"{root}/regional/intensity/{start}/fw48h/regionid/{_number(question)}"
        return _points(decode(web.get(path), _Regional).data.data)


def _number(question: Question) -> str:
    return question.zone.rpartition("-")[2]


def _points(periods: list[_Period]) -> list[Point]:
    return [point for period in periods for point in _point(period)]


def _point(period: _Period) -> list[Point]:
    """Return the point of a period; none where it has no value yet."""
    actual, forecast = period.intensity.actual, period.intensity.forecast
    try:
        start, end = (datetime.strptime(text, MINUTE).replace(tzinfo=UTC) for text in (period.start, period.end))
    except ValueError as error:
        raise IntensityUnavailableError("its answer is not understood") from error
    if actual is not None:
        return [Point(unix(start), unix(end), actual, Method.ESTIMATED)]
    return [] if forecast is None else [Point(unix(start), unix(end), forecast, Method.FORECAST)]
