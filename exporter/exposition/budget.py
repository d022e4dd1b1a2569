"""Limits that the user has set: EcoGuard and the carbon budgets, with what is used and projected."""

from collections.abc import Callable, Iterator
from functools import partial

from exporter.budget import BudgetStatus
from exporter.core.metrics import Row, Sample
from exporter.exposition.family import gauge, one
from exporter.snapshot import Snapshot


def _budget(snapshot: Snapshot, read: Callable[[BudgetStatus], float | None]) -> Iterator[Sample]:
    for status in snapshot.readings.budgets:
        yield (status.period,), read(status)


ROWS: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecotrack_ecoguard_limit_grams_per_second",
        unit="grams_per_second",
        help="Configured emission rate above which EcoGuard warns.",
        read=one(lambda snapshot: snapshot.emission_limit),
    ),
    gauge(
        name="ecotrack_budget_limit_grams",
        unit="grams",
        labels=("period",),
        help="Configured carbon budget of a calendar period.",
        read=partial(_budget, read=lambda status: status.limit),
    ),
    gauge(
        name="ecotrack_budget_used_grams",
        unit="grams",
        labels=("period",),
        help="CO2e of host and network since the period began, with the embodied share if budgets count that.",
        read=partial(_budget, read=lambda status: status.used),
    ),
    gauge(
        name="ecotrack_budget_projected_grams",
        unit="grams",
        labels=("period",),
        help="Projected CO2e emissions of the whole period: the emissions so far, plus the usual emissions of the "
        "hours left, scaled by how the period so far compares with the device's usual week; with the embodied share of "
        "the period if budgets count that.",
        read=partial(_budget, read=lambda status: status.projected),
    ),
    gauge(
        name="ecotrack_budget_embodied_grams",
        unit="grams",
        labels=("period",),
        help="Embodied share of the whole period, where budgets count that; the rest of the limit is for electricity.",
        read=partial(_budget, read=lambda status: status.embodied),
    ),
    gauge(
        name="ecotrack_budget_projection_learned_ratio",
        unit="ratio",
        labels=("period",),
        help="Share of the week's hours whose usual emissions are known; below 1 the projection is the mean so far.",
        read=partial(_budget, read=lambda status: status.learned),
    ),
    gauge(
        name="ecotrack_budget_period_start_timestamp_seconds",
        unit="seconds",
        labels=("period",),
        help="Start of the period, in the calendar of the configured time zone.",
        read=partial(_budget, read=lambda status: status.bounds.start),
    ),
    gauge(
        name="ecotrack_budget_period_end_timestamp_seconds",
        unit="seconds",
        labels=("period",),
        help="End of the period, in the calendar of the configured time zone.",
        read=partial(_budget, read=lambda status: status.bounds.end),
    ),
)
