"""A machine that moves as a plan says: its clocks, its load, the energy that it draws, and what its files tell."""

import errno
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from exporter.core.units import BytesPerSecond, Joules, MonotonicSeconds, Seconds, UnixSeconds, Watts
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.power.presets import PACKAGE_IDLE_SHARE
from exporter.sources.collector import SOURCES as TABLE
from exporter.sources.collector import Settings, Source
from exporter.sources.integral import Integrals
from exporter.sources.reading import (
    CpuTimes,
    DiskBytes,
    Memory,
    NetworkCounters,
    NotPresentError,
    SourceState,
    Traffic,
)
from exporter.usage.counters import WRAP
from tests.exporter.by_seed.plan import SOURCES, Fault, Kind, Plan
from tests.exporter.by_seed.tree import READ, Tree
from tests.fake_clock import NOON

FULLEST = 0.95
"""Highest load, below 1 so that ticks never round a share up beyond it."""

ASLEEP_WATTS = 3.0
"""Power of a processor that sleeps, which its counter may go on to count."""

CPU_TOLD_AT = "cpu, told at"
"""Name, among what counters told, of the awake time of CPU times: a slow reading is of later than its sample."""

SPEED = BytesPerSecond(1.25e8)
"""Bytes per second that a card states: 1 Gbit/s."""

TURNS_WITHIN = 2 * 10**8
"""Bytes in each direction before a counter of 32 bits turns for the first time."""

PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="processor's counter")
CHIP = Sensor(source="hwmon", covers=Coverage.PACKAGE, factor=1.1, description="estimate of the processor")
WHOLE = Sensor(source="battery", covers=Coverage.MACHINE, factor=1.1, description="discharge")

STATES = {
    Kind.FAIL: SourceState.FAILS,
    Kind.GARBAGE: SourceState.FAILS,
    Kind.GONE: SourceState.FAILS,
    Kind.DENIED: SourceState.DENIED,
    Kind.ABSENT: SourceState.ABSENT,
}
"""State of a source while a fault of a kind lasts."""


@dataclass(slots=True)
class Sampled:
    """Circumstances of a sample: clocks and truth as it began, states by source, false and repeated ones, and delays.

    `told` are the values of counters that may fall, `moved` the bytes by card and direction.
    """

    awake: float = 0.0
    elapsed: float = 0.0
    wall: float = 0.0
    spent: float = 0.0
    carried: int = 0
    told: dict[str, float] = field(default_factory=dict)
    moved: dict[str, tuple[int, int]] | None = None
    states: dict[str, SourceState] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    slow: float = 0.0


class Machine:
    """A machine; it is a `Clock`. Counters are of the present boot, `spent` is all that was drawn while awake."""

    def __init__(self, plan: Plan, tree: Tree | None = None) -> None:
        self.plan = plan
        self._tree = tree
        self.time = 0.0
        self.wall_at: float = NOON
        self.awake_at = self.elapsed_at = 1000.0
        self.boot = 0
        self.load = 0.3
        self.load_changed = False
        self.cards_changed = False
        self.strikes: list[tuple[float, str]] = []
        self.spent = self.package = 0.0
        self.carried = 0
        self.ticks = {"busy": 100_000.0, "idle": 900_000.0}
        self.joules = 1000.0
        self.disk = 10**9
        begin = 10**10 if not plan.has(Kind.NARROW) else 2 * (WRAP - TURNS_WITHIN)
        self.cards = {"eth0": begin, "wlan0": 10**6}
        self.active: list[Fault] = []
        self.sampled = Sampled()
        self.on_read: Callable[[str], None] = lambda _source: None
        self._chance = random.Random(f"machine {plan.seed}")  # noqa: S311 - chance, not secrets
        self._last: dict[str, object] = {}

    def wall(self) -> UnixSeconds:
        """See `Clock.wall`."""
        return UnixSeconds(self.wall_at)

    def awake(self) -> MonotonicSeconds:
        """See `Clock.awake`."""
        return MonotonicSeconds(self.awake_at)

    def elapsed(self) -> Seconds:
        """See `Clock.elapsed`."""
        return Seconds(self.elapsed_at)

    @property
    def watts(self) -> float:
        """Power of the machine at the moment."""
        return self.plan.idle_watts + (self.plan.full_watts - self.plan.idle_watts) * self.load

    @property
    def package_watts(self) -> float:
        """Power of its processor."""
        return self.watts - (1.0 - PACKAGE_IDLE_SHARE.value) * self.plan.idle_watts

    def advance(self, seconds: float) -> None:
        """Let time pass at the present load."""
        self.time += seconds
        self.awake_at += seconds
        self.elapsed_at += seconds
        self.wall_at += seconds * (1.0 + self.plan.slew)
        self.spent += self.watts * seconds
        self.joules += self.package_watts * seconds
        self.ticks["busy"] += 100.0 * self.plan.cpus * seconds * self.load
        self.ticks["idle"] += 100.0 * self.plan.cpus * seconds * (1.0 - self.load)
        self.disk += int(seconds * 1e6)
        for card in self.cards:
            moved = int(seconds * 2e6 * self.load)
            self.cards[card] += moved
            self.carried += moved

    def most_bytes(self, seconds: float) -> float:
        """Return the most that cards can have carried."""
        return 2e6 * len(self.cards) * seconds + 4.0

    def met(self, kind: Kind) -> Fault | None:
        """Return the fault of a kind that lasts, if there is one."""
        return next((one for one in self.active if one.kind is kind), None)

    def change_load(self) -> None:
        """Take up another load."""
        self.load = self._chance.choice((0.0, self._chance.random() * FULLEST, FULLEST))
        self.load_changed = True

    def sleep(self, seconds: float) -> None:
        """Suspend the machine, whose energy counter may be set back, or go on."""
        self.time += seconds
        self.elapsed_at += seconds
        self.wall_at += seconds
        if self._chance.random() < 0.5:
            self.joules = self._chance.random() * 1000.0
        else:
            self.joules += ASLEEP_WATTS * seconds

    def pause(self, seconds: float) -> None:
        """Stop all clocks but the wall's, as a hypervisor does."""
        self.time += seconds
        self.wall_at += seconds

    def reboot(self, seconds: float) -> None:
        """Start again: all counters and the clocks that never step begin again."""
        self.boot += 1
        self.time += seconds
        self.wall_at += seconds
        self.awake_at = self.elapsed_at = 5.0 + seconds / 2.0
        self.ticks = {"busy": 100.0, "idle": 1000.0}
        self.joules, self.disk = 10.0, 10**6
        self.cards = dict.fromkeys(self.cards, 1000)
        self._last, self.strikes = {}, []

    def strike(self, fault: Fault) -> None:
        """Let a counter fall or leap, or a card come or go."""
        self.strikes.append((self.awake_at, "cards" if fault.kind is Kind.CARD else fault.source))
        if fault.kind is Kind.CARD:
            if "eth1" in self.cards:
                del self.cards["eth1"]
            else:
                self.cards["eth1"] = 10**9
            return
        more = fault.amount if fault.kind is Kind.JUMP else None
        if fault.source == "cpu":
            self.ticks["busy"] = 0.0 if more is None else self.ticks["busy"] + more
        elif fault.source == "rapl":
            self.joules = 0.0 if more is None else self.joules + more
        elif fault.source == "disk":
            self.disk = 0 if more is None else self.disk + int(more)
        else:
            self.cards["eth0"] = 0 if more is None else self.cards["eth0"] + int(more)

    def sources(self) -> tuple[Source, ...]:
        """Return the rows of the table that this machine has, each read from here instead of a file."""
        here = [one for one in SOURCES if one not in ("rapl", "hwmon", "battery") or one in self.plan.sensors]
        return tuple(replace(row, open=partial(self._open, row)) for row in TABLE if row.name in here)

    def _open(self, row: Source, settings: Settings) -> Callable[[], object]:
        integrals, name = Integrals(settings.clock), row.name
        tell = {
            "cpu": self._cpu,
            "memory": lambda: Memory(used=976_562 * 1024, total=3_906_250 * 1024),
            "disk": lambda: DiskBytes(read=self.disk, written=self.disk // 2),
            "network": self._network,
            "rapl": self._rapl,
            "hwmon": lambda: _integrated(integrals, CHIP, self.package_watts),
            "battery": lambda: _integrated(integrals, WHOLE, self.watts),
        }[name]
        file = self._tree.reader(row, settings) if self._tree is not None and name in READ else None
        return lambda: self._read(name, tell, file)

    def _read(self, name: str, tell: Callable[[], object], file: Callable[[], object] | None) -> object:
        if name == "cpu":
            now = self.sampled
            now.awake, now.elapsed, now.wall = self.awake_at, self.elapsed_at, self.wall_at
            now.spent, now.carried = self.spent, self.carried
        self.on_read(name)
        faults = {fault.kind: fault for fault in self.active if fault.source == name}
        if slow := faults.get(Kind.SLOW):
            self.advance(slow.amount)
            self.sampled.slow += slow.amount
            if name == "cpu":
                self.sampled.false.add(name)  # of a later time than the others are taken to be
        if name == "battery" and not any(one.kind is Kind.MAINS for one in self.active):
            self.sampled.states[name] = SourceState.ABSENT
            raise NotPresentError
        kind = next((one for one in STATES if one in faults), None)
        if kind is not None:
            self.sampled.states[name] = STATES[kind]
            if self._tree is not None and file is not None and Tree.can(name, kind):
                self._tree.fail(name, kind, file)
            raise ERRORS[kind]()
        self.sampled.states[name] = SourceState.WORKS
        if Kind.REPEAT in faults and name in self._last:
            self.sampled.repeated.add(name)
            value = _copied(self._last[name])
        else:
            value = tell()
        if Kind.HALF in faults:
            self.sampled.false.add(name)
            value = _half(value)
        else:
            self._last[name] = value
        if self._tree is not None and file is not None:
            value = self._tree.told(name, value, file)
        self._note(name, value)
        return value

    def _note(self, name: str, value: object) -> None:
        """Note what counters were told to the exporter that may fall."""
        told = self.sampled.told
        if isinstance(value, CpuTimes):
            told[name], told[CPU_TOLD_AT] = value.busy, self.awake_at
        elif isinstance(value, NetworkCounters):
            self.sampled.moved = {one: (of.received_bytes, of.sent_bytes) for one, of in value.devices.items()}
        elif name == "rapl" and isinstance(value, dict):
            told[name] = value["package-0"].energy

    def _cpu(self) -> CpuTimes:
        busy, idle = (Seconds(int(self.ticks[one]) / 100.0) for one in ("busy", "idle"))
        return CpuTimes(busy=busy, idle=idle, iowait=Seconds(1.0), cpus=self.plan.cpus)

    def _network(self) -> NetworkCounters:
        turn = WRAP if self.plan.has(Kind.NARROW) else 2**64
        devices = {
            name: Traffic(
                received_bytes=one // 2 % turn, sent_bytes=(one - one // 2) % turn, received_packets=1, sent_packets=1
            )
            for name, one in self.cards.items()
        }
        return NetworkCounters(devices=devices, speeds=dict.fromkeys(devices, SPEED))

    def _rapl(self) -> Mapping[str, EnergyCounter]:
        turn = self.plan.turn_joules
        return {"package-0": EnergyCounter(sensor=PACKAGE, energy=Joules(self.joules % turn), wraps_at=Joules(turn))}


ERRORS: Mapping[Kind, Callable[[], Exception]] = {
    Kind.FAIL: lambda: OSError(errno.EIO, "Input/output error", "file"),
    Kind.GARBAGE: lambda: ValueError("not a figure"),
    Kind.GONE: lambda: FileNotFoundError(errno.ENOENT, "No such file or directory", "file"),
    Kind.DENIED: lambda: PermissionError(errno.EACCES, "Permission denied", "file"),
    Kind.ABSENT: NotPresentError,
}


def _integrated(integrals: Integrals, sensor: Sensor, watts: float) -> Mapping[str, EnergyCounter]:
    return {
        name: EnergyCounter(sensor=sensor, energy=energy)
        for name, energy in integrals.advance({sensor.source: Watts(watts)}).items()
    }


def _copied(value: object) -> object:
    """Return what was read before, read again."""
    return dict(value) if isinstance(value, dict) else replace(value)  # type: ignore[type-var]


def _half(value: object) -> object:
    """Return a reading of which only the first digits were there."""
    if isinstance(value, CpuTimes):
        return replace(value, busy=Seconds(value.busy // 10.0))
    if isinstance(value, DiskBytes):
        return DiskBytes(read=value.read // 100, written=value.written // 100)
    if isinstance(value, NetworkCounters):
        halves = {name: replace(one, received_bytes=one.received_bytes // 100) for name, one in value.devices.items()}
        return replace(value, devices=halves)
    if isinstance(value, dict):
        return {name: replace(one, energy=Joules(one.energy // 10.0)) for name, one in value.items()}
    return value
