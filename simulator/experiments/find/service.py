"""Equal service: which methods serve fewer tasks on time than the reference, and how the one in question compares."""

from collections.abc import Sequence

import msgspec

from simulator.experiments.find.analysis import Comparison, Row, compared
from simulator.experiments.find.statistics import paired_difference
from simulator.experiments.plan.catalogue import RIVALS

MISSES = "deadline_miss_ratio"

HEADLINE_MEASURES = ("emissions_grams", "energy_joules", MISSES)
"""Measures of the first paragraph of a report, in this order."""


class Rivalry(msgspec.Struct, frozen=True, kw_only=True):
    """The comparisons of one method with another. `serves_less` is whether it serves fewer tasks on time than that."""

    method: str
    against: str
    comparisons: list[Comparison]
    serves_less: bool


def serves_less(row: Row, reference: Row) -> bool:
    """Return whether a method serves fewer tasks on time than the reference does.

    It does where the whole 95% interval of the paired difference in late or dropped tasks is above zero. Where a run
    lacks that figure, nothing is known.
    """
    misses, others = row.values(MISSES), reference.values(MISSES)
    return misses is not None and others is not None and paired_difference(misses, others).low > 0.0


def serving_less(rows: Sequence[Row]) -> list[str]:
    """Return the methods that serve fewer tasks on time than the first, which is the reference."""
    return [row.label for row in rows[1:] if serves_less(row, rows[0])]


def rivalries(rows: Sequence[Row], judged: str | None) -> list[Rivalry]:
    """Compare the method that an experiment is about with the reference, which is the first, and with simple rivals."""
    known = {row.label: row for row in rows}
    own = None if judged is None else known.get(judged)
    if own is None:
        return []
    names = dict.fromkeys((rows[0].label, *RIVALS))
    return [_rivalry(own, known[name]) for name in names if name in known and name != judged]


def _rivalry(own: Row, other: Row) -> Rivalry:
    found = [compared(own, other, measure) for measure in HEADLINE_MEASURES]
    return Rivalry(
        method=own.label,
        against=other.label,
        comparisons=[one for one in found if one is not None],
        serves_less=serves_less(own, other),
    )
