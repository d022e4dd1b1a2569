"""The emissions of the last weeks, as far as they were counted: the trend that stands beside the eco score."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from exporter.budget import Period, bounds_at
from exporter.core.units import Seconds, UnixSeconds
from exporter.last_hour import Emissions, added

SHOWN_WEEKS = 4
"""Calendar weeks that are shown, this one among them."""

KEPT_WEEKS = SHOWN_WEEKS + 1
"""Calendar weeks that are kept, the ones counted last: one more, to which a clock that is set back may return."""

PastWeeks = Mapping[UnixSeconds, Emissions]
"""Emissions by the start of their week; the week counted last stands last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Calendar week by the date of its Monday, and what was emitted in it."""

    monday: date
    emissions: Emissions


def book_week(weeks: PastWeeks, emissions: Emissions, now: UnixSeconds, zone: tzinfo) -> PastWeeks:
    """Return the weeks with emissions added to that of `now`."""
    start = bounds_at(Period.WEEK, now, zone).start
    others = [(other, one) for other, one in weeks.items() if other != start]
    return dict(others[-(KEPT_WEEKS - 1) :]) | {start: added(weeks.get(start, Emissions()), emissions)}


def last_weeks(weeks: PastWeeks, now: UnixSeconds, zone: tzinfo, least: Seconds) -> tuple[Week, ...]:
    """Return the last weeks of which at least so much time was counted, oldest first; none from the future."""
    starts = [bounds_at(Period.WEEK, now, zone).start]
    while len(starts) < SHOWN_WEEKS:
        starts.append(bounds_at(Period.WEEK, UnixSeconds(starts[-1] - 1.0), zone).start)
    return tuple(
        Week(monday=datetime.fromtimestamp(start, zone).date(), emissions=weeks[start])
        for start in reversed(starts)
        if start in weeks and weeks[start].seconds >= least
    )
