"""The formats of logs that are understood: this exporter's journal, EcoTrack's log, and codecarbon's emissions.csv."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from operator import lt, sub

from exporter.activity.window import Activity
from exporter.core.config import ConfigError
from exporter.core.units import UnixSeconds
from exporter.journal.entry import MAX_BYTES, MAX_KG, MAX_KWH, MAX_SECONDS, Entry, amount
from exporter.journal.layout import ECOTRACK, HEADER, VERSION, VERSION_PREFIX
from exporter.power.component import Scope

Parse = Callable[[Sequence[str]], Entry]
"""The entry of a row's cells. Raises ValueError where they are damaged."""

EARLIEST = UnixSeconds(946_684_800.0)
"""Time before which a row is damaged: 2000-01-01 UTC."""

LATEST = UnixSeconds(4_102_444_800.0)
"""Time after which a row is damaged: 2100-01-01 UTC."""

ACTIVITIES = {one: str(one) for one in Activity} | {"downloading": "download", "uploading": "upload", "": ""}
"""Activity by its name in a log: those of this exporter, and those of EcoTrack's."""

CODECARBON = ("timestamp", "run_id", "duration", "emissions", "energy_consumed")
"""Columns of codecarbon's emissions.csv that are used, whatever their order and whatever else stands there."""

NAME = re.compile(r"[a-z0-9+_.-]{1,64}", re.IGNORECASE | re.ASCII)
"""Name of a source of power or of carbon intensity, several joined by `+`."""

CODECARBON_MOST = (MAX_SECONDS, MAX_KG, MAX_KWH)


def parser_for(header: Sequence[str], zone: tzinfo) -> tuple[Parse, int, int]:
    """Return what reads the rows below a header, and the least and greatest number of cells that a whole one has.

    Times that do not tell their own zone are of `zone`. Raises ConfigError for a header of no format that is known.
    """
    names = [name.strip() for name in header]
    if tuple(names) == HEADER:
        return _journal(zone), len(HEADER), len(HEADER)
    versions = [name for name in names if name.startswith(VERSION_PREFIX)]
    if versions:
        raise ConfigError(
            [f"is a journal of version {versions[0][len(VERSION_PREFIX) :]}, this program reads {VERSION}"]
        )
    if set(CODECARBON) <= set(names):
        # codecarbon leaves empty columns out of the rows that it adds to a file; those at the end are not needed.
        return _codecarbon(names, zone), max(names.index(name) for name in CODECARBON) + 1, len(names)
    if tuple(names) in {ECOTRACK, ECOTRACK[:-1]}:
        # The log of one version goes on in a file that another began, so the activity may be missing or there.
        return _ecotrack(zone), len(ECOTRACK) - 1, len(ECOTRACK)
    raise ConfigError(["is neither a journal of ecotrack, nor an EcoTrack log, nor codecarbon's emissions.csv"])


def _journal(zone: tzinfo) -> Parse:
    """Read rows of which there are a million a year: their amounts are checked at once, not each by a call."""
    hosts = {str(Scope.HOST): True, str(Scope.NETWORK): False}

    def parse(cells: Sequence[str]) -> Entry:
        when, moved, _, kwh, kg, activity, scope, source, _, provider, seconds, end = cells
        host, lasted, spent = hosts[scope], float(seconds), float(kwh)
        emitted = float(kg) if kg else None
        traffic = None if host else float(moved)
        if (
            end
            or not (0.0 <= lasted <= MAX_SECONDS and 0.0 <= spent <= MAX_KWH)
            or not (emitted is None or 0.0 <= emitted <= MAX_KG)
            or not (traffic is None or 0.0 <= traffic <= MAX_BYTES)
        ):
            raise ValueError(when)
        told = ACTIVITIES[activity]
        return Entry(_time(when, zone), lasted, spent, emitted, traffic, told, host, _name(source), _name(provider))

    return parse


def _ecotrack(zone: tzinfo) -> Parse:
    def parse(cells: Sequence[str]) -> Entry:
        at, moved, _, kwh, kg, *activity = cells
        told = ACTIVITIES[activity[0]] if activity else ""
        network = False
        return Entry(
            _time(at, zone), 0.0, amount(kwh, MAX_KWH), amount(kg, MAX_KG), amount(moved, MAX_BYTES), told, network
        )

    return parse


def _codecarbon(names: Sequence[str], zone: tzinfo) -> Parse:
    """Read rows that tell of a run what it used so far: a later row of the same run is what came on top."""
    when, run, *figures = (names.index(name) for name in CODECARBON)
    text = names.index("experiment_id") if "experiment_id" in names else None
    so_far: dict[str, tuple[float, ...]] = {}

    def parse(cells: Sequence[str]) -> Entry:
        if text is not None and text < len(cells) < len(names) and _is_number(cells[text]):
            raise ValueError(cells[text])  # a column before the figures is left out: each stands in another's place
        at = _time(cells[when], zone)
        told = tuple(amount(cells[place], most) for place, most in zip(figures, CODECARBON_MOST, strict=True))
        before = so_far.get(cells[run], (0.0, 0.0, 0.0))
        if any(map(lt, told, before)):
            raise ValueError(cells[run])
        so_far[cells[run]] = told
        seconds, kg, kwh = map(sub, told, before)
        return Entry(at, seconds, kwh, kg, None, "", host=True)

    return parse


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=64)
def _name(text: str) -> str:
    """Return the name of a source as the exporter writes it, and anything else, which may be made up, as none."""
    return text if NAME.fullmatch(text) else ""


@lru_cache(maxsize=8)
def _time(text: str, zone: tzinfo) -> float:
    """Read a time in ISO 8601 as Unix seconds. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    at = found.timestamp()
    if not EARLIEST <= at <= LATEST:
        raise ValueError(text)
    return at
