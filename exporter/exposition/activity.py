"""Metric families of the network's activity."""

from collections.abc import Callable, Iterator
from functools import partial

from exporter.activity.window import Activity
from exporter.core.metrics import Row, Sample
from exporter.exposition.family import counter, gauge
from exporter.snapshot import Snapshot
from exporter.totals import ActivityTotal


def _activity_state(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings.activity is not None:
        for activity in Activity:
            yield (activity,), float(activity is snapshot.readings.activity)


def _activity_total(snapshot: Snapshot, read: Callable[[ActivityTotal], float]) -> Iterator[Sample]:
    totals = snapshot.totals.exported.activities
    for activity in Activity:
        if activity in totals or "network" not in snapshot.off:
            yield (activity,), read(totals.get(activity, ActivityTotal()))


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_activity_state",
        labels=("activity",),
        help="Present activity of the network, judged by throughput alone: 1 for the present class, else 0.",
        read=_activity_state,
    ),
    counter(
        name="ecotrack_activity_seconds_total",
        unit="seconds",
        labels=("activity",),
        help="Time spent in each class of activity.",
        read=partial(_activity_total, read=lambda total: total.duration),
    ),
    counter(
        name="ecotrack_activity_bytes_total",
        unit="bytes",
        labels=("activity",),
        help="Bytes received and sent in each class of activity.",
        read=partial(_activity_total, read=lambda total: total.transferred_bytes),
    ),
    counter(
        name="ecotrack_activity_emissions_grams_total",
        unit="grams",
        labels=("activity",),
        help="CO2e emissions of scope network by class of activity; the classes sum to scope network.",
        read=partial(_activity_total, read=lambda total: total.emitted),
    ),
)
