"""Results as series `ecochain_experiment_*`, the same in the exposition of a run and in the files of an experiment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from simulator.experiments.find.estimates import MEASURES, MISSES, Estimate, ShownResults
from simulator.experiments.find.statistics import Interval

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


def _serves_less(shown: ShownResults) -> Iterator[tuple[Labels, float]]:
    """Yield 1 or 0 for each method whose service beside the reference's is shown."""
    if shown.serving_less is None or shown.reference is None:
        return
    for estimated in shown.estimates:
        known = MISSES in estimated.by_measure and estimated.method not in shown.service_not_shown
        if known and estimated.method != shown.reference:
            yield (shown.experiment, shown.scenario, estimated.method), float(estimated.method in shown.serving_less)


def _front(shown: ShownResults) -> Iterator[tuple[Labels, float]]:
    for point in shown.front:
        yield (shown.experiment, shown.scenario, point.method), float(point.on_front)


def _effects(shown: ShownResults) -> Iterator[tuple[Labels, float]]:
    for effect in () if shown.factorial is None else shown.factorial.effects:
        if effect.relative is not None:
            labels = (shown.experiment, shown.scenario, effect.measure, effect.name)
            yield from _statistics(labels, effect.relative)


def _sensitivity(shown: ShownResults) -> Iterator[tuple[Labels, float]]:
    if shown.sensitivity is None:
        return
    for variation in (shown.sensitivity.unchanged, *shown.sensitivity.variations):
        if variation.difference is not None:
            parameter, factor = (variation.parameter, variation.factor) if variation.parameter else ("unchanged", 1.0)
            yield from _statistics((shown.experiment, shown.scenario, parameter, f"{factor:g}"), variation.difference)


def _statistics(
    labels: Labels, estimate: Estimate | Interval, published: float | None = None
) -> Iterator[tuple[Labels, float]]:
    yield (*labels, "mean"), estimate.mean
    yield (*labels, "low"), estimate.low
    yield (*labels, "high"), estimate.high
    if published is not None:
        yield (*labels, "published"), published


INTERVAL = "Statistics: mean, and low and high end of the 95% interval."

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
    Family(
        name="ecochain_experiment_serves_less",
        help="Mark of a method that serves fewer tasks on time than the reference, beyond the margin: 1, or 0 for "
        "equal service; missing where the runs leave that open.",
        unit="",
        labels=(*WHOSE, "method"),
        read=_serves_less,
    ),
    Family(
        name="ecochain_experiment_front",
        help="Place of a method on the Pareto front of grams, misses and cost, by means: 1, or 0 where another method "
        "is nowhere worse and somewhere better.",
        unit="",
        labels=(*WHOSE, "method"),
        read=_front,
    ),
    Family(
        name="ecochain_experiment_effect_ratio",
        help="Effect of a lever, or of an interaction of levers, on a measure, over the mean of all runs of the "
        f"factorial; missing where that mean may be zero. {INTERVAL}",
        unit="ratio",
        labels=(*WHOSE, "measure", "effect", "statistic"),
        read=_effects,
    ),
    Family(
        name="ecochain_experiment_sensitivity_ratio",
        help="Change of the emissions against the reference with one parameter of the scenario changed by the factor; "
        f"unchanged stands for the plain scenario. {INTERVAL}",
        unit="ratio",
        labels=(*WHOSE, "parameter", "factor", "statistic"),
        read=_sensitivity,
    ),
)
"""Every family, in the order of the exposition."""
