"""Limits of teams' budgets and the calendar of their periods, as recording rules that need no series.

PromQL knows UTC alone, so what differs in a zone is written into the rules: by how much, and from when. A period
begins at the local midnight that the exporter's own budgets begin at (`exporter.budget.bounds_at`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from exporter.budget import Period
from exporter.core.units import SECONDS_PER_DAY, Grams
from prometheus.recording import BASE_INTERVAL, Group, Recording

FIRST_YEAR, LAST_YEAR = 2025, 2035
"""Years whose changes to and from summer time are written. After the last of them the offset stays as it is then."""

_BEGIN = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_DAYS = (LAST_YEAR + 1 - FIRST_YEAR) * 366

QUARTER_SECONDS = 900
"""Clocks change at full quarters of an hour in every zone of today (tz database)."""

LIMIT = "team_period:ecotrack_budget_limit_grams:constant"
PERIOD_START = "fleet_period:ecotrack_budget_start_timestamp_seconds:calendar"
PERIOD_END = "fleet_period:ecotrack_budget_end_timestamp_seconds:calendar"
FIRST_MIDNIGHT = "fleet_period:ecotrack_local_midnight_seconds:first"
NEXT_MIDNIGHT = "fleet_period:ecotrack_local_midnight_seconds:next"
"""Local midnights as if they were in UTC, with which the functions of PromQL on dates can be used."""

DAY = f"{SECONDS_PER_DAY:.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLimits:
    """Limits of each team by period, in grams, and the zone of their calendar."""

    zone: tzinfo
    grams: Mapping[str, Mapping[Period, Grams]]


Changes = tuple[float, tuple[tuple[float, float], ...]]
"""An offset to UTC in seconds, and for each change of it from when, and by how much."""


def limit_groups(limits: TeamLimits) -> tuple[Group, ...]:
    """Return the rules of the calendar and of the limits."""
    constants = (
        Recording(record=LIMIT, expr=f"vector({grams:.10g})", labels={"team": team, "period": str(period)})
        for team, by_period in sorted(limits.grams.items())
        for period, grams in by_period.items()
    )
    rules = (*_calendar(limits.zone), *constants)
    return (Group(name="ecotrack-team-limits", interval=BASE_INTERVAL, rules=rules),)


def _calendar(zone: tzinfo) -> Iterator[Recording]:
    days = f"vector((time() + {_summed(_clock_changes(zone), 'time()')}) / {DAY})"
    day, month = (f'{FIRST_MIDNIGHT}{{period="{period}"}}' for period in (Period.DAY, Period.MONTH))
    yield of_period(Period.DAY, FIRST_MIDNIGHT, f"{DAY} * floor(\n  {days}\n)")
    yield of_period(Period.MONTH, FIRST_MIDNIGHT, f"{day} - {DAY} * (day_of_month({day}) - 1)")
    yield of_period(Period.DAY, NEXT_MIDNIGHT, f"{day} + {DAY}")
    yield of_period(Period.MONTH, NEXT_MIDNIGHT, f"{month} + {DAY} * days_in_month({month})")
    at_midnight = _midnight_changes(zone)
    for record, midnight in ((PERIOD_START, FIRST_MIDNIGHT), (PERIOD_END, NEXT_MIDNIGHT)):
        yield Recording(record=record, expr=f"{midnight} - {_summed(at_midnight, midnight)}")


def of_period(period: Period, record: str, expr: str) -> Recording:
    """Name the period once more: promtool takes two rules of one name for one that stands there twice."""
    return Recording(record=record, expr=expr, labels={"period": str(period)})


def _summed(changes: Changes, moment: str) -> str:
    first, others = changes
    terms = (f"{first:.0f}", *(f"{by:+.0f} * ({moment} >= bool {at:.0f})" for at, by in others))
    return "({})".format("\n  ".join(terms))


def _midnight_changes(zone: tzinfo) -> Changes:
    """Return the offsets that local midnights have, which are themselves read as if in UTC."""
    midnights = [_BEGIN + timedelta(days=number) for number in range(_DAYS)]
    told = [(one.timestamp(), one.timestamp() - one.replace(tzinfo=zone).timestamp()) for one in midnights]
    return told[0][1], tuple((at, by) for _, at, by in _steps(told))


def _clock_changes(zone: tzinfo) -> Changes:
    """Return the offsets of the zone's clock by the moments from which they are in force."""
    days = [_told(zone, _BEGIN.timestamp() + SECONDS_PER_DAY * number) for number in range(_DAYS)]
    found: list[tuple[float, float]] = []
    for before, after, _ in _steps(days):
        moments = range(round(before), round(after) + QUARTER_SECONDS, QUARTER_SECONDS)
        found += [(at, by) for _, at, by in _steps([_told(zone, moment) for moment in moments])]
    return days[0][1], tuple(found)


def _told(zone: tzinfo, moment: float) -> tuple[float, float]:
    """Return a moment, and the offset that is in force then."""
    found = datetime.fromtimestamp(moment, zone).utcoffset()
    return moment, found.total_seconds() if found is not None else 0.0


def _steps(told: list[tuple[float, float]]) -> Iterator[tuple[float, float, float]]:
    """Return each step of an offset: the moments before and after it, and its height."""
    for (earlier, before), (at, offset) in pairwise(told):
        if offset != before:
            yield earlier, at, offset - before
