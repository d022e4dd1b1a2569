"""The published figures beside those of an experiment, and both accounts of energy, in a report."""

from collections.abc import Iterator, Mapping

from simulator.experiments.find.analysis import BEST_SINGLE_NODE
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import relative_difference
from simulator.experiments.plan.catalogue import STANDARD
from simulator.experiments.run.saturation import MISS_LIMIT, TOLERANCE
from simulator.experiments.write.display import DISPLAYS, PERCENT, percent_change, plain, with_half_width
from simulator.experiments.write.tables import DASH, markdown_table
from simulator.published.figures import (
    ABLATION,
    ABLATION_SOURCE,
    LEDGER_REMARK,
    PUBLISHED_SOURCE,
    REPLICATION,
    REPLICATION_SOURCE,
    SCALING_REMARK,
    SCALING_SOURCE,
    changes_to_standard,
)
from simulator.run.job import FULL

ACCOUNTS = (
    "The scenario `published` counts the energy that tasks draw while they execute, on nodes without queues and with a "
    "supply that is drawn anew for every call. The scenario `edge` counts all energy that the nodes consume, idle "
    "energy included, with queues, lossy batteries, correlated weather and a ledger that costs energy. So the same "
    "methods save a smaller share of a larger total."
)
"""Explanation of the differences between the two accounts."""


def published(results: Results) -> Iterator[str]:
    """Yield published figures of methods beside those found, where the published run itself was repeated."""
    if results.reference is None or not _has_published(results):
        return
    yield from ("## Comparison with the published figures", "")
    yield from (f"Published: {PUBLISHED_SOURCE}. Replicated: {REPLICATION_SOURCE}.", "")
    yield from markdown_table(["method", "measure", "here", "published", "replicated"], list(_beside(results)))
    rows = [
        [one.method, DISPLAYS[one.measure].heading, percent_change(one.relative), plain(one.published * PERCENT)]
        for one in results.comparisons
        if one.published is not None
    ]
    if rows:
        yield from (f"Changes relative to the full method. Published: {ABLATION_SOURCE}.", "")
        yield from markdown_table(["method", "measure", "here (%)", "published (%)"], rows)
        yield from (LEDGER_REMARK, "")


def _has_published(results: Results) -> bool:
    return any(one.published is not None for estimated in results.estimates for one in estimated.by_measure.values())


def _beside(results: Results) -> Iterator[list[str]]:
    """Yield estimates beside the figures that were published or replicated by others."""
    for estimated in results.estimates:
        label = (results.best_single_node or "") if estimated.method == BEST_SINGLE_NODE else estimated.method
        replicated: Mapping[str, float] = {str(measure): value for measure, value in REPLICATION.get(label, {}).items()}
        for measure, estimate in estimated.by_measure.items():
            others = (estimate.published, replicated.get(measure))
            if others != (None, None):
                display = DISPLAYS[measure]
                shown = [DASH if one is None else plain(one * display.factor) for one in others]
                yield [estimated.method, display.title, with_half_width(estimate, display.factor), *shown]


def scaling(results: Results) -> Iterator[str]:
    """Yield the remarks on the scaling experiment, and the published table beside what was found."""
    if results.experiment != "scaling":
        return
    if results.model == "edge":
        yield (
            f"Saturation is the greatest arrival rate at which at most {MISS_LIMIT:.0%} of the tasks are late or "
            f"dropped, found for every seed by a search, to {TOLERANCE:.0%} of the rate; the interval shows how seeds "
            "differ beyond that. The runs of the search defer no tasks, and do not show the energy of a day. The "
            "other runs last whole days: the number of tasks sets the arrival rate."
        )
        yield ""
        return
    rows = []
    for estimated, further in zip(results.estimates, results.further, strict=True):
        figures = {**estimated.by_measure, **further.by_measure}
        for measure in ("latency_seconds", "throughput_tasks_per_hour", "renewable_ratio"):
            estimate, display = figures.get(measure), DISPLAYS[measure]
            if estimate is not None and estimate.published is not None:
                ours = with_half_width(estimate, display.factor)
                rows.append([estimated.method, display.title, ours, plain(estimate.published * display.factor)])
    if rows:
        yield from ("## Comparison with the published figures", "", f"Source: {SCALING_SOURCE}. {SCALING_REMARK}", "")
        yield from markdown_table(["size", "measure", "here", "published"], rows)
    yield (
        "The published model has no queue, so no arrival rate saturates the cluster. Runs begin at midnight, and only "
        "solar generation depends on the time of day: runs that end before sunrise at six have the same energy and "
        "latency at any rate."
    )
    yield ""


def accounts(results: Results) -> Iterator[str]:
    """Yield the explanation of both accounts of energy, and the savings by each."""
    yield from ("## Published and physical accounts", "", ACCOUNTS, "")
    if results.model != "edge" or results.reference is None:
        return
    energy = results.estimates[0].by_measure.get("energy_joules")
    idle = results.further[0].by_measure.get("idle_joules")
    if energy is not None and idle is not None and energy.mean > 0:
        share = idle.mean / energy.mean
        yield from (
            f"In this experiment, idle energy is {share:.0%} of the energy consumed under `{results.reference}`.",
            "",
        )
    yield from _both_accounts(results)


def _both_accounts(results: Results) -> Iterator[str]:
    """Compare the savings of the same measures in the published tables and in the physical account."""
    tables = {
        "baseline": (STANDARD, changes_to_standard(), PUBLISHED_SOURCE),
        "ablation": (FULL, ABLATION, ABLATION_SOURCE),
    }
    if results.experiment not in tables:
        return
    reference, published, source = tables[results.experiment]
    runs = {case.method: case.runs for case in results.cases}
    rows = []
    for method, row in published.items():
        for measure, change in row.items():
            if {method, reference} <= runs.keys() and all(measure in run.figures for run in runs[method]):
                values, against = ([run.figures[measure] for run in runs[name]] for name in (method, reference))
                here = percent_change(relative_difference(values, against))
                rows.append([method, DISPLAYS[measure].heading, here, plain(change * PERCENT)])
    yield from (f"Both columns are changes relative to `{reference}`. Published: {source}.", "")
    yield from markdown_table(["method", "measure", "here (%)", "published (%)"], rows)
    yield from (LEDGER_REMARK, "")
