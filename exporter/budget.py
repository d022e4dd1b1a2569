"""Carbon budgets of calendar days, weeks and months.

Grams are booked under the period in which they fell, by its start. If a clock steps back over midnight, grams are
therefore booked under the day before, and the new day continues later from where it was: no gram is lost or counted
twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from exporter.core.units import Grams, Ratio, UnixSeconds

KEPT_STARTS = 3
"""Periods remembered of each kind: the current one, and those that a stepping clock may come back to."""


class Period(StrEnum):
    """Calendar periods. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A period from its first moment up to, not including, the first of the next."""

    start: UnixSeconds
    end: UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """Standing of a budget.

    `projected` are the grams at the end of the period, None while nothing is known; `learned` is the share of the
    device's week that is known. Below 1 the projection is an early one, of the mean so far. `embodied` is the embodied
    share of the whole period, None where the budget counts none.
    """

    period: Period
    bounds: Bounds
    limit: Grams
    used: Grams
    projected: Grams | None
    learned: Ratio
    embodied: Grams | None = None


Booked = Mapping[Period, Mapping[UnixSeconds, Grams]]
"""Grams by period and its start; the start booked last stands last."""


def bounds_at(period: Period, now: UnixSeconds, zone: tzinfo) -> Bounds:
    """Return the period that `now` falls in. In a zone with summer time a day may have 23 or 25 hours."""
    return _bounds_on(period, datetime.fromtimestamp(now, zone).date(), zone)


@lru_cache(maxsize=8)
def _bounds_on(period: Period, day: date, zone: tzinfo) -> Bounds:
    first = datetime(day.year, day.month, day.day, tzinfo=zone)
    if period is Period.WEEK:
        first = first - timedelta(days=first.weekday())
    elif period is Period.MONTH:
        first = first.replace(day=1)
    return Bounds(start=UnixSeconds(first.timestamp()), end=UnixSeconds(_next_start(period, first).timestamp()))


def _next_start(period: Period, first: datetime) -> datetime:
    """Return the local midnight that begins the next period; days are added to local time, which keeps the hour."""
    if period is Period.MONTH:
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=1 if period is Period.DAY else 7)


def book(booked: Booked, grams: Grams, now: UnixSeconds, zone: tzinfo) -> Booked:
    """Return `booked` with `grams` added to the day, week and month of `now`."""
    return {period: _book_one(booked.get(period, {}), grams, bounds_at(period, now, zone).start) for period in Period}


def booked_at(booked: Booked, period: Period, now: UnixSeconds, zone: tzinfo) -> Grams | None:
    """Return the grams of the period that `now` falls in; None where none were booked in it."""
    return booked.get(period, {}).get(bounds_at(period, now, zone).start)


def booked_last(booked: Booked, period: Period) -> UnixSeconds | None:
    """Return the start of the period under which grams were booked last; None before the first."""
    return next(iter(list(booked.get(period, {}))[-1:]), None)


def _book_one(starts: Mapping[UnixSeconds, Grams], grams: Grams, start: UnixSeconds) -> Mapping[UnixSeconds, Grams]:
    kept = {other: amount for other, amount in starts.items() if other != start}
    recent = list(kept.items())[-(KEPT_STARTS - 1) :]
    return dict(recent) | {start: Grams(starts.get(start, 0.0) + grams)}
