"""Logs as OpenMetrics, for Prometheus to take in: the exporter's own counters, as they would have been scraped.

There is a file for each day (UTC), since promtool reads a file anew for every two hours that are in it. What a log
tells of the machine is not divided into components, so all of it is `rest`; nothing is known of directions or devices.
"""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from math import ceil, fsum
from pathlib import Path

from exporter.core.config import ConfigError
from exporter.core.units import GRAMS_PER_KILOGRAM, JOULES_PER_KWH, SECONDS_PER_MINUTE
from exporter.journal.entry import Entry
from exporter.power.component import Component, Scope

STEP = SECONDS_PER_MINUTE
"""Seconds between two samples of a series at least: Prometheus draws no line over more than five minutes."""

ENERGY, EMISSIONS = "ecotrack_energy_joules", "ecotrack_emissions_grams"

ACTIVITY_SECONDS, ACTIVITY_BYTES = "ecotrack_activity_seconds", "ecotrack_activity_bytes"

ACTIVITY_EMISSIONS = "ecotrack_activity_emissions_grams"

FAMILIES = (ENERGY, EMISSIONS, ACTIVITY_SECONDS, ACTIVITY_BYTES, ACTIVITY_EMISSIONS)
"""Counters that are written, without `_total`."""

OWN_LABELS = {"component", "scope", "activity"}

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Series = tuple[str, str]
"""Family and its own labels, as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Samples of a day: a time, and the counters at that time that are known by then."""

    day: date
    samples: tuple[tuple[float, Mapping[Series, float]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpan:
    """Times of the first and the last sample of a day, in Unix seconds."""

    day: date
    first: float
    last: float


def parse_label(text: str) -> tuple[str, str]:
    """Parse `name=value`. Raises ValueError, which says what is wrong."""
    name, equals, value = text.partition("=")
    if not equals or not NAME.fullmatch(name) or not value:
        raise ValueError(f'expected NAME=VALUE, got "{text}"')
    if value != value.encode("utf-8", "replace").decode():
        raise ValueError(f"the value of {name} is no text in UTF-8")
    if name in OWN_LABELS or name.startswith("__"):
        raise ValueError(f"the label {name} is the exporter's or Prometheus's own")
    return name, value


def days_of(entries: Sequence[Entry]) -> Iterator[Day]:
    """Return the counters by day: all begin at zero, where the first entry begins, and none falls.

    The order of the entries does not matter, not even for the last bit of a counter.
    """
    counters: dict[Series, float] = dict.fromkeys(sorted({one for entry in entries for one in _amounts(entry)}), 0.0)
    for day, group in groupby(_samples(entries, counters), key=lambda sample: _date(sample[0])):
        yield Day(day=day, samples=tuple(group))


def spans_of(entries: Sequence[Entry]) -> Iterator[DaySpan]:
    """Return the days that `days_of` has, without the counters, which take most of the time."""
    for day, group in groupby(_times(entries), key=_date):
        times = list(group)
        yield DaySpan(day=day, first=times[0], last=times[-1])


def _date(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def _times(entries: Sequence[Entry]) -> Iterator[float]:
    if entries:
        yield _begin(entries)
    yield from (parts[-1].at for parts in _steps(entries))


def _samples(entries: Sequence[Entry], counters: dict[Series, float]) -> Iterator[tuple[float, Mapping[Series, float]]]:
    if entries:
        yield _begin(entries), dict(counters)
    for parts in _steps(entries):
        added: dict[Series, list[float]] = {}
        for part in parts:
            for series, amount in _amounts(part).items():
                added.setdefault(series, []).append(amount)
        for series, amounts in added.items():
            counters[series] += fsum(amounts)
        yield parts[-1].at, dict(counters)


def _begin(entries: Sequence[Entry]) -> float:
    return min(_first_end(entry) - max(entry.seconds / _count(entry), STEP) for entry in entries)


def _steps(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Return the parts of all entries by step, in the order of their ends."""
    return (list(parts) for _, parts in groupby(_parts(entries), key=lambda part: ceil(part.at / STEP)))


def _parts(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Return the parts of all entries in the order of their ends; only those of one time are held in memory."""
    begun: list[tuple[float, int, Entry, Iterator[Entry]]] = []
    for number, entry in enumerate(sorted(entries, key=_first_end)):
        yield from _until(begun, _first_end(entry))
        if _count(entry) == 1:
            yield entry
            continue
        parts = _cut(entry)
        first = next(parts)
        heapq.heappush(begun, (first.at, number, first, parts))
    yield from _until(begun, float("inf"))


def _until(begun: list[tuple[float, int, Entry, Iterator[Entry]]], end: float) -> Iterator[Entry]:
    """Take the parts that end before a time from a heap of entries that are begun."""
    while begun and begun[0][0] < end:
        _, number, part, parts = begun[0]
        yield part
        following = next(parts, None)
        if following is None:
            heapq.heappop(begun)
        else:
            heapq.heapreplace(begun, (following.at, number, following, parts))


def _count(entry: Entry) -> int:
    return max(1, ceil(entry.seconds / STEP - 0.5))


def _first_end(entry: Entry) -> float:
    """Return the end of the first part of an entry."""
    count = _count(entry)
    return entry.at - entry.seconds / count * (count - 1)


def _cut(entry: Entry) -> Iterator[Entry]:
    """Cut an entry of several steps into even parts, at whose ends there are samples."""
    count = _count(entry)
    seconds = entry.seconds / count
    for number in range(1, count + 1):
        yield entry._replace(
            at=entry.at - seconds * (count - number),
            seconds=seconds,
            kwh=entry.kwh / count,
            kg=None if entry.kg is None else entry.kg / count,
            moved_bytes=None if entry.moved_bytes is None else entry.moved_bytes / count,
        )


def _amounts(entry: Entry) -> dict[Series, float]:
    """Return what an entry adds to each counter; what is unknown adds to none."""
    component = Component.REST if entry.host else Component.NETWORK
    labels = f'component="{component}",scope="{Scope.HOST if entry.host else Scope.NETWORK}"'
    grams = None if entry.kg is None else entry.kg * GRAMS_PER_KILOGRAM
    found: dict[Series, float | None] = {
        (ENERGY, labels): entry.kwh * JOULES_PER_KWH,
        (EMISSIONS, labels): grams,
    }
    if entry.activity and not entry.host:
        labels = f'activity="{entry.activity}"'
        found[ACTIVITY_SECONDS, labels] = entry.seconds or None
        found[ACTIVITY_BYTES, labels] = entry.moved_bytes
        found[ACTIVITY_EMISSIONS, labels] = grams
    return {series: amount for series, amount in found.items() if amount is not None}


def render_day(day: Day, labels: Mapping[str, str]) -> str:
    """Render a day in OpenMetrics, with further labels in every series."""
    written = "".join(f',{name}="{_escaped(value)}"' for name, value in labels.items())
    lines: dict[Series, list[str]] = defaultdict(list)
    for at, counters in day.samples:
        for (family, own), value in counters.items():
            lines[family, own].append(f"{family}_total{{{own}{written}}} {value!r} {at:.3f}\n")
    text = ""
    for family in FAMILIES:
        of_family = [line for series, several in sorted(lines.items()) if series[0] == family for line in several]
        if of_family:
            text += f"# TYPE {family} counter\n" + "".join(of_family)
    return text + "# EOF\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def file_name(day: date) -> str:
    """Return the name of a day's file."""
    return f"ecotrack-{day}.om"


def write_days(entries: Sequence[Entry], folder: Path, labels: Mapping[str, str]) -> list[Path]:
    """Write a file for each day; the same logs give the same bytes.

    Raises ConfigError where the folder cannot be written, or holds days that these logs do not have: they would be
    taken in as well.
    """
    names = {file_name(one.day) for one in spans_of(entries)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strangers = sorted(path.name for path in folder.glob("ecotrack-*.om") if path.name not in names)
        if strangers:
            raise ConfigError([f"--output: {folder}: holds {strangers[0]}, of other logs; name an empty folder"])
        written = []
        for day in days_of(entries):
            path = folder / file_name(day.day)
            beside = path.with_suffix(".tmp")
            beside.write_text(render_day(day, labels), encoding="utf-8")
            written.append(beside.replace(path))
    except OSError as error:
        raise ConfigError([f"--output: {folder}: cannot be written: {error.strerror}"]) from error
    return written
