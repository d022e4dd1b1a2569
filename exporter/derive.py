"""The next snapshot from the last one and the use since: power, energy, grams, activity, budgets, score.

Pure: everything that one sample hands to the next is in the snapshot or in `Unfinished`.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import TYPE_CHECKING

from exporter import budget, downtime, last_hour, past_weeks, projection, scoring, totals, week
from exporter.activity.window import Activity, Bin, Rule, Window
from exporter.budget import BudgetStatus, Period
from exporter.core.carbon import emission_rate, emissions
from exporter.core.units import (
    BytesPerSecond,
    Grams,
    GramsPerSecond,
    Joules,
    Ratio,
    Seconds,
    UnixSeconds,
    Watts,
    energy,
)
from exporter.eco_score import LEAST, Reference
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.history import extended
from exporter.intensity.ask import AskedProvider
from exporter.intensity.reading import IntensityAnswer, IntensityReading
from exporter.intensity.window import Tariff
from exporter.last_hour import Emissions, Stretch
from exporter.power.allocation import Allocation, Pending, allocation_of
from exporter.power.component import ByScope, Component, Provenance, power_by_scope
from exporter.power.model import HostPowerModel, NetworkPowerModel
from exporter.power.provenance import in_force
from exporter.snapshot import Readings, Snapshot, Throughput
from exporter.sources.reading import HostReading
from exporter.spending import Spending
from exporter.totals import Totals
from exporter.usage.between import Usage, failures
from exporter.usage.events import Event, EventKind
from exporter.usage.sensors import believed

if TYPE_CHECKING:
    from exporter.attribution.sharing import Left, Sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Models of power, provider of carbon intensity, rule of activity, a room's overhead (`pue`), and a tariff.

    `embodied` is None where no embodied carbon is configured. `reference` is what the eco score compares with; None
    where the kind of machine is unknown. `sharing` is the rule of attribution; None without any.
    """

    host: HostPowerModel
    network: NetworkPowerModel
    intensity: AskedProvider
    activity: Rule
    pue: float = 1.0
    tariff: Tariff | None = None
    reference: Reference | None = None
    embodied: EmbodiedCarbon | None = None
    sharing: "Sharing | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPlan:
    """Limits in grams by period, and the time zone whose calendar counts.

    Time without exporter counts or not, and so do shares of the embodied carbon.
    """

    limits: Mapping[Period, Grams]
    zone: tzinfo
    include_gaps: bool = False
    embodied: EmbodiedCarbon | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """State that one sample leaves to the next: recent traffic, and what is known of the sensors.

    `hour` are the emissions of the last hour. `left` is what waits to be shared out among groups of processes.
    `learned_at` is up to when the week has been learned, on the clock that cannot be set, and `unlearned` the grams
    since then, None once a part of them is unknown. `flat` says for how many samples a sensor's counter stood still.
    """

    learned_at: Seconds
    unlearned: Grams | None = Grams(0.0)  # noqa: RUF009 - a number
    window: Window = Window()  # noqa: RUF009 - immutable
    pending: Pending = field(default_factory=dict)
    flat: Mapping[str, int] = field(default_factory=dict)
    hour: tuple[Stretch, ...] = ()
    left: "Left | None" = None


def begin(
    snapshot: Snapshot, reading: HostReading, intensity: IntensityAnswer, *, models: Models, plan: BudgetPlan
) -> tuple[Snapshot, Unfinished]:
    """Return the snapshot after the first reading of a run, and what it leaves.

    It is compared with the last reading of the run before, if the machine has not restarted since. The week learns the
    time since then as time without emissions, unless budgets include it.
    """
    last = snapshot.totals.last
    total = totals.with_events(snapshot.totals, (*failures(reading), *downtime.resets(last, reading)))
    found = downtime.downtime(last, reading, models.host, models.network, models.pue)
    emitted, elapsed = Grams(0.0), None
    if found is not None:
        grams = downtime.grams_of(found, None if intensity.reading is None else intensity.reading.value)
        total = replace(total, exported=downtime.with_downtime(total.exported, found, grams))
        if plan.include_gaps:
            emitted, elapsed = Grams(sum(grams.values())), found.elapsed
            total = replace(total, booked=downtime.book_downtime(total.booked, found, emitted, plan.zone))
    total = replace(total, week=week.observe(total.week, emitted, reading.wall, elapsed, plan.zone))
    total = totals.with_embodied(total, models.embodied, reading.wall)
    exported, left = totals.without_groups(total.exported), None
    if models.sharing is not None:
        exported, left = models.sharing.begin(total.exported, reading)
    total = replace(total, exported=exported)
    after = replace(snapshot, totals=total, outcomes=reading.outcomes, discarded_answers=intensity.discarded())
    return after, Unfinished(learned_at=reading.elapsed, left=left)


def derive(
    snapshot: Snapshot,
    reading: HostReading,
    usage: Usage,
    intensity: IntensityAnswer,
    *,
    models: Models,
    plan: BudgetPlan,
    unfinished: Unfinished,
) -> tuple[Snapshot, Unfinished]:
    """Return the snapshot after a sample, in which the machine did `usage`, and what it leaves unfinished.

    Without an intensity its energy counts and its grams are unknown: no total, budget, projection or hour gets any.
    """
    sensors = believed(usage.told, unfinished.flat)
    host = allocation_of(usage, sensors.measured, models.host, unfinished.pending).times(models.pue)
    powers, energies = _power_and_energy(host, usage, reading, models.network)
    grams = _grams(energies, intensity.reading)
    window = _window(unfinished.window, reading, usage, models.activity)
    activity = None if usage.network is None else window.activity
    unknown = () if grams is not None else (Event(kind=EventKind.DISCARD, source="grid", reason="unavailable"),)
    usage = replace(usage, told=sensors.told, events=(*usage.events, *sensors.events, *host.events, *unknown))
    total = totals.begun_by(_accumulate(snapshot.totals, usage, activity, energies, grams or {}), reading.wall)
    total, unfinished = _shared(total, unfinished, models, _spending(reading, usage, host, energies, intensity, models))
    counted = None if grams is None else scoring.counted(host, usage, reading, energies, grams)
    total = totals.with_embodied(total, models.embodied, reading.wall)
    total, unfinished = _booked(total, unfinished, counted, reading, usage, plan.zone)
    unfinished = replace(unfinished, window=window, pending=host.pending, flat=sensors.flat)
    # While CPU times fail, their grams come later: until then the week does not learn hours without emissions.
    if reading.cpu is not None or "cpu" in snapshot.off:
        total, unfinished = _learned(total, unfinished, reading, plan.zone)
    scopes = snapshot.counted_scopes()
    readings = _readings(reading, usage, activity, powers, intensity, models)
    readings = _with_budgets(readings, total, reading, plan if scopes else None, known=grams is not None)
    readings = replace(readings, groups={} if unfinished.left is None else unfinished.left.use)
    hour = last_hour.emissions_of(unfinished.hour, reading.elapsed)
    score = scoring.score(readings, hour, models.reference, Watts(models.host.idle * models.pue), scopes)
    after = replace(
        snapshot,
        provenance=provenance(host, models, snapshot.off, readings.cpu_utilization),
        sampled_at=reading.wall,
        sampled_elapsed=reading.elapsed,
        totals=total,
        readings=replace(readings, no_score=score) if isinstance(score, str) else replace(readings, score=score),
        weeks=past_weeks.last_weeks(total.weeks, total.booked, plan.zone, LEAST),
        outcomes=reading.outcomes,
        discarded_answers=intensity.discarded(),
        history=extended(snapshot.history, reading, readings),
    )
    return after, unfinished


def _with_budgets(
    readings: Readings, total: Totals, reading: HostReading, plan: BudgetPlan | None, *, known: bool
) -> Readings:
    """Add the grams of today and the state of the budgets: without projections while grams are not `known`.

    Without a plan, where no scope is counted, there are none.
    """
    if plan is None:
        return readings
    now, zone = reading.wall, plan.zone
    budgets = projection.status(plan.limits, total.booked, total.week, since=total.since, now=now, zone=zone)
    if not known:
        budgets = tuple(replace(one, projected=None) for one in budgets)
    if plan.embodied is not None:
        budgets = tuple(_with_embodied(one, plan.embodied, now) for one in budgets)
    return replace(readings, today=budget.booked_at(total.booked, Period.DAY, now, zone), budgets=budgets)


def _with_embodied(one: BudgetStatus, embodied: EmbodiedCarbon, now: UnixSeconds) -> BudgetStatus:
    """Add to a budget the embodied share of its period, whether the exporter ran or not."""
    whole = embodied.between(one.bounds.start, one.bounds.end)
    return replace(
        one,
        used=Grams(one.used + embodied.between(one.bounds.start, now)),
        projected=None if one.projected is None else Grams(one.projected + whole),
        embodied=whole,
    )


def provenance(
    host: Allocation, models: Models, off: Set[str], utilization: Ratio | None = None
) -> tuple[Provenance, ...]:
    """Return where the power of each component comes from; nothing is estimated from collectors that are `off`."""
    found = in_force(host, models.host, () if "cpu" in off else models.host.provenance(utilization))
    if models.pue != 1.0:
        found = tuple(replace(one, description=f"{one.description}, x {models.pue:g} (PUE)") for one in found)
    return found if "network" in off else (*found, models.network.provenance)


def _power_and_energy(
    host: Allocation, usage: Usage, reading: HostReading, model: NetworkPowerModel
) -> tuple[Mapping[Component, Watts], Mapping[Component, Joules]]:
    """Return mean power and energy of each component whose counters were read; each over its own time.

    While a part of the machine is unknown, so is its power: half a sum would read as a whole one. A network that is not
    there has no power.
    """
    powers = dict(host.powers()) if host.complete else {}
    energies = dict(host.energies)
    if usage.network is not None:
        for component, power in model.estimate(usage.network).items():
            powers[component], energies[component] = power, energy(power, usage.network.elapsed)
    elif reading.is_absent("network"):
        powers[Component.NETWORK] = Watts(0.0)
    return powers, energies


def _grams(
    energies: Mapping[Component, Joules], intensity: IntensityReading | None
) -> Mapping[Component, Grams] | None:
    """Return the grams of the energies; None where no intensity tells them."""
    if intensity is None:
        return None
    return {component: emissions(spent, intensity.value) for component, spent in energies.items()}


def _spending(
    reading: HostReading,
    usage: Usage,
    host: Allocation,
    energies: Mapping[Component, Joules],
    intensity: IntensityAnswer,
    models: Models,
) -> Spending:
    return Spending(
        reading=reading,
        usage=usage,
        host=host,
        network=energies.get(Component.NETWORK),
        intensity=None if intensity.reading is None else intensity.reading.value,
        machine=models.host,
        line=models.network,
        pue=models.pue,
    )


def _shared(total: Totals, unfinished: Unfinished, models: Models, spending: Spending) -> tuple[Totals, Unfinished]:
    """Return both with what a sample spent shared out among groups of processes, where any are told."""
    if models.sharing is None or unfinished.left is None:
        return total, unfinished
    exported, left = models.sharing.share(total.exported, unfinished.left, spending)
    return replace(total, exported=exported), replace(unfinished, left=left)


def _window(before: Window, reading: HostReading, usage: Usage, rule: Rule) -> Window:
    if usage.network is None:
        return before
    sample = Bin(
        end=reading.awake,
        duration=usage.network.elapsed,
        received_bytes=usage.network.received_bytes,
        sent_bytes=usage.network.sent_bytes,
    )
    return before.with_sample(sample, rule)


def _learned(total: Totals, unfinished: Unfinished, reading: HostReading, zone: tzinfo) -> tuple[Totals, Unfinished]:
    """Return the totals with the device's week up to now, time of unknown grams left out, and nothing left to learn."""
    if unfinished.unlearned is None:
        learned = week.skip(total.week, reading.wall, zone)
    else:
        elapsed = Seconds(reading.elapsed - unfinished.learned_at)
        learned = week.observe(total.week, unfinished.unlearned, reading.wall, elapsed, zone)
    return replace(total, week=learned), replace(unfinished, learned_at=reading.elapsed, unlearned=Grams(0.0))


def _accumulate(
    before: Totals,
    usage: Usage,
    activity: Activity | None,
    energies: Mapping[Component, Joules],
    grams: Mapping[Component, Grams],
) -> Totals:
    """Return the totals with one sample added, budgets apart."""
    old = before.exported
    network = usage.network
    exported = replace(
        old,
        energy=totals.add_amounts(old.energy, energies),
        emissions=totals.add_amounts(old.emissions, grams),
        devices=old.devices if network is None else totals.add_devices(old.devices, network.devices),
        sensors=totals.add_sensors(old.sensors, usage.told),
        disk=old.disk if usage.disk is None else totals.add_disk(old.disk, usage.disk),
        samples=old.samples + 1,
        events=totals.add_events(old.events, usage.events),
    )
    if activity is not None and network is not None:
        emitted = grams.get(Component.NETWORK, Grams(0.0))
        exported = replace(exported, activities=totals.add_activity(old.activities, activity, network, emitted))
    return replace(
        before,
        exported=exported,
        lifetime_energy=Joules(before.lifetime_energy + sum(energies.values())),
        lifetime_emissions=Grams(before.lifetime_emissions + sum(grams.values())),
    )


def _readings(
    reading: HostReading,
    usage: Usage,
    activity: Activity | None,
    powers: Mapping[Component, Watts],
    intensity: IntensityAnswer,
    models: Models,
) -> Readings:
    network, processes, process_bytes = usage.network, reading.processes, reading.process_bytes
    throughput = None
    if network is not None:
        throughput = Throughput(
            received=BytesPerSecond(network.received_bytes / network.elapsed),
            sent=BytesPerSecond(network.sent_bytes / network.elapsed),
        )
    return Readings(
        powers=powers,
        emission_rates=_emission_rates(power_by_scope(powers), intensity.reading),
        cpu_utilization=None if usage.cpu is None else usage.cpu.utilization,
        memory=reading.memory,
        throughput=throughput,
        sockets=reading.sockstat,
        connections=reading.connections,
        intensity=intensity.reading,
        intensity_troubles=intensity.troubles,
        tariff=models.tariff,
        embodied_rate=None if models.embodied is None else models.embodied.rate(reading.wall),
        activity=activity,
        processes=() if processes is None else processes.value.busiest,
        process_interval=None if processes is None else processes.value.interval,
        bytes_means="" if process_bytes is None else process_bytes.value.means,
        bytes_why="" if process_bytes is None else process_bytes.value.why,
    )


def _emission_rates(powers: ByScope[Watts], intensity: IntensityReading | None) -> ByScope[GramsPerSecond]:
    if intensity is None:
        return ByScope()
    return ByScope(
        host=None if powers.host is None else emission_rate(powers.host, intensity.value),
        network=None if powers.network is None else emission_rate(powers.network, intensity.value),
    )


def _booked(
    total: Totals, unfinished: Unfinished, counted: Emissions | None, reading: HostReading, usage: Usage, zone: tzinfo
) -> tuple[Totals, Unfinished]:
    """Return both with what a sample counted in budgets, week and hour; None where its grams are unknown."""
    if counted is None:
        return total, replace(unfinished, unlearned=None)
    emitted = counted.grams
    booked = budget.book(total.booked, emitted, reading.wall, zone)
    total = replace(total, booked=booked, weeks=past_weeks.book_week(total.weeks, counted, booked))
    # A part that could not be read before is of a longer time than the sample.
    longest = max(usage.elapsed, counted.host.seconds, counted.network.seconds)
    stretch = Stretch(begin=Seconds(reading.elapsed - longest), end=reading.elapsed, emissions=counted)
    unlearned = None if unfinished.unlearned is None else Grams(unfinished.unlearned + emitted)
    return total, replace(unfinished, unlearned=unlearned, hour=last_hour.with_sample(unfinished.hour, stretch))
