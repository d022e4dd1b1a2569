"""From the rows of a file to a series without gaps: order, rows that come twice, and steps that are missing."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.grid.series import DAY_SECONDS, GridError
from simulator.grid.table import Mistakes

LONGEST_GAP_HOURS = 3.0
"""Hours without values that are filled in, on a line between the values around them. Assumed: a grid's course within
three hours is nearly a line, and beyond them it is not."""


LEAST_KNOWN = 0.1
"""Least share of the steps for which prices have to be known: with fewer, the times of a file are damaged. Assumed."""

SHORTEST_STEP = 60
"""Shortest step in seconds; no grid's figures are published in shorter ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Values from a time on, in UTC; NaN where there is none."""

    line: int
    time: datetime
    intensity: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Values in even steps from `start` on, with a note of what was filled in or left out."""

    start: datetime
    step_seconds: int
    intensity: FloatArray
    price: FloatArray
    note: str


def timeline(rows: Sequence[Row], mistakes: Mistakes, *, prices_only: bool) -> Timeline:
    """Return rows in even steps; the step is the commonest distance between two rows, with values or without.

    A row without the value that is asked for, intensity or price, does not count. Raises GridError for rows that
    contradict each other, do not fit the steps or leave a gap of over `LONGEST_GAP_HOURS`; prices may have any gaps.
    """
    known = [row for row in rows if not math.isnan(row.price if prices_only else row.intensity)]
    unique, twice = _without_repeats(known, mistakes)
    if len(unique) < 2:
        raise GridError(f"{mistakes.path}: expected at least two rows with values, found {len(unique)}")
    distances = Counter(later - earlier for earlier, later in pairwise(sorted({row.time for row in rows})))
    step = round(max(distances, key=lambda one: (distances[one], -one)).total_seconds())
    if step < SHORTEST_STEP or DAY_SECONDS % step:
        raise GridError(f"{mistakes.path}: expected steps of a minute or more that make up a day, got {step} s")
    start = unique[0].time
    places = []
    for row in unique:
        place, beyond = divmod(row.time - start, timedelta(seconds=step))
        if beyond:
            mistakes.add(row.line, f"expected a time in steps of {step} s from {start:%Y-%m-%d %H:%M} UTC on")
        places.append(place)
    mistakes.check()
    if not prices_only:
        _check_gaps(places, start, step, mistakes)
    if places[-1] >= len(places) / LEAST_KNOWN:
        raise GridError(f"{mistakes.path}: expected values in each step of {step} s, found {len(places)} in all")
    values = np.full((2, places[-1] + 1), np.nan)
    values[:, places] = [[row.intensity for row in unique], [row.price for row in unique]]
    filled = 0
    if not prices_only:
        filled = int(np.isnan(values[0]).sum())
        values[0] = np.interp(np.arange(len(values[0])), places, values[0][places])
    told = [
        f"{filled} of {len(values[0])} steps interpolated" if filled else "",
        f"repeated rows: {twice}" if twice else "",
    ]
    note = ", ".join(one for one in told if one)
    return Timeline(start=start, step_seconds=step, intensity=values[0], price=values[1], note=note)


def _without_repeats(rows: Sequence[Row], mistakes: Mistakes) -> tuple[list[Row], int]:
    """Return the rows in order without those that repeat another, and how many these are; note contradictions."""
    unique: dict[datetime, Row] = {}
    for row in rows:
        other = unique.setdefault(row.time, row)
        values = np.array([[one.intensity, one.price] for one in (row, other)])
        if not np.array_equal(values[0], values[1], equal_nan=True):
            mistakes.add(row.line, f"other values for {row.time:%Y-%m-%d %H:%M} UTC than in line {other.line}")
    mistakes.check()
    return sorted(unique.values(), key=lambda row: row.time), len(rows) - len(unique)


def _check_gaps(places: Sequence[int], start: datetime, step: int, mistakes: Mistakes) -> None:
    """Refuse a gap between the steps with values that is too long to fill."""
    longest = LONGEST_GAP_HOURS * SECONDS_PER_HOUR / step
    for earlier, later in pairwise(places):
        if later - earlier - 1 > longest:
            begins, ends = (start + timedelta(seconds=step * place) for place in (earlier + 1, later))
            raise GridError(
                f"{mistakes.path}: no intensity from {begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC; "
                f"only gaps of up to {LONGEST_GAP_HOURS:g} h are filled in"
            )


def utc(time: datetime) -> datetime:
    """Return a time in UTC; one without a time zone is in UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
