"""A check: a row of the table, and the judgement of what it compares."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from exporter.audit.evidence import Evidence
from exporter.audit.finding import EXACT, Comparison, Finding, NotCheckedError, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A row of the table of checks: its name, its unit, what should be the same, and what compares it.

    `compare` raises NotCheckedError where nothing can be compared. Figures of an `exact` check are the same sum in two
    orders, so that an error in the smallest part shows.
    """

    name: str
    unit: str
    about: str
    compare: Callable[[Evidence], Iterable[Comparison]]
    exact: bool = False


def judge(check: Check, evidence: Evidence, tolerance: float) -> Finding:
    """Return what a check finds in the evidence.

    A comparison fails where its figures lie further apart than the tolerance and its slack allow. One whose slack is
    more than the tolerance would not show an error, and is no proof of anything.
    """
    if check.exact:
        tolerance = min(tolerance, EXACT)
    try:
        comparisons = [one for one in check.compare(evidence) if one.scale > 0.0]
    except NotCheckedError as error:
        return _not_checked(check, str(error))
    if not comparisons:
        return _not_checked(check, "nothing was counted in the time")
    failed = [one for one in comparisons if not abs(one.difference) <= tolerance + one.bound]
    proven = [one for one in comparisons if one.bound <= tolerance]
    if not failed and not proven:
        narrowest = min(one.bound for one in comparisons)
        return _not_checked(check, f"figures are known to {narrowest:.1%} only; more --minutes tell more")
    worst = max(failed or proven, key=lambda one: _size(one.difference))
    return Finding(
        check=check.name,
        about=check.about,
        outcome=Outcome.FAILS if failed else Outcome.HOLDS,
        unit=check.unit,
        what=worst.what,
        told=worst.told,
        found=worst.found,
        difference_ratio=worst.difference,
        compared=len(failed or proven),
    )


def _size(difference: float) -> float:
    return math.inf if math.isnan(difference) else abs(difference)


def _not_checked(check: Check, reason: str) -> Finding:
    return Finding(check=check.name, about=check.about, outcome=Outcome.NOT_CHECKED, reason=reason)
