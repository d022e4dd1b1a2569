"""The last hour's points, by which charts are drawn."""

from exporter.core.units import Seconds
from exporter.snapshot import HistoryPoint, Readings
from exporter.sources.reading import HostReading

HISTORY_SPAN = Seconds(3600.0)
HISTORY_SPACING = Seconds(5.0)
"""History points stand at least this far apart, however fast the sampling; 720 of them cover the hour."""


def extended(history: tuple[HistoryPoint, ...], reading: HostReading, readings: Readings) -> tuple[HistoryPoint, ...]:
    """Return the history with a point for a sample when one is due, without points older than the span."""
    if history and reading.elapsed - history[-1].elapsed < HISTORY_SPACING * 0.9:
        return history
    # The oldest come first, and seldom is more than one of them too old.
    kept = next((at for at, one in enumerate(history) if reading.elapsed - one.elapsed <= HISTORY_SPAN), len(history))
    return (*history[kept:], _point(reading, readings))


def _point(reading: HostReading, readings: Readings) -> HistoryPoint:
    return HistoryPoint(
        at=reading.wall,
        elapsed=reading.elapsed,
        cpu_utilization=readings.cpu_utilization,
        throughput=readings.throughput,
        powers=readings.power_by_scope(),
        emission_rates=readings.emission_rates,
    )
