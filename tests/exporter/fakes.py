"""Stand-ins for the machine and the disk: small, written by hand, and nothing more than the tests need."""

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from exporter.activity.rhythm import RHYTHM
from exporter.activity.window import Rule
from exporter.attribution.sharing import Sharing
from exporter.budget import Period
from exporter.core.config_load import ConfigLoad
from exporter.core.units import (
    BytesPerSecond,
    Grams,
    GramsPerKwh,
    GramsPerSecond,
    Joules,
    MonotonicSeconds,
    Seconds,
    UnixSeconds,
)
from exporter.derive import BudgetPlan, Models
from exporter.eco_score import Reference, reference_of
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.exposition.rows import ROWS
from exporter.intensity.ask import AskedProvider
from exporter.intensity.reading import IntensityProvider, IntensityReading
from exporter.intensity.static import preset_intensity
from exporter.intensity.window import Tariff
from exporter.power import networks
from exporter.power.component import EnergyCounter, Sensor
from exporter.power.hardware import Hardware, Kind
from exporter.power.model import HostPowerModel
from exporter.sampler import Advisor, Journal, Outlets, Sampler, Settings, Source, Store
from exporter.snapshot import Snapshot
from exporter.sources.reading import (
    CpuTimes,
    DiskBytes,
    HostReading,
    NetworkCounters,
    Outcome,
    SourceState,
    Timed,
    Traffic,
)
from exporter.totals import Exported, Totals
from tests.exporter import hosts
from tests.fake_clock import NOON, FakeClock

BERLIN = ZoneInfo("Europe/Berlin")

EMISSION_LIMIT = GramsPerSecond(0.1)

CPUS = 4


def traffic(received: int = 0, sent: int = 0, packets: int = 0) -> Traffic:
    """Return counters or amounts, with as many packets received as sent."""
    return Traffic(received_bytes=received, sent_bytes=sent, received_packets=packets, sent_packets=packets)


def reading(
    at: float,
    *,
    cpu: tuple[float, float] | None = None,
    iowait: float = 0.0,
    cpus: int = CPUS,
    nics: Mapping[str, Traffic] | None = None,
    speeds: Mapping[str, BytesPerSecond] | None = None,
    disk: tuple[int, int] | None = None,
    failed: tuple[str, ...] = (),
    asleep: float = 0.0,
    stepped: float = 0.0,
) -> HostReading:
    """Return a reading at an awake time; `asleep` and `stepped` tell how far the other clocks have parted from it.

    `cpu` is busy and idle time in seconds.
    """
    awake = MonotonicSeconds(at)
    busy, idle = cpu or (0.0, 0.0)
    times = CpuTimes(busy=Seconds(busy), idle=Seconds(idle), iowait=Seconds(iowait), cpus=cpus)
    return HostReading(
        wall=UnixSeconds(NOON + at + asleep + stepped),
        awake=awake,
        elapsed=Seconds(at + asleep),
        cpu=None if cpu is None else Timed(value=times, at=awake),
        network=None if nics is None else Timed(value=NetworkCounters(devices=nics, speeds=speeds or {}), at=awake),
        disk=None if disk is None else Timed(value=DiskBytes(read=disk[0], written=disk[1]), at=awake),
        outcomes=tuple(Outcome(collector=name, state=SourceState.FAILS, duration=Seconds(0.001)) for name in failed),
        failed=failed,
    )


@dataclass(slots=True)
class Machine:
    """A machine whose counters go on by themselves while it runs, with faults at will. It is a `Source`."""

    clock: FakeClock
    busy: float = 1000.0
    idle: float = 9000.0
    iowait: float = 500.0
    cpus: int = CPUS
    disk: int = 10**9
    nics: dict[str, int] = field(default_factory=lambda: {"eth0": 10**10})
    broken: set[str] = field(default_factory=set)
    sensors: dict[str, Sensor] = field(default_factory=dict)
    sensor_watts: dict[str, float] = field(default_factory=dict)
    sensor_joules: dict[str, float] = field(default_factory=dict)
    sensor_range: float | None = None

    def run(self, seconds: float, *, utilization: float = 0.5, bytes_per_second: float = 0.0) -> None:
        """Let time pass at a constant load; every device receives half of the bytes and sends the other half."""
        self.clock.advance(seconds)
        self.busy += self.cpus * seconds * utilization
        self.idle += self.cpus * seconds * (1.0 - utilization)
        self.disk += int(seconds * 1e6)
        for name in self.nics:
            self.nics[name] += int(seconds * bytes_per_second)
        for name, watts in self.sensor_watts.items():
            self.sensor_joules[name] = self.sensor_joules.get(name, 0.0) + seconds * watts

    def read(self) -> HostReading:
        """Return the whole reading but for the broken parts."""
        nics = {name: traffic(total // 2, total - total // 2, total // 2000) for name, total in self.nics.items()}
        cpu, disk = (self.busy, self.idle), (self.disk, self.disk)
        whole = reading(self.clock.awake_at, cpu=cpu, iowait=self.iowait, cpus=self.cpus, nics=nics, disk=disk)
        failed = tuple(sorted(self.broken))
        counters = {
            name: Timed(
                value=EnergyCounter(
                    sensor=sensor,
                    energy=Joules(self.sensor_joules.get(name, 0.0)),
                    wraps_at=None if self.sensor_range is None else Joules(self.sensor_range),
                ),
                at=self.clock.awake(),
            )
            for name, sensor in self.sensors.items()
            if name not in self.broken
        }
        return HostReading(
            wall=self.clock.wall(),
            awake=self.clock.awake(),
            elapsed=self.clock.elapsed(),
            cpu=None if "cpu" in self.broken else whole.cpu,
            network=None if "network" in self.broken else whole.network,
            disk=None if "disk" in self.broken else whole.disk,
            sensors=counters,
            outcomes=tuple(
                Outcome(collector=name, state=SourceState.FAILS, duration=Seconds(0.001)) for name in failed
            ),
            failed=failed,
        )


@dataclass(slots=True)
class FakeProvider:
    """A provider of carbon intensity with the value, or the trouble, that a test gives it."""

    value: float = 300.0
    trouble: Exception | None = None
    name: str = "fake"

    def at(self, now: UnixSeconds) -> IntensityReading:
        if self.trouble is not None:
            raise self.trouble
        return IntensityReading(
            value=GramsPerKwh(self.value), zone="XX", provider=self.name, described_at=now, description="made up"
        )


@dataclass(slots=True)
class MemoryStore:
    """A store that keeps its totals in memory, unless the disk is full."""

    saved: list[Totals] = field(default_factory=list)
    saved_at: UnixSeconds | None = None
    stopped_cleanly: bool = False
    full: bool = False

    def save(self, totals: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.saved.append(totals)
        self.saved_at = now
        self.stopped_cleanly = clean_stop

    def publishable(self, exported: Exported) -> Exported:
        return exported


LAPTOP = reference_of(Hardware(kind=Kind.LAPTOP))


def initial_snapshot(
    totals: Totals | None = None,
    *,
    host: HostPowerModel | None = None,
    pue: float = 1.0,
    reference: Reference | None = LAPTOP,
) -> Snapshot:
    """Return the snapshot before the first sample."""
    provenance = ((host or hosts.cep_host()).provenance(), (networks.volume("cep").provenance,))
    return Snapshot(
        version="1.2.3",
        python_version="3.11.2",
        interval=Seconds(5.0),
        provenance=(*provenance[0], *provenance[1]),
        emission_limit=EMISSION_LIMIT,
        totals=totals or Totals(since=NOON),
        config=ConfigLoad(is_good=True, good_at=NOON),
        pue=pue,
        reference=reference,
    )


@dataclass(slots=True)
class Rig:
    """A sampler on a machine, with everything that it has published."""

    machine: Machine
    sampler: Sampler
    published: list[Snapshot]

    @property
    def now(self) -> Snapshot:
        return self.published[-1]

    def sample_after(self, seconds: float, *, utilization: float = 0.5, bytes_per_second: float = 0.0) -> Snapshot:
        self.machine.run(seconds, utilization=utilization, bytes_per_second=bytes_per_second)
        self.sampler.sample()
        return self.now


def rig(
    machine: Machine,
    *,
    totals: Totals | None = None,
    store: Store | None = None,
    journal: Journal | None = None,
    host: HostPowerModel | None = None,
    intensity: IntensityProvider | None = None,
    limits: Mapping[Period, Grams] | None = None,
    include_gaps: bool = False,
    source: Source | None = None,
    publish: Callable[[Snapshot], None] | None = None,
    pue: float = 1.0,
    rule: Rule = RHYTHM,
    tariff: Tariff | None = None,
    advisor: Advisor | None = None,
    reference: Reference | None = LAPTOP,
    embodied: EmbodiedCarbon | None = None,
    sharing: Sharing | None = None,
) -> Rig:
    """Return a sampler with CEP's models that has read once; 50 W + 65 W u, 0.06 kWh/GiB, 500 g/kWh."""
    published: list[Snapshot] = []
    initial = replace(initial_snapshot(totals, host=host, pue=pue, reference=reference), embodied=embodied)
    sampler = Sampler(
        initial if sharing is None else replace(initial, attributed=sharing.scopes),
        source=source or machine,
        clock=machine.clock,
        settings=Settings(
            models=Models(
                host=host or hosts.cep_host(),
                network=networks.volume("cep"),
                intensity=AskedProvider(intensity or preset_intensity("cep")),
                activity=rule,
                pue=pue,
                tariff=tariff,
                reference=reference,
                embodied=embodied,
                sharing=sharing,
            ),
            plan=BudgetPlan(limits=limits or {}, zone=BERLIN, include_gaps=include_gaps, embodied=embodied),
            emission_limit=EMISSION_LIMIT,
        ),
        outlets=Outlets(publish=publish or published.append, store=store, journal=journal),
        advisor=advisor,
    )
    sampler.sample_once()
    return Rig(machine=machine, sampler=sampler, published=published)


def series(snapshot: Snapshot, *kinds: str) -> dict[tuple[str, ...], float]:
    """Return every exported value of the families of these kinds, by name and label values."""
    return {
        (row.name, *(str(label) for label in labels)): value
        for row in ROWS
        if row.kind.value in kinds
        for labels, value in row.read(snapshot)
        if isinstance(value, float | int)
    }
