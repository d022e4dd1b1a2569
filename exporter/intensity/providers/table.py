"""The table of providers, and the one order in which each of them is asked."""

from collections.abc import Mapping

from exporter.core.units import UnixSeconds
from exporter.intensity.providers.electricity_maps import ElectricityMaps
from exporter.intensity.providers.energy_charts import EnergyCharts
from exporter.intensity.providers.generic import JsonPath, PrometheusQuery
from exporter.intensity.providers.provider import Provider, Question, Web
from exporter.intensity.providers.uk import CarbonIntensityUk
from exporter.intensity.providers.watttime import WattTime
from exporter.intensity.reading import IntensityUnavailableError, Point
from exporter.intensity.zones import nearest

LIVE_PROVIDERS: Mapping[str, Provider] = {
    "uk": CarbonIntensityUk(),
    "energy-charts": EnergyCharts(),
    "electricity-maps": ElectricityMaps(),
    "watttime": WattTime(),
    "json": JsonPath(),
    "prometheus": PrometheusQuery(),
}
"""Every provider by the name that it has in the configuration and in the label `provider`."""


def covered_zone(provider: str, zone: str) -> str:
    """Return a zone as the provider writes it. Raises ValueError, which names the nearest, for any other."""
    zones = dict(LIVE_PROVIDERS[provider].coverage().zones)
    if zones and zone.strip().upper() not in zones:
        raise ValueError(f'expected a zone of {provider}, got "{zone}"; the nearest are {nearest(zone, zones)}')
    return zone.strip().upper() if zones else zone


def answer(question: Question, web: Web) -> list[Point]:
    """Ask the provider of a question: for the hours to come, and for the present where they do not hold it.

    A forecast that fails beside a present value costs the forecast alone. Raises IntensityUnavailableError.
    """
    provider = LIVE_PROVIDERS[question.provider]
    points: list[Point] = []
    trouble: IntensityUnavailableError | None = None
    if question.with_forecast:
        try:
            points = provider.forecast(question, web)
        except IntensityUnavailableError as error:
            if provider.coverage().forecast_holds_now:
                raise
            trouble = error
    if not provider.coverage().forecast_holds_now or not any(one.covers(UnixSeconds(question.now)) for one in points):
        points = [*points, *provider.current(question, web)]
    if not points and trouble is not None:
        raise trouble
    return points
