"""A server of the user's own: a number in JSON by its path, or one series of a Prometheus by its query."""

from typing import Any

import msgspec

from exporter.core.units import Seconds
from exporter.intensity.providers.provider import HOLDS, Coverage, Question, Web, decode, grams_per_kwh
from exporter.intensity.reading import UNKNOWN_BASIS, IntensityUnavailableError, Method, Point

INTERVAL = Seconds(900.0)
"""Time between two questions. Judgement: a server of one's own has no limit, and a grid moves by the quarter hour."""

MOST_OWN_REQUESTS = 200
"""Requests to a server of one's own within a day. Judgement: twice those that come by the quarter of an hour."""


class _Series(msgspec.Struct):
    value: tuple[float, str]


class _Found(msgspec.Struct):
    result: list[_Series]


class _Query(msgspec.Struct):
    data: _Found


class JsonPath:
    """Provider that reads a number in a document, which describes the time at which it is read."""

    def coverage(self) -> Coverage:
        """See `Provider.coverage`."""
        return Coverage(
            basis=UNKNOWN_BASIS, interval=INTERVAL, forecast_holds_now=False, most_requests=MOST_OWN_REQUESTS
        )

    def current(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.current`."""
        found: Any = decode(web.get(question.url, headers=_bearer(web)), object)
        for step in question.path.split("."):
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise IntensityUnavailableError(f"its answer has no {question.path}") from error
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise IntensityUnavailableError(f"{question.path} is not a number")
        return [_point(question.now, float(found), question)]

    def forecast(self, question: Question, web: Web) -> list[Point]:  # noqa: ARG002 - the protocol's signature
        """See `Provider.forecast`: a number alone tells no future."""
        return []


class PrometheusQuery(JsonPath):
    """Provider that asks a Prometheus; the value describes the time that stands beside it."""

    def current(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.current`."""
        content = web.get(f"{question.url.rstrip('/')}/api/v1/query", {"query": question.query}, _bearer(web))
        found = decode(content, _Query).data.result
        if len(found) != 1:
            raise IntensityUnavailableError(f"its query has {len(found)} series as its result instead of one")
        time, text = found[0].value
        try:
            return [_point(time, float(text), question)]
        except ValueError as error:
            raise IntensityUnavailableError("its answer is not understood") from error


def _bearer(web: Web) -> dict[str, str]:
    return {"Authorization": f"Bearer {web.secret}"} if web.secret else {}


def _point(start: float, value: float, question: Question) -> Point:
    return Point(start, start + HOLDS, grams_per_kwh(value, question.unit), Method.MEASURED)
