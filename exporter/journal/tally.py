"""The sums of logs by hour of the local clock, made in one pass that keeps no row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from exporter.core.units import HOURS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from exporter.journal.entry import Entry

MICROSECONDS = 1e6
"""Microseconds in a second."""

QUARTER = 900.0
"""Seconds in a quarter of an hour, on which the hours of every time zone begin."""

MOST_ORIGINS = 100
"""Combinations of sources that are told apart; what comes later, as in a log that was tampered with, is untold."""

DAY_OF_1970 = date(1970, 1, 1).toordinal()


@dataclass(slots=True)
class Sums:
    """Sums of a few rows.

    `untold_kwh` is the part of `kwh` whose emissions are not known, and `untold_seconds` the time of it; `untimed_kwh`
    is the part whose time is not known.
    """

    seconds: float = 0.0
    kwh: float = 0.0
    kg: float = 0.0
    moved_bytes: float = 0.0
    untold_kwh: float = 0.0
    untold_seconds: float = 0.0
    untimed_kwh: float = 0.0

    def add(self, other: "Sums") -> None:
        """Add other sums to these."""
        self.seconds += other.seconds
        self.kwh += other.kwh
        self.kg += other.kg
        self.moved_bytes += other.moved_bytes
        self.untold_kwh += other.untold_kwh
        self.untold_seconds += other.untold_seconds
        self.untimed_kwh += other.untimed_kwh


@dataclass(slots=True)
class Tally:
    """Sums by hour, scope (whether it is the host's) and activity, and of all time by scope and where they come from.

    Hours are counted by the local clock from 1970 on, so that the 24 of a date are those whose quotient by 24 it is.
    `origins` are by the source of the energy and the provider of the carbon intensity, and hold energy and grams alone.
    """

    cells: dict[tuple[int, bool, str], Sums] = field(default_factory=dict)
    origins: dict[tuple[bool, str, str], Sums] = field(default_factory=dict)
    rows: int = 0
    first: float = float("inf")
    last: float = float("-inf")


def tally(entries: Iterable[Entry], zone: tzinfo) -> Tally:
    """Sum up entries of any order. What is of several hours is spread over them evenly."""
    found = Tally()
    cells, origins, hours = found.cells, found.origins, dict[int, int]()
    rows, first, last = 0, found.first, found.last
    for entry in entries:
        at, seconds, kwh, kg, moved, activity, host, source, provider = entry
        rows += 1
        start = at - seconds
        first = start if start < first else first
        last = at if at > last else last
        _add_origin(origins, (host, source, provider), kwh, kg)
        if seconds > SECONDS_PER_HOUR:
            _spread(found, entry, zone)
            continue
        quarter = int(start // QUARTER)
        hour = hours.get(quarter)
        if hour is None:
            # A time just below the hour is rounded up to it, in microseconds; when its quarter began, never.
            hour = hours[quarter] = local_hour(quarter * QUARTER, zone)
        key = (hour, host, activity)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Sums()
        cell.seconds += seconds
        cell.kwh += kwh
        if kg is None:
            cell.untold_kwh += kwh
            cell.untold_seconds += seconds
        else:
            cell.kg += kg
        if moved is not None:
            cell.moved_bytes += moved
        if not seconds:
            cell.untimed_kwh += kwh
    found.rows, found.first, found.last = rows, first, last
    return found


def _add_origin(
    origins: dict[tuple[bool, str, str], Sums], key: tuple[bool, str, str], kwh: float, kg: float | None
) -> None:
    sums = origins.get(key)
    if sums is None:
        if len(origins) >= MOST_ORIGINS:
            key = (key[0], "", "")
        sums = origins.setdefault(key, Sums())
    sums.kwh += kwh
    if kg is None:
        sums.untold_kwh += kwh
    else:
        sums.kg += kg


def _spread(found: Tally, entry: Entry, zone: tzinfo) -> None:
    """Add an entry of more than an hour, cut where its hours end by the local clock."""
    start = entry.at - entry.seconds
    while start < entry.at:
        end = min(start + SECONDS_PER_HOUR - _since_the_hour(start, zone), entry.at)
        share = (end - start) / entry.seconds
        part = Sums(
            seconds=end - start,
            kwh=entry.kwh * share,
            kg=(entry.kg or 0.0) * share,
            moved_bytes=(entry.moved_bytes or 0.0) * share,
            untold_kwh=entry.kwh * share if entry.kg is None else 0.0,
            untold_seconds=end - start if entry.kg is None else 0.0,
        )
        found.cells.setdefault((local_hour(start, zone), entry.host, entry.activity), Sums()).add(part)
        start = end


def _since_the_hour(at: float, zone: tzinfo) -> float:
    """Return the seconds since the hour began by the local clock."""
    local = datetime.fromtimestamp(at, zone)
    return local.minute * SECONDS_PER_MINUTE + local.second + local.microsecond / MICROSECONDS


def local_hour(at: float, zone: tzinfo) -> int:
    """Return the hour of a time by the local clock, counted from the beginning of 1970."""
    local = datetime.fromtimestamp(at, zone).replace(tzinfo=UTC)
    return int(local.timestamp() // SECONDS_PER_HOUR)


def day_of(hour: int) -> date:
    """Return the date that an hour by the local clock falls on."""
    return date.fromordinal(DAY_OF_1970 + hour // HOURS_PER_DAY)
