"""Results of experiments that are shown beside the run."""

from collections.abc import Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from simulator.experiments.find.estimates import MEASURES
from simulator.live.exposition.families import gauge
from simulator.live.snapshot import Snapshot


def _estimates(snapshot: Snapshot, name: str) -> Iterator[Sample]:
    for estimated in snapshot.facts.estimates:
        if (estimate := estimated.by_measure.get(name)) is not None:
            labels = (estimated.experiment, estimated.scenario, estimated.method)
            yield (*labels, "mean"), estimate.mean
            yield (*labels, "low"), estimate.low
            yield (*labels, "high"), estimate.high
            yield (*labels, "published"), estimate.published


EXPERIMENTS: tuple[Row[Snapshot], ...] = tuple(
    gauge(
        name=f"ecochain_experiment_{measure.name}",
        unit=measure.unit,
        labels=("experiment", "scenario", "method", "statistic"),
        help=f"{measure.help} Statistics: mean of the replications, low and high end of the 95% interval, and "
        "published figure.",
        read=partial(_estimates, name=measure.name),
    )
    for measure in MEASURES
)
