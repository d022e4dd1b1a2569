"""The table of providers, and the one order in which each of them is asked."""

import contextlib
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
    """Ask the provider of a question for the hours to come where they hold the present, and else for the present first.

    Only beside a present value are the hours to come a request of their own, whose failure costs nothing else. Raises
    IntensityUnavailableError.
    """
    provider = LIVE_PROVIDERS[question.provider]
    if question.with_forecast and provider.coverage().forecast_holds_now:
        return provider.forecast(question, web)
    points = provider.current(question, web)
    if question.with_forecast and any(one.is_plausible() and one.covers(UnixSeconds(question.now)) for one in points):
        with contextlib.suppress(IntensityUnavailableError):
            points = [*points, *provider.forecast(question, web)]
    return points
