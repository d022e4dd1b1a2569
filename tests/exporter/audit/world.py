"""Honest evidence: a real sampler on a machine of a test's making, its Prometheus, and the audit's own readings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from exporter.audit.evidence import Evidence, Moment, PublishedModels
from exporter.audit.figures import Figures, Labels, labels_of, parse
from exporter.audit.parts import NETWORK_BYTES
from exporter.audit.promql import View
from exporter.audit.rules import RULES
from exporter.audit.stored import Stored
from exporter.audit.witness import Bracket, Own
from exporter.budget import Period
from exporter.core.metrics import Exposition, Representation
from exporter.core.prometheus import Points
from exporter.core.units import Grams, Joules, UnixSeconds
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.exposition.rows import ROWS
from exporter.intensity.window import Tariff
from exporter.power import networks
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.snapshot import Snapshot
from exporter.totals import Totals
from exporter.views.summary import summarize
from tests.exporter import hosts
from tests.exporter.fakes import BERLIN, FakeProvider, Machine, Rig, rig
from tests.fake_clock import NOON, FakeClock

EMBODIED = EmbodiedCarbon(
    grams=Grams(250_000.0),
    low=Grams(250_000.0),
    high=Grams(250_000.0),
    start=UnixSeconds(NOON - 1e6),
    end=UnixSeconds(NOON + 1e8),
    source="configured",
)

LIMITS = {Period.DAY: Grams(1000.0), Period.MONTH: Grams(20_000.0)}

PACKAGE = Sensor(source="rapl", covers=Coverage.PACKAGE, factor=1.05, description="processor's counter")

MEMORY = Sensor(source="rapl", covers=Coverage.MEMORY, factor=1.2, description="memory's counter")

TEXT = Representation(openmetrics=False, gzipped=False)

SCRAPED_AFTER = 0.25
"""Seconds from a sample to the scrape that finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Seconds of a machine's life, and what becomes of the sample after them."""

    seconds: float = 5.0
    utilization: float = 0.4
    bytes_per_second: float = 2e6
    broken: frozenset[str] = frozenset()
    intensity: float = 300.0
    is_missed: bool = False
    restart: str = ""
    slept: float = 0.0
    stepped: float = 0.0


@dataclass(slots=True)
class World:
    """A machine with its exporter, and everything that an audit may see of them."""

    machine: Machine
    provider: FakeProvider
    exporter: Rig
    lives: int = 1
    moments: list[Moment] = field(default_factory=list)

    @classmethod
    def of(cls, *, sensed: bool = False) -> "World":
        """Return a desktop that is modelled, or one whose packages and memory are measured."""
        machine = Machine(FakeClock())
        if sensed:
            machine.sensors = {"rapl package-0": PACKAGE, "rapl package-0 dram": MEMORY}
            machine.sensor_watts = {"rapl package-0": 22.0, "rapl package-0 dram": 3.0}
        provider = FakeProvider()
        return cls(machine, provider, _exporter(machine, provider, None))

    def live(self, steps: Sequence[Step]) -> "World":
        """Go through steps, and see the sample at the end of each that is not missed."""
        for step in steps:
            self.provider.value = step.intensity
            self.machine.clock.sleep(step.slept)
            self.machine.clock.step(step.stepped)
            self.machine.broken = set(step.broken)
            if step.restart:
                self._restart(step.restart)
            snapshot = self.exporter.sample_after(
                step.seconds, utilization=step.utilization, bytes_per_second=step.bytes_per_second
            )
            if not step.is_missed and snapshot.sampled_at is not None:
                self.moments.append(self._moment(snapshot))
        return self

    def _restart(self, how: str) -> None:
        """Start another exporter, whose counters go on or begin anew."""
        totals = self.exporter.now.totals
        if how == "anew":
            totals = Totals(
                since=totals.since,
                lifetime_energy=totals.lifetime_energy,
                lifetime_emissions=totals.lifetime_emissions,
                booked=totals.booked,
            )
        self.exporter, self.lives = _exporter(self.machine, self.provider, totals), self.lives + 1

    def _moment(self, snapshot: Snapshot) -> Moment:
        text = Exposition(ROWS, snapshot).body(TEXT).decode()
        figures = parse(f"{text}process_start_time_seconds {self.lives}\n")
        assert snapshot.sampled_at is not None
        own = self._own(snapshot.sampled_at)
        return Moment(
            figures=figures,
            at=snapshot.sampled_at,
            summary=summarize(snapshot, snapshot.sampled_at, fresh=True),
            ahead=self.machine.clock.wall() - self.machine.clock.awake(),
            # What was sampled before the audit began, nobody has read the counters of.
            own=Bracket(before=own, after=own) if self.moments else None,
        )

    def _own(self, at: float) -> Own:
        """Return a reading of the machine at the very moment of the sample."""
        traffic = {}
        for device, total in self.machine.nics.items():
            packets = float(total // 2000)
            traffic[device, "receive_bytes"], traffic[device, "transmit_bytes"] = float(total // 2), total - total // 2
            traffic[device, "receive_packets"] = traffic[device, "transmit_packets"] = packets
        sensors = {
            name.removeprefix("rapl "): EnergyCounter(
                sensor=sensor, energy=Joules(self.machine.sensor_joules.get(name, 0.0))
            )
            for name, sensor in self.machine.sensors.items()
        }
        return Own(
            began=at,
            ended=at,
            busy=self.machine.busy,
            cpus=self.machine.cpus,
            traffic=traffic,
            disk={"read": float(self.machine.disk), "write": float(self.machine.disk)},
            sensors=sensors,
        )

    def evidence(self, *, stored: bool = True, every: int = 1) -> Evidence:
        """Return all of it, with what an honest Prometheus has stored that scrapes one sample in so many."""
        moments = tuple(self.moments)
        models = PublishedModels(host=hosts.cep_host(), network=networks.volume("cep"))
        return Evidence(moments=moments, models=models, stored=store(moments[::every]) if stored and moments else None)


def _exporter(machine: Machine, provider: FakeProvider, totals: Totals | None) -> Rig:
    return rig(
        machine,
        totals=totals,
        intensity=provider,
        limits=LIMITS,
        embodied=EMBODIED,
        tariff=Tariff(prices=(0.3,) * 24, zone=BERLIN, currency="EUR"),
    )


def with_groups(moment: Moment, waiting: float) -> Moment:
    """Return a sample whose processes are attributed to groups; some joules of scope host, and bytes, still wait."""
    of, intensity = moment.figures.of, moment.figures.of("ecotrack_grid_carbon_intensity_grams_per_kwh") or 0.0
    energy, grams = "ecotrack_process_group_energy_joules_total", "ecotrack_process_group_emissions_grams_total"
    waits = {"host": waiting, "network": 0.0}
    families: dict[str, dict[Labels, float]] = {}
    for scope, left in waits.items():
        key, grams_left = labels_of({"scope": scope}), left / 3.6e6 * intensity
        families.setdefault("ecotrack_process_group_waiting_joules", {})[key] = left
        families.setdefault("ecotrack_process_group_waiting_grams", {})[key] = grams_left
        spent = (of("ecotrack_energy_joules_total", scope=scope) or 0.0) - left
        emitted = (of("ecotrack_emissions_grams_total", scope=scope) or 0.0) - grams_left
        for group, share in (("nginx.service", 0.25), ("idle", 0.5), ("other", 0.25)):
            labels = labels_of({"group": group, "scope": scope})
            families.setdefault(energy, {})[labels] = spent * share
            families.setdefault(grams, {})[labels] = emitted * share
    for direction in ("receive", "transmit"):
        name, moved = "ecotrack_process_group_network_bytes_total", of(NETWORK_BYTES, direction=direction)
        families.setdefault("ecotrack_process_group_waiting_bytes", {})[labels_of({"direction": direction})] = waiting
        for group, share in (("nginx.service", 0.25), ("unattributed", 0.75)):
            labels = labels_of({"direction": direction, "group": group})
            families.setdefault(name, {})[labels] = ((moved or 0.0) - waiting) * share
    busy = moment.own.before.busy if moment.own is not None else None
    for group, share in (("nginx.service", 0.25), ("other", 0.75)):
        name = "ecotrack_process_group_cpu_seconds_total"
        families.setdefault(name, {})[labels_of({"group": group})] = (busy or 0.0) * share
    return replace(moment, figures=Figures({**moment.figures.families, **families}))


def store(moments: Sequence[Moment]) -> Stored:
    """Return what a Prometheus stores that scrapes each sample and then evaluates the rules."""
    series: dict[str, dict[Labels, list[tuple[float, float]]]] = {}
    for moment in moments:
        for name, family in moment.figures.families.items():
            for labels, value in family.items() if name.startswith("ecotrack_") else ():
                series.setdefault(name, {}).setdefault(labels, []).append((moment.at + SCRAPED_AFTER, value))
    frozen: dict[str, dict[Labels, Points]] = {
        name: {labels: tuple(points) for labels, points in family.items()} for name, family in series.items()
    }
    stored = Stored(series=frozen, since=moments[0].at)
    for name, compute in RULES.items():
        recorded: dict[Labels, list[tuple[float, float]]] = {}
        for moment in moments:
            at = moment.at + 2.5
            for labels, value in compute(View(stored=stored, at=at)).items():
                recorded.setdefault(labels, []).append((at, value))
        if recorded:
            frozen[name] = {labels: tuple(points) for labels, points in recorded.items()}
    return stored


def scaled(figures: Figures, name: str, factor: float, **labels: str) -> Figures:
    """Return figures in which the series of a family that have these labels are multiplied."""
    family = {
        own: value * factor if labels.items() <= set(own) else value for own, value in figures.family(name).items()
    }
    return Figures({**figures.families, name: family})


def scaled_in_store(stored: Stored, name: str, factor: float, **labels: str) -> Stored:
    """Return stored samples in which the series of a family that have these labels are multiplied."""
    family = {
        own: tuple((at, value * factor) for at, value in points) if labels.items() <= set(own) else points
        for own, points in stored.family(name).items()
    }
    assert family, f"{name}: nothing to scale"
    return replace(stored, series={**stored.series, name: family})


STEADY = tuple(
    Step(utilization=0.2 + 0.05 * (number % 7), bytes_per_second=1e6 * (1 + number % 3)) for number in range(16)
)
"""Steps of differing load, in which nothing goes wrong."""
