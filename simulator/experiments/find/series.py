"""Results as series `ecochain_experiment_*`, the same in the exposition of a run and in the files of an experiment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from simulator.experiments.find.estimates import MEASURES, Estimate, ShownResults

Labels = tuple[str, ...]

WHOSE = ("experiment", "scenario")
"""Labels that every series has first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Gauges of one name, without samples where nothing was found; `fact` is one whose value is always 1."""

    name: str
    help: str
    unit: str
    labels: Labels
    read: Callable[[ShownResults], Iterator[tuple[Labels, float]]]
    fact: bool = False


def _origin(shown: ShownResults) -> Iterator[tuple[Labels, float]]:
    origin = shown.origin
    yield (shown.experiment, shown.scenario, origin.inputs, origin.environment), 1.0


def _estimates(shown: ShownResults, measure: str) -> Iterator[tuple[Labels, float]]:
    for estimated in shown.estimates:
        if (estimate := estimated.by_measure.get(measure)) is not None:
            labels = (estimated.experiment, estimated.scenario, estimated.method)
            yield from _statistics(labels, estimate, estimate.published)


def _changes(shown: ShownResults) -> Iterator[tuple[Labels, float]]:
    for change in shown.changes:
        if change.relative is not None:
            reference = shown.reference or ""
            labels = (shown.experiment, shown.scenario, change.method, reference, change.measure)
            yield from _statistics(labels, change.relative, change.published)


def _statistics(labels: Labels, estimate: Estimate, published: float | None) -> Iterator[tuple[Labels, float]]:
    yield (*labels, "mean"), estimate.mean
    yield (*labels, "low"), estimate.low
    yield (*labels, "high"), estimate.high
    if published is not None:
        yield (*labels, "published"), published


STATISTICS = "Statistics: mean of the replications, low and high end of the 95% interval, and published figure."

FAMILIES = (
    Family(
        name="ecochain_experiment_info",
        help="Provenance of the figures: SHA-256 of all inputs and of the environment.",
        unit="",
        labels=(*WHOSE, "inputs", "environment"),
        read=_origin,
        fact=True,
    ),
    *(
        Family(
            name=f"ecochain_experiment_{measure.name}",
            help=f"{measure.help} {STATISTICS}",
            unit=measure.unit,
            labels=(*WHOSE, "method", "statistic"),
            read=partial(_estimates, measure=measure.name),
        )
        for measure in MEASURES
    ),
    Family(
        name="ecochain_experiment_change_ratio",
        help="Change of a measure relative to the reference method, from pairs of runs with the same seed; none where "
        f"the reference may be zero. {STATISTICS}",
        unit="ratio",
        labels=(*WHOSE, "method", "reference", "measure", "statistic"),
        read=_changes,
    ),
)
"""Every family, in the order of the exposition."""
