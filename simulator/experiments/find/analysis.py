"""Estimates and comparisons from the figures of all runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from simulator.experiments.find.estimates import MEASURES, Estimate
from simulator.experiments.find.statistics import (
    Interval,
    half_width,
    holm,
    mean_interval,
    paired_difference,
    paired_p_value,
    ratio_of_means,
    relative_difference,
    replications_needed,
)
from simulator.experiments.plan.cases import Case
from simulator.experiments.run.saturation import MISS_LIMIT
from simulator.experiments.run.work import Figures
from simulator.scheduling.names import single_node

BEST_SINGLE_NODE = "best-single-node"

GAP = "gap_ratio"
"""The measure that is a ratio of means, and that no single run has."""

FURTHER = (
    "latency_p95_seconds",
    "energy_per_task_joules",
    "throughput_tasks_per_hour",
    "idle_joules",
    "ledger_joules",
    "grid_joules",
    "bound_grams",
    "floor_grams",
    "stored_change_joules",
    "tasks_unfinished",
    "life_cycle_grams",
    "electricity_dollars",
    "credits_grams",
    "balance_grams",
    "certificates_watt_hours",
    "credit_dollars",
    "matching_euros_per_mwh",
    "panel_kilowatts",
    "turbine_kilowatts",
    "storage_kilowatt_hours",
)
"""Figures that tables show besides the measures on the dashboards."""

Published = Mapping[str, Mapping[str, float]]
"""Published figures by label and measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A case with the figures of its replications, in the order of the seeds."""

    case: Case
    label: str
    runs: Sequence[Figures]

    def values(self, measure: str) -> list[float] | None:
        """Return a measure in every replication; None where a replication lacks it."""
        found = [run[measure] for run in self.runs if measure in run]
        return found if len(found) == len(self.runs) else None


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """The precision of a mean: the half-width of its interval over it, and the replications that would give 5%.

    `replications_needed` is None where the mean may be zero: where its interval holds zero.
    """

    method: str
    measure: str
    relative_half_width: float | None
    replications_needed: int | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Paired difference to the reference: absolute, and as a share of the reference's mean, each with its interval.

    `relative` is None where the reference may be zero: where its own interval holds zero. `p_adjusted` is Holm's, over
    all comparisons of the experiment. `published` is the published relative change.
    """

    method: str
    measure: str
    difference: Interval
    relative: Interval | None
    p_value: float
    p_adjusted: float
    published: float | None = None


def rows_of(cases: Sequence[Case], runs: Sequence[Sequence[Figures]]) -> list[Row]:
    """Return a row per case; of the single nodes only the best stays, under a name of its own."""
    rows = [Row(case=case, label=case.label, runs=ran) for case, ran in zip(cases, runs, strict=True)]
    single = [row for row in rows if single_node(row.label) is not None]
    if not single:
        return rows
    best = replace(min(single, key=_merit), label=BEST_SINGLE_NODE)
    return [*(row for row in rows if row not in single), best]


def _merit(row: Row) -> tuple[float, float]:
    """Return a sort key: least misses first, with all within the limit equal; then least emissions."""
    misses, grams = row.values("deadline_miss_ratio"), row.values("emissions_grams")
    worst = float("inf")
    return (
        worst if misses is None else max(mean_interval(misses).mean, MISS_LIMIT),
        worst if grams is None else mean_interval(grams).mean,
    )


def estimates(row: Row, measures: Sequence[str], published: Published) -> dict[str, Estimate]:
    """Return this row's estimates of the measures, without those that a replication lacks."""
    found = {}
    for measure in measures:
        interval = gap(row) if measure == GAP else _mean(row, measure)
        if interval is not None:
            found[measure] = Estimate(
                mean=interval.mean,
                low=interval.low,
                high=interval.high,
                published=published.get(row.label, {}).get(measure),
            )
    return found


def _mean(row: Row, measure: str) -> Interval | None:
    values = row.values(measure)
    return None if values is None else mean_interval(values)


def gap(row: Row) -> Interval | None:
    """Return the mean grams above the bound over the mean grams by which the bound is above the floor.

    It is a ratio of means: of single runs, whose bound may be no more than the floor, none need exist. None where a
    replication has no bound, and where it is not certain that the work has to emit anything.
    """
    over, bound, floor = (row.values(name) for name in ("gap_grams", "bound_grams", "floor_grams"))
    if over is None or bound is None or floor is None:
        return None
    least = [one - other for one, other in zip(bound, floor, strict=True)]
    return ratio_of_means(over, least)


def precision(rows: Sequence[Row]) -> Iterator[Precision]:
    """Yield the precision of each mean."""
    for row in rows:
        for measure in MEASURES:
            values = row.values(measure.name)
            if values is not None:
                mean = mean_interval(values).mean
                yield Precision(
                    method=row.label,
                    measure=measure.name,
                    relative_half_width=half_width(values) / abs(mean) if mean else None,
                    replications_needed=replications_needed(values),
                )


def comparisons(rows: Sequence[Row], published: Published) -> list[Comparison]:
    """Compare all rows but the first with the first, measure by measure."""
    found = list(_comparisons(rows[0], rows[1:], published))
    adjusted = holm([one.p_value for one in found])
    return [msgspec.structs.replace(one, p_adjusted=value) for one, value in zip(found, adjusted, strict=True)]


def _comparisons(reference: Row, others: Sequence[Row], published: Published) -> Iterator[Comparison]:
    for row in others:
        for measure in MEASURES:
            found = compared(row, reference, measure.name)
            if found is not None:
                told = published.get(row.label, {}).get(measure.name)
                yield msgspec.structs.replace(found, published=told)


def compared(row: Row, reference: Row, measure: str) -> Comparison | None:
    """Compare a measure of two cases, with the p-value of this comparison alone; None where a replication lacks it."""
    values, against = row.values(measure), reference.values(measure)
    if values is None or against is None:
        return None
    p_value = paired_p_value(values, against)
    return Comparison(
        method=row.label,
        measure=measure,
        difference=paired_difference(values, against),
        relative=relative_difference(values, against),
        p_value=p_value,
        p_adjusted=p_value,
    )
