"""Outcomes of tasks, and their placement."""

import math
from collections.abc import Iterator

from exporter.core.metrics import Distribution, Kind, Row, Sample
from simulator.live.exposition.families import counter, gauge, info, one
from simulator.live.scheduling import RELEASES
from simulator.live.snapshot import Snapshot
from simulator.run.totals import LATENCY_BOUNDS, by_kind
from simulator.scheduling.decision import Decision
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


def _queued(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for node, tasks in zip(snapshot.facts.nodes, snapshot.readings.scheduler.queued, strict=True):
            yield (node.name,), float(tasks)


def _slack(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for name, seconds in zip(snapshot.facts.classes, snapshot.readings.scheduler.slack, strict=True):
            if not math.isnan(seconds):
                yield (name,), float(seconds)


def _due(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for where, counts in zip(("queued", "held"), snapshot.readings.scheduler.due, strict=True):
            for name, tasks in zip(snapshot.facts.classes, counts, strict=True):
                yield (name, where), float(tasks)


def _releases(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for horizon, tasks in zip(RELEASES, snapshot.readings.scheduler.releases, strict=True):
            yield (horizon,), float(tasks)


def _site_placements(snapshot: Snapshot) -> Iterator[Sample]:
    names, totals = snapshot.facts.sites, snapshot.totals
    if len(names) == 1:
        yield (names[0], names[0]), float(totals.placed[0])
        return
    for from_site, row in zip(names, totals.moved_tasks, strict=True):
        for to_site, tasks in zip(names, row, strict=True):
            yield (from_site, to_site), float(tasks)


def _decided(snapshot: Snapshot) -> Decision | None:
    return None if snapshot.readings is None else snapshot.readings.scheduler.decision


def _decision(snapshot: Snapshot) -> Iterator[Sample]:
    if (decision := _decided(snapshot)) is not None:
        names, classes = [node.name for node in snapshot.facts.nodes], snapshot.facts.classes
        second = "" if decision.second is None else names[decision.second]
        kind = classes[decision.task_class % len(classes)]
        yield (kind, names[decision.chosen], second, decision.term), 1.0


def _decision_scores(snapshot: Snapshot) -> Iterator[Sample]:
    decision = _decided(snapshot)
    if decision is not None and decision.scores is not None:
        for choice, scores in zip(("chosen", "second"), decision.scores, strict=True):
            for term, score in zip(TERMS, scores, strict=True):
                if not math.isnan(score):
                    yield (choice, term), float(score)


def _decision_time(snapshot: Snapshot) -> Iterator[Sample]:
    if (decision := _decided(snapshot)) is not None:
        yield (), snapshot.facts.start + decision.released


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
        name="ecochain_scheduler_release_tasks",
        labels=("horizon",),
        help="Deferred tasks by the simulated time until the latest moment of their release: within 1 hour, 1 to 6 "
        "hours, 6 to 24 hours, or later. Their sum is ecochain_scheduler_held_tasks.",
        read=_releases,
    ),
    gauge(
        name="ecochain_scheduler_queued_tasks",
        labels=("node",),
        help="Tasks that are placed on the node and not completed, the task in execution included.",
        read=_queued,
    ),
    gauge(
        name="ecochain_scheduler_deadline_slack_seconds",
        unit="seconds",
        labels=("task_class",),
        help="Least time from the expected end of a placed task to its deadline, negative for a task that will be "
        "late; missing for a class without such a task.",
        read=_slack,
    ),
    gauge(
        name="ecochain_scheduler_due_tasks",
        labels=("task_class", "state"),
        help="Tasks not completed whose deadline comes within a simulated hour or is past: placed ones (queued), and "
        "deferred ones (held).",
        read=_due,
    ),
    counter(
        name="ecochain_scheduler_site_placements_total",
        labels=("from_site", "to_site"),
        help="Placed tasks by the site of the arrival and the site of the execution.",
        read=_site_placements,
    ),
    info(
        name="ecochain_scheduler_decision_info",
        labels=("task_class", "chosen", "second", "term"),
        help="Decision on the last placed task: its class, the chosen node, the best other node, and the term of the "
        "score that speaks most for the chosen one. Without a second node the term is only, where no other could take "
        "the task, or what a policy without a score goes by.",
        read=_decision,
    ),
    gauge(
        name="ecochain_scheduler_decision_score_ratio",
        unit="ratio",
        labels=("choice", "term"),
        help="Weighted terms of the score of the last placed task, on the chosen node and on the best other one "
        "(second); their sum is the score, and the lesser wins. Missing for a policy without a score.",
        read=_decision_scores,
    ),
    gauge(
        name="ecochain_scheduler_decision_timestamp_seconds",
        unit="seconds",
        help="Simulated date and time at which the last placed task was released for placement.",
        read=_decision_time,
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
