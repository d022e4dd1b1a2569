"""The only stateful loop: read, derive, save, publish."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Protocol

from exporter import budget, projection, totals, week
from exporter.activity import Activity, ActivityClassifier, Bin
from exporter.budget import Period
from exporter.core.carbon import emission_rate, emissions
from exporter.core.clock import Clock
from exporter.core.units import (
    BytesPerSecond,
    Grams,
    GramsPerKwh,
    GramsPerSecond,
    Joules,
    MonotonicSeconds,
    Seconds,
    UnixSeconds,
    Watts,
    energy,
)
from exporter.eco_score import EcoScore, ScoreFactor, eco_score
from exporter.intensity.reading import IntensityProvider, IntensityReading
from exporter.power.component import ByScope, Component, power_by_scope
from exporter.power.model import HostPowerModel, NetworkPowerModel
from exporter.snapshot import HistoryPoint, Readings, Snapshot, Throughput
from exporter.sources.reading import DiskBytes, HostReading
from exporter.totals import ActivityTotal, Exported, Totals
from exporter.usage.between import Usage, carry_forward, failures, usage_between
from exporter.usage.events import Event, EventKind
from exporter.usage.network import NetworkUsage

LOG = logging.getLogger(__name__)

HISTORY_SPAN = Seconds(3600.0)
HISTORY_SPACING = Seconds(5.0)
"""History points stand at least this far apart, however fast the sampling; 720 of them cover the hour."""


class Source(Protocol):
    """Where readings come from."""

    def read(self) -> HostReading:
        """One reading of everything; a part that fails is None."""


class Stop(Protocol):
    """What ends the loop."""

    def wait(self, seconds: float, /) -> bool:
        """Wait for at most so long; whether to stop."""


class Store(Protocol):
    """Where totals go before they are published."""

    def save(self, totals: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> None:
        """Keep the totals. Raises OSError."""

    def publishable(self, exported: Exported, /) -> Exported:
        """What may be published where the counters are `exported`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What turns use into power, and power into grams."""

    host: HostPowerModel
    network: NetworkPowerModel
    intensity: IntensityProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPlan:
    """Limits in grams by period, and the time zone whose calendar counts."""

    limits: Mapping[Period, Grams]
    zone: tzinfo


class Sampler:
    """Takes samples and publishes a snapshot after each."""

    def __init__(
        self,
        initial: Snapshot,
        *,
        source: Source,
        clock: Clock,
        models: Models,
        plan: BudgetPlan,
        store: Store | None,
        publish: Callable[[Snapshot], None],
    ) -> None:
        """`initial` carries the totals to go on from; without a `store` nothing is written."""
        self._snapshot = initial
        self._source = source
        self._clock = clock
        self._models = models
        self._plan = plan
        self._store = store
        self._publish = publish
        self._classifier = ActivityClassifier()
        self._previous: HostReading | None = None
        self._save_failed = False

    def run(self, stop: Stop) -> None:
        """Sample until told to stop: a first reading if there is none, a first sample soon after, one per interval."""
        interval = self._snapshot.interval
        due = self._clock.awake()
        if self._previous is None:
            self.sample_once()
        step = min(1.0, interval)
        while True:
            due = MonotonicSeconds(due + step)
            step = interval
            now = self._clock.awake()
            if due < now:
                due = MonotonicSeconds(now + interval)
            if stop.wait(due - now):
                return
            self.sample_once()

    def sample_once(self) -> None:
        """One turn of the loop. Whatever goes wrong costs this sample, is counted and logged, and the loop goes on."""
        try:
            self.sample()
        except Exception:
            LOG.exception("a sample failed")
            counted = totals.with_events(
                self._snapshot.totals, [Event(kind=EventKind.DISCARD, source="sampler", reason="error")]
            )
            saved_at = self._save(counted, self._clock.wall())
            self._show(replace(self._snapshot, totals=counted, state_saved_at=saved_at))

    def sample(self) -> None:
        """Read, derive, save, publish; the first call has nothing to compare with and only counts what failed."""
        started = self._clock.awake()
        reading = self._source.read()
        if self._previous is None:
            snapshot = replace(
                self._snapshot,
                totals=totals.with_events(self._snapshot.totals, failures(reading)),
                outcomes=reading.outcomes,
            )
            self._previous = reading
        else:
            usage = usage_between(self._previous, reading, interval=self._snapshot.interval)
            snapshot = self._derive(reading, usage)
            self._previous = carry_forward(self._previous, reading)
        self._show(
            replace(
                snapshot,
                state_saved_at=self._save(snapshot.totals, reading.wall),
                sample_duration=Seconds(self._clock.awake() - started),
            )
        )

    def save_clean_stop(self) -> None:
        """Save for the last time, so that counters go on even if the machine restarts."""
        self._save(self._snapshot.totals, self._clock.wall(), clean_stop=True)

    def _show(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot, and publish as much of it as a restart would not fall behind."""
        self._snapshot = snapshot
        if self._store is not None:
            exported = self._store.publishable(snapshot.totals.exported)
            snapshot = replace(snapshot, totals=replace(snapshot.totals, exported=exported))
        self._publish(snapshot)

    def _save(self, current: Totals, now: UnixSeconds, *, clean_stop: bool = False) -> UnixSeconds | None:
        """Time of the last good save. A disk that refuses is logged once and shows in that time's age."""
        if self._store is None:
            return None
        try:
            self._store.save(current, now, clean_stop=clean_stop)
        except OSError as error:
            if not self._save_failed:
                LOG.error("state cannot be saved: %s", error.strerror)  # noqa: TRY400 - one line, no traceback
            self._save_failed = True
            return self._snapshot.state_saved_at
        self._save_failed = False
        return now

    def _derive(self, reading: HostReading, usage: Usage) -> Snapshot:
        intensity = self._models.intensity.at(reading.wall)
        powers, energies = self._power_and_energy(usage)
        grams = {component: emissions(spent, intensity.value) for component, spent in energies.items()}
        activity = self._classify(reading, usage)
        total = _accumulate(self._snapshot.totals, usage, activity, energies, grams)
        total = self._booked(total, Grams(sum(grams.values())), reading)
        budgets = projection.status(
            self._plan.limits, total.booked, total.week, since=total.since, now=reading.wall, zone=self._plan.zone
        )
        readings = replace(_readings(reading, usage, activity, powers, intensity), budgets=budgets)
        return replace(
            self._snapshot,
            sampled_at=reading.wall,
            sampled_elapsed=reading.elapsed,
            totals=total,
            readings=replace(readings, score=_score(readings)),
            outcomes=reading.outcomes,
            history=_extended(self._snapshot.history, _point(reading, readings)),
        )

    def _booked(self, total: Totals, grams: Grams, reading: HostReading) -> Totals:
        """The totals with a sample's grams in the budgets and in the device's week."""
        before, zone = self._snapshot.sampled_elapsed, self._plan.zone
        elapsed = None if before is None else Seconds(reading.elapsed - before)
        return replace(
            totals.begun_by(total, reading.wall),
            booked=budget.book(total.booked, grams, reading.wall, zone),
            week=week.observe(total.week, grams, reading.wall, elapsed, zone),
        )

    def _power_and_energy(self, usage: Usage) -> tuple[Mapping[Component, Watts], Mapping[Component, Joules]]:
        """Mean power and energy of each component whose counters were read; each over its own time."""
        powers: dict[Component, Watts] = {}
        energies: dict[Component, Joules] = {}
        if usage.cpu is not None:
            for component, power in self._models.host.estimate(usage.cpu).items():
                powers[component], energies[component] = power, energy(power, usage.cpu.elapsed)
        if usage.network is not None:
            for component, power in self._models.network.estimate(usage.network).items():
                powers[component], energies[component] = power, energy(power, usage.network.elapsed)
        return powers, energies

    def _classify(self, reading: HostReading, usage: Usage) -> Activity | None:
        if usage.network is None:
            return None
        sample = Bin(
            end=reading.awake,
            duration=usage.network.elapsed,
            received_bytes=usage.network.received_bytes,
            sent_bytes=usage.network.sent_bytes,
        )
        return self._classifier.observe(sample)


def _accumulate(
    before: Totals,
    usage: Usage,
    activity: Activity | None,
    energies: Mapping[Component, Joules],
    grams: Mapping[Component, Grams],
) -> Totals:
    """The totals with one sample added, budgets apart."""
    old = before.exported
    network = usage.network
    exported = replace(
        old,
        energy=totals.add_amounts(old.energy, energies),
        emissions=totals.add_amounts(old.emissions, grams),
        devices=old.devices if network is None else totals.add_devices(old.devices, network.devices),
        disk=old.disk if usage.disk is None else _sum_disk(old.disk, usage.disk),
        samples=old.samples + 1,
        events=totals.add_events(old.events, usage.events),
    )
    if activity is not None and network is not None:
        emitted = grams[Component.NETWORK]
        exported = replace(exported, activities=_with_activity(old.activities, activity, network, emitted))
    return replace(
        before,
        exported=exported,
        lifetime_energy=Joules(before.lifetime_energy + sum(energies.values())),
        lifetime_emissions=Grams(before.lifetime_emissions + sum(grams.values())),
    )


def _with_activity(
    activities: Mapping[Activity, ActivityTotal], activity: Activity, network: NetworkUsage, emitted: Grams
) -> Mapping[Activity, ActivityTotal]:
    old = activities.get(activity, ActivityTotal())
    new = ActivityTotal(
        duration=Seconds(old.duration + network.elapsed),
        transferred_bytes=old.transferred_bytes + sum(device.total_bytes for device in network.devices.values()),
        emitted=Grams(old.emitted + emitted),
    )
    return dict(activities) | {activity: new}


def _sum_disk(first: DiskBytes, second: DiskBytes) -> DiskBytes:
    return DiskBytes(read=first.read + second.read, written=first.written + second.written)


def _readings(
    reading: HostReading,
    usage: Usage,
    activity: Activity | None,
    powers: Mapping[Component, Watts],
    intensity: IntensityReading,
) -> Readings:
    network = usage.network
    throughput = None
    if network is not None:
        throughput = Throughput(
            received=BytesPerSecond(network.received_bytes / network.elapsed),
            sent=BytesPerSecond(network.sent_bytes / network.elapsed),
        )
    return Readings(
        powers=powers,
        emission_rates=_emission_rates(power_by_scope(powers), intensity.value),
        cpu_utilization=None if usage.cpu is None else usage.cpu.utilization,
        memory=reading.memory,
        throughput=throughput,
        connections=reading.connections,
        intensity=intensity,
        activity=activity,
    )


def _emission_rates(powers: ByScope[Watts], intensity: GramsPerKwh) -> ByScope[GramsPerSecond]:
    return ByScope(
        host=None if powers.host is None else emission_rate(powers.host, intensity),
        network=None if powers.network is None else emission_rate(powers.network, intensity),
    )


def _score(readings: Readings) -> EcoScore | None:
    day = next((one for one in readings.budgets if one.period is Period.DAY), None)
    return eco_score(
        {
            ScoreFactor.GRID: None if readings.intensity is None else readings.intensity.value,
            ScoreFactor.POWER: readings.power_by_scope().host,
            ScoreFactor.NETWORK: None if readings.throughput is None else readings.throughput.total,
            ScoreFactor.BUDGET: None if day is None or day.projected is None else day.projected / day.limit,
        }
    )


def _point(reading: HostReading, readings: Readings) -> HistoryPoint:
    return HistoryPoint(
        at=reading.wall,
        elapsed=reading.elapsed,
        cpu_utilization=readings.cpu_utilization,
        throughput=readings.throughput,
        powers=readings.power_by_scope(),
        emission_rates=readings.emission_rates,
    )


def _extended(history: tuple[HistoryPoint, ...], point: HistoryPoint) -> tuple[HistoryPoint, ...]:
    """History with a point added if it is time for one, without what is older than the span."""
    if history and point.elapsed - history[-1].elapsed < HISTORY_SPACING * 0.9:
        return history
    recent = [one for one in history if point.elapsed - one.elapsed <= HISTORY_SPAN]
    return (*recent, point)
