"""The emissions of the last weeks, as far as they were counted: the trend that stands beside the eco score."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from exporter.budget import Booked, Period, booked_last
from exporter.core.units import DAYS_PER_WEEK, SECONDS_PER_DAY, Seconds, UnixSeconds
from exporter.last_hour import Emissions, added

SHOWN_WEEKS = 4
"""Calendar weeks that are shown, this one among them."""

KEPT_WEEKS = SHOWN_WEEKS + 1
"""Calendar weeks that are kept, the ones counted last: one more, to which a clock that is set back may return."""

PastWeeks = Mapping[UnixSeconds, Emissions]
"""Emissions by the start of their week; the week counted last stands last."""


Week = tuple[date, Emissions]
"""Calendar week by the date of its Monday, and what was emitted in it."""


def book_week(weeks: PastWeeks, emissions: Emissions, booked: Booked) -> PastWeeks:
    """Return the weeks with emissions added to the one in which a budget has `booked` them."""
    start = booked_last(booked, Period.WEEK)
    if start is None:
        return weeks
    others = [(other, one) for other, one in weeks.items() if other != start]
    return dict(others[-(KEPT_WEEKS - 1) :]) | {start: added(weeks.get(start, Emissions()), emissions)}


def last_weeks(weeks: PastWeeks, booked: Booked, zone: tzinfo, least: Seconds) -> tuple[Week, ...]:
    """Return the weeks up to the one `booked` last, oldest first, of which at least so much time was counted."""
    start = booked_last(booked, Period.WEEK)
    if start is None:
        return ()
    # A change to or from summer time makes a week an hour longer or shorter.
    first = start - (SHOWN_WEEKS - 0.5) * DAYS_PER_WEEK * SECONDS_PER_DAY
    return tuple(
        (datetime.fromtimestamp(other, zone).date(), weeks[other])
        for other in sorted(weeks)
        if first < other <= start and weeks[other].seconds >= least
    )
