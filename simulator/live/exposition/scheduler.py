"""Outcomes of tasks, and their placement."""

from collections.abc import Iterator

from exporter.core.metrics import Distribution, Kind, Row, Sample
from simulator.live.exposition.families import counter, gauge, info, one
from simulator.live.snapshot import Snapshot
from simulator.run.totals import LATENCY_BOUNDS, by_kind
from simulator.scheduling.weights import TERMS


def _class_tasks(snapshot: Snapshot) -> Iterator[Sample]:
    counts = by_kind(snapshot.totals.class_tasks, len(snapshot.facts.classes))
    for name, (completed, late, dropped) in zip(snapshot.facts.classes, counts, strict=True):
        yield (name, "on_time"), float(completed - late)
        yield (name, "late"), float(late)
        yield (name, "dropped"), float(dropped)


def _latency(snapshot: Snapshot) -> Iterator[Sample]:
    totals, kinds = snapshot.totals, len(snapshot.facts.classes)
    histogram, latency = by_kind(totals.histogram, kinds), by_kind(totals.latency, kinds)
    for name, buckets, sums in zip(snapshot.facts.classes, histogram, latency, strict=True):
        counts = tuple(int(count) for count in buckets)
        yield (name,), Distribution(upper_bounds=LATENCY_BOUNDS[:-1], counts=counts, total=float(sums[0]))


def _deadline_misses(snapshot: Snapshot) -> Iterator[Sample]:
    counts = by_kind(snapshot.totals.class_tasks, len(snapshot.facts.classes))
    for name, (_, late, dropped) in zip(snapshot.facts.classes, counts, strict=True):
        yield (name,), float(late + dropped)


def _placements(snapshot: Snapshot) -> Iterator[Sample]:
    for node, counts in zip(snapshot.facts.nodes, snapshot.totals.placements, strict=True):
        for level, count in enumerate(counts, start=1):
            yield (node.name, str(level)), float(count)


def _score_terms(snapshot: Snapshot) -> Iterator[Sample]:
    """Yield means over the tasks placed since simulated midnight; a policy without a score has none."""
    now, midnight = snapshot.totals, snapshot.at_midnight
    placed, sums = float((now.placed - midnight.placed).sum()), now.terms - midnight.terms
    if placed > 0 and sums.any():
        for term, value in zip(TERMS, sums, strict=True):
            yield (term,), float(value) / placed


def _policy(snapshot: Snapshot) -> Iterator[Sample]:
    yield (snapshot.facts.policy,), 1.0


def _weights(snapshot: Snapshot) -> Iterator[Sample]:
    for objective, weight in snapshot.facts.weights.items():
        yield (objective,), weight


SCHEDULER: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecochain_scheduler_tasks_total",
        labels=("task_class", "outcome"),
        help="Tasks that ended: on time, late, or dropped where no node could start the task in time.",
        read=_class_tasks,
    ),
    Row(
        name="ecochain_scheduler_task_latency_seconds",
        kind=Kind.HISTOGRAM,
        unit="seconds",
        labels=("task_class",),
        help="Simulated time from arrival to completion of completed tasks, deferral included.",
        read=_latency,
    ),
    counter(
        name="ecochain_scheduler_deadline_misses_total",
        labels=("task_class",),
        help="Tasks that were completed late or dropped.",
        read=_deadline_misses,
    ),
    counter(
        name="ecochain_scheduler_placements_total",
        labels=("node", "level"),
        help="Completed tasks by node and DVFS level of execution; level 5 is full frequency.",
        read=_placements,
    ),
    gauge(
        name="ecochain_scheduler_held_tasks",
        help="Deferred tasks, which wait for greener supply within the deadline and are not placed yet.",
        read=one(lambda snapshot: None if snapshot.readings is None else snapshot.waiting),
    ),
    gauge(
        name="ecochain_scheduler_score_term_ratio",
        unit="ratio",
        labels=("term",),
        help="Mean of each term of the score over the tasks placed since simulated midnight; lower is better.",
        read=_score_terms,
    ),
    info(
        name="ecochain_scheduler_policy_info",
        labels=("policy",),
        help="Scheduling policy in force.",
        read=_policy,
    ),
    gauge(
        name="ecochain_scheduler_weight_ratio",
        unit="ratio",
        labels=("objective",),
        help="Weights of the terms in the policy's score, which sum to 1; missing for a policy without a score.",
        read=_weights,
    ),
)
