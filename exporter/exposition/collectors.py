"""How the collectors did at the last sample."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import gauge
from exporter.snapshot import Snapshot


def _collector_success(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.outcomes:
        yield (outcome.collector,), float(outcome.success)


def _collector_durations(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.outcomes:
        yield (outcome.collector,), outcome.duration


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_collector_success",
        labels=("collector",),
        help="Whether the collector's last reading succeeded.",
        read=_collector_success,
    ),
    gauge(
        name="ecotrack_collector_duration_seconds",
        unit="seconds",
        labels=("collector",),
        help="How long the collector's last reading took.",
        read=_collector_durations,
    ),
)
