"""The plan of a seed: the machine, and what goes wrong when. Each seed draws which kinds of faults there are."""

import random
from dataclasses import dataclass
from enum import StrEnum

HOUR = 3600.0


class Kind(StrEnum):
    """A kind of fault or of other adventure, which a seed turns on or off."""

    STEP = "the wall clock is set"
    SLEW = "the wall clock runs fast or slow"
    LEAP = "a second is inserted"
    STALL = "the exporter is not scheduled for a while"
    PAUSE = "the virtual machine is paused"
    SUSPEND = "the machine sleeps"
    SLOW = "a source answers slowly"
    FAIL = "a source cannot be read"
    GARBAGE = "a source is not understood"
    GONE = "a file is gone"
    DENIED = "a source is denied"
    ABSENT = "a sensor is absent"
    REPEAT = "a source repeats itself"
    HALF = "half a number is read"
    RESET = "a counter begins at zero"
    JUMP = "a counter leaps ahead"
    WRAP = "energy counters turn often"
    CARD = "network cards come and go"
    MAINS = "the machine is unplugged"
    FULL = "the disk is full"
    READ_ONLY = "the disk is read-only"
    DELETED = "the state folder is deleted"
    JOURNAL = "the journal's disk is full"
    KILL = "the exporter is killed"
    STOP = "the exporter is stopped"
    REBOOT = "the machine restarts"
    POWER = "the power fails"
    FLIP = "a bit of a state file flips"
    OLD = "an old state is put back"
    LOCKED = "another instance has the lock"
    DOWN = "the provider does not answer"
    LATE = "the provider answers late"
    ABSURD = "the provider tells what no grid has"
    PAST = "the provider tells of another time"
    JUNK = "the provider tells junk"
    UNREAD = "the disk does not read"
    UNWRITTEN = "the disk does not write"
    TORN = "the exporter is killed within a row of the journal"
    NARROW = "network counters turn at 2^32"
    FILES = "sources are files, and the disk is real"


COUNTERS = ("cpu", "network", "disk", "rapl")
SENSORS = ("rapl", "hwmon", "battery")
SOURCES = ("cpu", "memory", "disk", "network", *SENSORS)
STARTS = (Kind.KILL, Kind.STOP, Kind.REBOOT, Kind.POWER, Kind.FLIP, Kind.OLD, Kind.LOCKED, Kind.TORN, Kind.UNREAD)
"""Kinds that end a run of the exporter."""

LATER = (Kind.UNREAD, Kind.UNWRITTEN, Kind.TORN, Kind.NARROW, Kind.FILES)
"""Kinds that are drawn by a chance of their own, so that a seed draws of the others what it did before these."""

REAL_SHARE = 0.15
"""Share of the seeds whose files are on a disk: few, since it is worn."""

OF_A_RUN = {Kind.SLEW, Kind.WRAP, Kind.NARROW, Kind.FILES}
"""Kinds that are true of a whole run."""

TARGETS = {
    Kind.SLOW: SOURCES,
    Kind.FAIL: SOURCES,
    Kind.GARBAGE: SOURCES,
    Kind.GONE: SOURCES,
    Kind.DENIED: SOURCES,
    Kind.ABSENT: SENSORS,
    Kind.REPEAT: ("cpu", "network", "disk", "rapl"),
    Kind.HALF: ("cpu", "network", "disk", "rapl"),
    Kind.RESET: COUNTERS,
    Kind.JUMP: COUNTERS,
}
"""Sources that a kind may hit."""

AMOUNTS: dict[Kind, tuple[float, ...]] = {
    Kind.STEP: (-90_000.0, -3600.0, -30.0, -2.5, 2.5, 30.0, 3600.0, 90_000.0),
    Kind.STALL: (4.0, 20.0, 200.0, 2000.0, 5000.0),
    Kind.PAUSE: (5.0, 600.0, 40_000.0),
    Kind.SUSPEND: (5.0, 60.0, 3600.0, 30_000.0),
    Kind.SLOW: (0.3, 3.0, 20.0),
    Kind.JUMP: (1e3, 1e6, 1e12),
}
"""Seconds, or how far a counter leaps in joules, bytes or hundredths of a second."""

WITHIN_A_ROW = "within a row"

KILL_POINTS = ("between samples", "while reading", "before the save", "between two files", "before publishing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong from a time on, in seconds of the run, for so many seconds."""

    kind: Kind
    at: float
    seconds: float
    source: str = ""
    amount: float = 0.0
    point: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run is about: the machine, its sensors, length and interval in seconds, and the faults in order."""

    seed: int
    seconds: float
    interval: float
    kinds: frozenset[Kind]
    cpus: int
    idle_watts: float
    full_watts: float
    sensors: tuple[str, ...]
    turn_joules: float
    slew: float
    faults: tuple[Fault, ...]

    def has(self, *kinds: Kind) -> bool:
        """Tell whether any of some kinds is on."""
        return not self.kinds.isdisjoint(kinds)


def plan_of(seed: int, seconds: float = 6 * HOUR, interval: float = 5.0) -> Plan:
    """Return the plan of a seed for a run of so many seconds."""
    chance = random.Random(f"plan {seed}")  # noqa: S311 - chance, not secrets
    share = chance.choice((0.1, 0.3, 0.5))
    kinds = frozenset(kind for kind in Kind if kind not in LATER and chance.random() < share)
    idle = chance.choice((5.0, 40.0, 200.0))
    times = max(1, round(seconds / HOUR / 2.0)) if seconds <= 24 * HOUR else round(seconds / HOUR / 12.0)
    faults = [
        _drawn(kind, chance, seconds, interval)
        for kind in sorted(kinds - OF_A_RUN)
        for _ in range(chance.randint(times, 3 * times))
    ]
    later = random.Random(f"later {seed}")  # noqa: S311 - chance, not secrets
    more = frozenset(kind for kind in LATER if later.random() < (REAL_SHARE if kind is Kind.FILES else share))
    faults += [
        _drawn(kind, later, seconds, interval)
        for kind in sorted(more - OF_A_RUN)
        for _ in range(later.randint(times, 3 * times))
    ]
    return Plan(
        seed=seed,
        seconds=seconds,
        interval=interval,
        kinds=kinds | more,
        cpus=chance.choice((1, 4, 64)),
        idle_watts=idle,
        full_watts=idle + chance.choice((10.0, 60.0, 300.0)),
        sensors=tuple(one for one in SENSORS if chance.random() < 0.6),
        turn_joules=65_532.610987 if Kind.WRAP in kinds else 262_143.328850,
        slew=chance.uniform(-5e-4, 5e-4) if Kind.SLEW in kinds else 0.0,
        faults=tuple(sorted(faults, key=lambda one: (one.at, one.kind, one.source))),
    )


def _drawn(kind: Kind, chance: random.Random, seconds: float, interval: float) -> Fault:
    at = round(chance.uniform(10.0 * interval, seconds), 3)
    length = round(chance.choice((1.0, 3.0, 10.0, 100.0)) * interval * chance.uniform(0.5, 2.0), 3)
    return Fault(
        kind=kind,
        at=at,
        seconds=length,
        source=chance.choice(TARGETS[kind]) if kind in TARGETS else "",
        amount=chance.choice(AMOUNTS[kind]) if kind in AMOUNTS else chance.random(),
        point=WITHIN_A_ROW if kind is Kind.TORN else chance.choice(KILL_POINTS),
    )
