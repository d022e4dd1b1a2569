"""Equal service: which methods serve as many tasks on time as the reference, and how the one in question compares."""

from collections.abc import Sequence
from enum import Enum

import msgspec

from simulator.experiments.find.analysis import Comparison, Row, compared
from simulator.experiments.find.estimates import GRAMS, MISSES
from simulator.experiments.find.statistics import mean_interval, paired_difference
from simulator.experiments.plan.catalogue import RIVALS, is_simple

HEADLINE_MEASURES = (GRAMS, "energy_joules", MISSES)
"""Measures of the first paragraph of a report, in this order."""

SERVICE_MARGIN = 0.005
"""Share of the offered tasks that a method may have late or dropped beyond the reference and still serve as many.

A choice: half of the 1% of misses up to which a cluster is not saturated. It was fixed before methods were compared on
`regions`.
"""


class Service(Enum):
    """A method's service beside that of another, as far as the runs show it."""

    EQUAL = "equal"
    LESS = "less"
    NOT_SHOWN = "not shown"


class Rivalry(msgspec.Struct, frozen=True, kw_only=True):
    """The comparisons of one method with another. Their p-values are those of each by itself, adjusted for no others.

    `serves_less` is whether it serves fewer tasks on time than that, beyond the margin, and `service_not_shown` whether
    the runs leave that open. `is_best_simple` is whether the other is the best of the simple methods.
    """

    method: str
    against: str
    comparisons: list[Comparison]
    serves_less: bool
    service_not_shown: bool = False
    is_best_simple: bool = False


def service_of(row: Row, reference: Row) -> Service:
    """Return what the runs show of a method's service beside the reference's.

    It is that of the whole 95% interval of the paired difference in late or dropped tasks: equal where no part of it is
    above SERVICE_MARGIN, less where all of it is, and else not shown, as where a run lacks that figure. So the
    probability that a method is taken for equal whose difference is the margin or more is 2.5% at most (Schuirmann, A
    comparison of the two one-sided tests procedure, 1987).
    """
    misses, others = row.values(MISSES), reference.values(MISSES)
    if misses is None or others is None:
        return Service.NOT_SHOWN
    difference = paired_difference(misses, others)
    if difference.high <= SERVICE_MARGIN:
        return Service.EQUAL
    return Service.LESS if difference.low > SERVICE_MARGIN else Service.NOT_SHOWN


def with_service(rows: Sequence[Row], service: Service) -> list[str]:
    """Return the methods whose service beside that of the first, which is the reference, is as asked."""
    return [row.label for row in rows[1:] if service_of(row, rows[0]) is service]


def rivalries(rows: Sequence[Row], judged: str | None) -> list[Rivalry]:
    """Compare the method that an experiment is about with the reference, which is the first, and with simple rivals.

    The last of these is the best of the simple methods, unless it is among the others.
    """
    known = {row.label: row for row in rows}
    own = None if judged is None else known.get(judged)
    if own is None:
        return []
    best = best_simple(rows, own)
    names = dict.fromkeys((rows[0].label, *RIVALS, *best))
    return [
        msgspec.structs.replace(_rivalry(own, known[name]), is_best_simple=name in best)
        for name in names
        if name in known and name != judged
    ]


def best_simple(rows: Sequence[Row], own: Row) -> list[str]:
    """Return the simple method with the least mean grams among those that serve as many tasks on time as the first row.

    Nothing where there is no such method. It is chosen by the runs that it is then judged by, which flatters it.
    """
    policy = own.case.work.method.policy
    equal = [
        row for row in rows if is_simple(row.case.work.method, policy) and service_of(row, rows[0]) is Service.EQUAL
    ]
    grams = {row.label: mean_interval(values).mean for row in equal if (values := row.values(GRAMS)) is not None}
    return sorted(grams, key=grams.__getitem__)[:1]


def _rivalry(own: Row, other: Row) -> Rivalry:
    found = [compared(own, other, measure) for measure in HEADLINE_MEASURES]
    service = service_of(own, other)
    return Rivalry(
        method=own.label,
        against=other.label,
        comparisons=[one for one in found if one is not None],
        serves_less=service is Service.LESS,
        service_not_shown=service is Service.NOT_SHOWN,
    )
