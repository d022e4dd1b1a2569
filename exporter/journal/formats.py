"""The formats of logs that are understood: this exporter's journal, EcoTrack's log, and codecarbon's emissions.csv."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache

from exporter.activity import Activity
from exporter.core.config import ConfigError
from exporter.core.units import UnixSeconds
from exporter.journal.entry import MAX_BYTES, MAX_KG, MAX_KWH, MAX_SECONDS, Entry, amount
from exporter.journal.layout import ECOTRACK, HEADER, VERSION, VERSION_PREFIX
from exporter.power.component import Component, Scope

Parse = Callable[[Sequence[str]], Iterable[Entry]]
"""The entries of a row's cells. Raises ValueError where they are damaged."""

EARLIEST = UnixSeconds(946_684_800.0)
"""Time before which a row is damaged: 2000-01-01 UTC."""

LATEST = UnixSeconds(4_102_444_800.0)
"""Time after which a row is damaged: 2100-01-01 UTC."""

ACTIVITIES = {one: str(one) for one in Activity} | {"downloading": "download", "uploading": "upload", "": ""}
"""Activity by its name in a log: those of this exporter, and those of EcoTrack's."""

CODECARBON = (
    "timestamp",
    "run_id",
    "duration",
    "emissions",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
)
"""Columns of codecarbon's emissions.csv that are used, whatever their order and whatever else stands there."""

CODECARBON_COMPONENTS = {"cpu_energy": Component.CPU, "gpu_energy": Component.GPU, "ram_energy": Component.MEMORY}


ROUNDING = 1e-6
"""Part of a run's energy that its components may miss by the rounding of decimals. Judgement."""


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
    def parse(cells: Sequence[str]) -> Iterable[Entry]:
        at, moved, _, kwh, kg, activity, scope, _, _, _, seconds, end = cells
        if end:
            raise ValueError(end)
        network = scope == Scope.NETWORK
        if not network and scope != Scope.HOST:
            raise ValueError(scope)
        return (
            Entry(
                _time(at, zone),
                amount(seconds, MAX_SECONDS),
                amount(kwh, MAX_KWH),
                amount(kg, MAX_KG) if kg else None,
                amount(moved, MAX_BYTES) if network else None,
                ACTIVITIES[activity],
                "" if network else Component.REST,
            ),
        )

    return parse


def _ecotrack(zone: tzinfo) -> Parse:
    def parse(cells: Sequence[str]) -> Iterable[Entry]:
        at, moved, _, kwh, kg, *activity = cells
        told = ACTIVITIES[activity[0]] if activity else ""
        return (
            Entry(_time(at, zone), 0.0, amount(kwh, MAX_KWH), amount(kg, MAX_KG), amount(moved, MAX_BYTES), told, ""),
        )

    return parse


def _codecarbon(names: Sequence[str], zone: tzinfo) -> Parse:
    """Read rows that tell of a run what it used so far: a later row of the same run is what came on top."""
    places = {name: names.index(name) for name in CODECARBON}
    text = names.index("experiment_id") if "experiment_id" in names else None
    so_far: dict[str, dict[str, float]] = {}

    def parse(cells: Sequence[str]) -> Iterable[Entry]:
        at, run = _time(cells[places["timestamp"]], zone), cells[places["run_id"]]
        if text is not None and len(cells) < len(names) and _is_number(cells[text]):
            raise ValueError(run)  # a column before the figures is left out, so that each stands in another's place
        told = {name: amount(cells[places[name]] or "0", MAX_SECONDS) for name in CODECARBON[2:]}
        before = so_far.get(run, {})
        if told["energy_consumed"] > MAX_KWH or told["emissions"] > MAX_KG:
            raise ValueError(run)
        if told["duration"] < before.get("duration", 0.0):
            before = {}
        so_far[run] = told
        gained = {name: max(0.0, value - before.get(name, 0.0)) for name, value in told.items()}
        parts = {component: gained[name] for name, component in CODECARBON_COMPONENTS.items()}
        whole, explained = gained["energy_consumed"], sum(parts.values())
        if explained < whole * (1.0 - ROUNDING):
            parts[Component.REST] = whole - explained
        elif explained > 0.0:
            parts = {component: kwh * whole / explained for component, kwh in parts.items()}
        return [
            Entry(at, gained["duration"], kwh, gained["emissions"] * kwh / whole, None, "", component)
            for component, kwh in parts.items()
            if kwh > 0.0
        ]

    return parse


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


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
