"""Metric families of the sources' states and of their collectors at the last sample."""

from collections.abc import Iterator

from exporter.core.metrics import Row, Sample
from exporter.exposition.family import gauge
from exporter.snapshot import Snapshot
from exporter.sources.reading import SourceState


def _source_state(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.outcomes:
        for state in SourceState:
            yield (outcome.collector, state), float(state is outcome.state)


def _collector_success(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.attempts():
        yield (outcome.collector,), float(outcome.state is SourceState.WORKS)


def _collector_durations(snapshot: Snapshot) -> Iterator[Sample]:
    for outcome in snapshot.attempts():
        yield (outcome.collector,), outcome.duration


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_source_state",
        labels=("source", "state"),
        help="State of a source: 1 for the present one (works, fails, denied to the exporter's user, absent), else 0.",
        read=_source_state,
    ),
    gauge(
        name="ecotrack_collector_success",
        labels=("collector",),
        help="Success of the collector's last reading, 1 or 0; missing where the source is denied or absent.",
        read=_collector_success,
    ),
    gauge(
        name="ecotrack_collector_duration_seconds",
        unit="seconds",
        labels=("collector",),
        help="Duration of the collector's last reading.",
        read=_collector_durations,
    ),
)
