"""Energy-Charts of Fraunhofer ISE: countries of Europe, today's values and forecast, without a key.

Source: https://api.energy-charts.info (`co2eq`: parallel lists of times, values and forecasts).
"""

import itertools

import msgspec

from exporter.core.units import Seconds
from exporter.intensity.providers.provider import HOLDS, Coverage, Question, Web, decode
from exporter.intensity.reading import IntensityUnavailableError, Method, Point

URL = "https://api.energy-charts.info"
BASIS = "average production life-cycle"
STEP = Seconds(900.0)
"""Length of the last value, which no other follows: Energy-Charts publishes by the quarter of an hour."""

ZONES = (
    "AL AM AT AZ BA BE BG BY CH CY CZ DE DK EE ES EU FI FR GE GR HR HU IE IT LT LU LV MD ME MK MT NIE NL NO PL PT RO "
    "RS RU SE SI SK TR UA UK XK"
)
"""Countries that the API names."""


class _Answer(msgspec.Struct):
    unix_seconds: list[int]
    co2eq: list[float | None] = msgspec.field(default_factory=list)
    co2eq_forecast: list[float | None] = msgspec.field(default_factory=list)


class EnergyCharts:
    """Provider of countries of Europe."""

    def coverage(self) -> Coverage:
        """See `Provider.coverage`."""
        return Coverage(basis=BASIS, zones={zone: zone for zone in ZONES.split()})

    def current(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.current`."""
        return [point for point in self.forecast(question, web) if point.method is not Method.FORECAST]

    def forecast(self, question: Question, web: Web) -> list[Point]:
        """See `Provider.forecast`. A value of the past or present comes before the forecast for the same time.

        A value holds until the next, but not over a gap in the list.
        """
        content = web.get(f"{question.url or URL}/co2eq", {"country": question.zone.lower()})
        answer = decode(content, _Answer)
        times = answer.unix_seconds
        if any(len(values) not in {0, len(times)} for values in (answer.co2eq, answer.co2eq_forecast)):
            raise IntensityUnavailableError("its lists differ in length")
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            raise IntensityUnavailableError("its times do not rise")
        ends = [min(later, earlier + HOLDS) for earlier, later in itertools.pairwise(times)]
        ends += [one + STEP for one in times[-1:]]
        known = [*answer.co2eq] or [None] * len(times)
        expected = [*answer.co2eq_forecast] or [None] * len(times)
        points = []
        for start, end, value, forecast in zip(times, ends, known, expected, strict=True):
            if value is not None:
                points.append(Point(start, end, value, Method.ESTIMATED))
            elif forecast is not None:
                points.append(Point(start, end, forecast, Method.FORECAST))
        return points
