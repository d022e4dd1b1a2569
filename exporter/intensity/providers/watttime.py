"""WattTime: marginal emissions of grids, in pounds per megawatt hour, with a user and a password.

Source: https://docs.watttime.org (`/login` gives a token of half an hour; `/v3/forecast` begins with the present).
"""

import base64
from datetime import datetime

import msgspec

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from exporter.intensity.providers.provider import Coverage, Question, Web, decode, grams_per_kwh, unix
from exporter.intensity.reading import IntensityUnavailableError, Method, Point

URL = "https://api.watttime.org"
BASIS = "marginal production operational"
INTERVAL = Seconds(2 * SECONDS_PER_HOUR)
"""Time between two questions. Each takes two requests, and 30 a day is what we allow ourselves."""

STEP = Seconds(300.0)
"""Length of a value: WattTime's points stand five minutes apart."""


class _Login(msgspec.Struct):
    token: str


class _Meta(msgspec.Struct):
    units: str


class _Value(msgspec.Struct):
    point_time: datetime
    value: float


class _Forecast(msgspec.Struct):
    data: list[_Value]
    meta: _Meta


class WattTime:
    """Provider of marginal carbon intensity."""

    def coverage(self) -> Coverage:
        """See `Provider.coverage`."""
        return Coverage(basis=BASIS, interval=INTERVAL, requests=2)

    def current(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.current`."""
        return self._points(question, web, hours=0)

    def forecast(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.forecast`."""
        return self._points(question, web, hours=24)

    def _points(self, question: Question, web: Web, hours: int) -> list[Point]:
        root = question.url or URL
        basic = base64.b64encode(f"{question.user}:{web.secret}".encode()).decode()
        token = decode(web.get(f"{root}/login", headers={"Authorization": f"Basic {basic}"}), _Login).token
        asked = {"region": question.zone, "signal_type": "co2_moer", "horizon_hours": str(hours)}
        content = web.get(f"{root}/v3/forecast", asked, {"Authorization": f"Bearer {token}"})
        answer = decode(content, _Forecast)
        if answer.meta.units != "lbs_co2_per_mwh":
            raise IntensityUnavailableError("its unit is not understood")
        starts = [unix(one.point_time) for one in answer.data]
        values = [grams_per_kwh(one.value, "lb/MWh") for one in answer.data]
        return [Point(start, start + STEP, value, Method.FORECAST) for start, value in zip(starts, values, strict=True)]
