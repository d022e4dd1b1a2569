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
        help="1 for how a source stands, else 0: it works, fails, is denied to the exporter's user, or is absent here.",
        read=_source_state,
    ),
    gauge(
        name="ecotrack_collector_success",
        labels=("collector",),
        help="Whether the collector's last reading succeeded; left out where its source is denied or absent.",
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
