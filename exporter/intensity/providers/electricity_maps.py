"""Electricity Maps: most grids of the world, with a token; the forecast comes with paid plans only.

Source: https://portal.electricitymaps.com/docs/api (`carbon-intensity/latest` and `/forecast`, header `auth-token`).
"""

from datetime import datetime

import msgspec

from exporter.core.units import SECONDS_PER_HOUR
from exporter.intensity.providers.provider import HOLDS, Coverage, Question, Web, decode, unix
from exporter.intensity.reading import Method, Point

URL = "https://api.electricitymaps.com"
BASIS = "average consumption life-cycle"


class _Latest(msgspec.Struct, rename="camel"):
    carbon_intensity: float
    datetime: datetime
    is_estimated: bool = False


class _Hour(msgspec.Struct, rename="camel"):
    carbon_intensity: float
    datetime: datetime


class _Forecast(msgspec.Struct):
    forecast: list[_Hour]


class ElectricityMaps:
    """Provider of most grids of the world."""

    def coverage(self) -> Coverage:
        """See `Provider.coverage`."""
        return Coverage(basis=BASIS, forecast_holds_now=False)

    def current(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.current`."""
        latest = decode(self._ask("latest", question, web), _Latest)
        start = unix(latest.datetime)
        method = Method.ESTIMATED if latest.is_estimated else Method.MEASURED
        return [Point(start, start + HOLDS, latest.carbon_intensity, method)]

    def forecast(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.forecast`."""
        hours = decode(self._ask("forecast", question, web), _Forecast).forecast
        starts = [unix(hour.datetime) for hour in hours]
        return [
            Point(start, start + SECONDS_PER_HOUR, hour.carbon_intensity, Method.FORECAST)
            for start, hour in zip(starts, hours, strict=True)
        ]

    def _ask(self, what: str, question: Question, web: Web) -> bytes:
        address = f"{question.url or URL}/v3/carbon-intensity/{what}"
        return web.get(address, {"zone": question.zone}, {"auth-token": web.secret})
