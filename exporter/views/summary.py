"""The summary of a snapshot: the answer of `/api/v1/summary`, and the figures of the page and the `--once` table.

Units are in the names. A missing figure is null, never zero.
"""

from datetime import UTC, datetime

import msgspec

from exporter.core.html import kwh_text
from exporter.core.units import SECONDS_PER_HOUR, GramsPerSecond, Joules, Seconds, UnixSeconds, Watts, to_kwh
from exporter.equivalents import equivalents_of
from exporter.power.component import ByScope, Provenance, Scope
from exporter.snapshot import HistoryPoint, Readings, Snapshot
from exporter.sources.reading import SourceState
from exporter.usage.events import EventKind
from exporter.views.attestation import AttestationView, attestation_view
from exporter.views.embodied import EmbodiedView, embodied_notes, embodied_view
from exporter.views.score_basis import ScoreBasisView, score_basis

ESTIMATED = frozenset({"average", "cep", "generation", "name", "tdp"})
"""Sources of power that a note is due for: nobody measured this machine."""


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every part of the JSON."""


class ComponentView(_View, frozen=True):
    """A component's power, the ends of its band, and where it comes from; see `Provenance`."""

    component: str
    scope: str
    watts: float | None
    low_watts: float | None
    high_watts: float | None
    band_factor: float
    source: str
    model: str
    description: str


class CleanHourView(_View, frozen=True):
    """Start of the cleanest hour of the next day, and the share that it saves against now."""

    start: float
    savings_ratio: float


class IntensityView(_View, frozen=True):
    """Carbon intensity in force; see `IntensityReading` for its basis and its method."""

    grams_per_kwh: float
    grid_zone: str
    basis: str
    method: str
    provider: str
    described_at: float
    description: str


class CostView(_View, frozen=True):
    """Cost of the machine's electricity; the currency is null where it has no name."""

    price_per_kwh: float
    per_hour: float | None
    currency: str | None


class EmissionsView(_View, frozen=True):
    """Emissions of the machine, of the transport network, and their sum, which is null where either of them is."""

    host: float | None
    network: float | None
    host_and_network: float | None


class BudgetView(_View, frozen=True):
    """Standing of a budget; below 1 of `projection_learned_ratio` the projection is early, from the mean so far."""

    period: str
    used_grams: float
    limit_grams: float
    projected_grams: float | None
    embodied_grams: float | None
    projection_learned_ratio: float
    start: float
    end: float


class FlagView(_View, frozen=True):
    """Limit on the quality of the figures that a reader should know; level is `note` or `warning`."""

    level: str
    text: str


class Summary(_View, frozen=True):
    """Summary of a snapshot."""

    version: str
    now: float
    sampled_at: float | None
    fresh: bool
    interval_seconds: float
    counted_scopes: list[str]
    host_power_watts: float | None
    host_power_low_watts: float | None
    host_power_high_watts: float | None
    network_power_watts: float | None
    network_power_low_watts: float | None
    network_power_high_watts: float | None
    emissions_grams_per_hour: EmissionsView
    emission_limit_grams_per_hour: float
    embodied: EmbodiedView | None
    power_usage_effectiveness: float
    intensity: IntensityView | None
    intensity_troubles: dict[str, str]
    clean_hour: CleanHourView | None
    cost: CostView | None
    activity: str | None
    received_bytes_per_second: float | None
    sent_bytes_per_second: float | None
    cpu_utilization_ratio: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    components: list[ComponentView]
    budgets: list[BudgetView]
    eco_score_ratio: float | None
    eco_score_grade: str | None
    eco_score_factors: dict[str, float]
    eco_score_basis: ScoreBasisView
    lifetime_energy_kwh: float
    lifetime_emissions_grams: float
    lifetime_since: float
    equivalents: dict[str, float]
    flags: list[FlagView]
    attestation: AttestationView | None = None
    today_grams: float | None = None


class PointView(_View, frozen=True):
    """Point of `/api/v1/history`."""

    at: float
    cpu_utilization_ratio: float | None
    received_bytes_per_second: float | None
    sent_bytes_per_second: float | None
    host_power_watts: float | None
    network_power_watts: float | None
    emissions_grams_per_hour: EmissionsView


def summarize(snapshot: Snapshot, now: UnixSeconds, *, fresh: bool) -> Summary:
    """Summarize a snapshot; of one that is not `fresh`, hand over `without_readings`."""
    readings, totals = snapshot.readings, snapshot.totals
    throughput, memory, score = readings.throughput, readings.memory, readings.score
    powers = readings.power_by_scope()
    host_low, host_high = _band(snapshot, Scope.HOST)
    network_low, network_high = _band(snapshot, Scope.NETWORK)
    return Summary(
        version=snapshot.version,
        now=now,
        sampled_at=snapshot.sampled_at,
        fresh=fresh,
        interval_seconds=snapshot.interval,
        host_power_watts=powers.host,
        host_power_low_watts=host_low,
        host_power_high_watts=host_high,
        network_power_watts=powers.network,
        network_power_low_watts=network_low,
        network_power_high_watts=network_high,
        emissions_grams_per_hour=emissions_view(readings.emission_rates),
        emission_limit_grams_per_hour=snapshot.emission_limit * SECONDS_PER_HOUR,
        embodied=embodied_view(snapshot),
        power_usage_effectiveness=snapshot.pue,
        intensity=_intensity(readings),
        intensity_troubles=dict(readings.intensity_troubles),
        clean_hour=_clean_hour(readings, now),
        cost=_cost(readings, now),
        activity=readings.activity,
        received_bytes_per_second=None if throughput is None else throughput.received,
        sent_bytes_per_second=None if throughput is None else throughput.sent,
        cpu_utilization_ratio=readings.cpu_utilization,
        memory_used_bytes=None if memory is None else memory.used,
        memory_total_bytes=None if memory is None else memory.total,
        components=[_component(one, readings) for one in snapshot.provenance],
        counted_scopes=[str(scope) for scope in snapshot.counted_scopes()],
        budgets=_budgets(readings),
        eco_score_ratio=None if score is None else score.value,
        eco_score_grade=None if score is None else score.grade,
        eco_score_factors={} if score is None else {str(factor): value for factor, value in score.factors.items()},
        eco_score_basis=score_basis(snapshot),
        lifetime_energy_kwh=to_kwh(totals.lifetime_energy),
        lifetime_emissions_grams=totals.lifetime_emissions,
        lifetime_since=totals.since,
        equivalents=dict(equivalents_of(totals.lifetime_emissions)) if snapshot.equivalents else {},
        flags=quality_flags(snapshot, now, fresh=fresh),
        attestation=attestation_view(snapshot),
        today_grams=readings.today,
    )


def history(snapshot: Snapshot) -> list[PointView]:
    """Return the last hour, oldest first."""
    return [_point(point) for point in snapshot.history]


def emissions_view(rates: ByScope[GramsPerSecond]) -> EmissionsView:
    """Return emission rates in grams an hour."""
    # Summed after the conversion: the sum then equals its parts to the last bit.
    hourly = ByScope(host=_per_hour(rates.host), network=_per_hour(rates.network))
    return EmissionsView(host=hourly.host, network=hourly.network, host_and_network=hourly.total())


def quality_flags(snapshot: Snapshot, now: UnixSeconds, *, fresh: bool) -> list[FlagView]:
    """Return the limits on the quality of the figures, gravest first."""
    warnings = list(_health_warnings(snapshot, now, fresh=fresh))
    notes = [f"The {name} collector is off: what rests on it is unknown." for name in sorted(snapshot.switched_off)]
    notes += [
        f"The {one.collector} reading is denied: {one.remedy}."
        for one in snapshot.outcomes
        if one.state is SourceState.DENIED
    ]
    notes += _gap_notes(snapshot)
    notes += _estimate_notes(snapshot)
    notes += embodied_notes(snapshot, now)
    intensity = snapshot.readings.intensity
    if intensity is not None and intensity.method == "static":
        notes.append(f"Carbon intensity is a fixed figure ({intensity.description}), not your grid at this hour.")
    if intensity is not None and intensity.outlook.is_forecast_only():
        notes.append(f"All that {intensity.outlook.provider} tells of the grid is forecast, and nothing verifies it.")
    return [FlagView(level="warning", text=text) for text in warnings] + [
        FlagView(level="note", text=text) for text in dict.fromkeys(notes)
    ]


def _gap_notes(snapshot: Snapshot) -> list[str]:
    spent = to_kwh(Joules(sum(snapshot.totals.exported.gap_energy.values())))
    emitted = sum(snapshot.totals.exported.gap_emissions.values())
    told = f"{kwh_text(spent)}, {emitted:.1f} g CO\u2082e"
    if told.startswith("0.00 Wh, 0.0 g"):
        return []
    return [f"Counted apart, for time in which the exporter did not run: {told}."]


def _health_warnings(snapshot: Snapshot, now: UnixSeconds, *, fresh: bool) -> list[str]:
    found = []
    if snapshot.sampled_at is None:
        found.append("No sample has been taken yet.")
    elif not fresh:
        found.append(f"The last sample is {now - snapshot.sampled_at:.0f} s old: present figures are unknown.")
    found += [f"The {one.collector} reading fails." for one in snapshot.outcomes if one.state is SourceState.FAILS]
    found += _setting_warnings(snapshot)
    found += [_no_intensity(snapshot, *one) for one in snapshot.readings.intensity_troubles.items()]
    saved = snapshot.state_saved_at
    if saved is not None and now - saved > 60 + 3 * snapshot.interval:
        found.append(f"Totals were last saved {datetime.fromtimestamp(saved, UTC):%Y-%m-%d %H:%M:%S} UTC.")
    damaged = sum(
        count
        for event, count in snapshot.totals.exported.events.items()
        if event.kind is EventKind.DISCARD and event.source == "state" and event.reason != "unsaved"
    )
    if damaged:
        found.append(f"State files that could not be read and were kept aside in the state folder: {damaged}.")
    return found


def _setting_warnings(snapshot: Snapshot) -> list[str]:
    known = snapshot.optimizations
    if known is None:
        return []
    found = [f"It is not known whether settings were left changed: {known.trouble}."] if known.trouble else []
    if known.standing is not None and not known.standing.is_running:
        count, changed = len(known.standing.changes), f"that {known.standing.strategy} changed"
        many = f"1 setting {changed} was" if count == 1 else f"{count} settings {changed} were"
        found.append(f"{many} not set back: `ecotrack optimize --revert` as root does.")
    return found


def _no_intensity(snapshot: Snapshot, provider: str, trouble: str) -> str:
    told = f"No carbon intensity from {provider}: {trouble}."
    if snapshot.readings.intensity is not None:
        return told
    return f"{told} Energy still counts, its grams do not: emissions and budgets lack them."


def _estimate_notes(snapshot: Snapshot) -> list[str]:
    """Tell how far each estimate may be off; name the component where others of the machine are no estimates."""
    told, reference = snapshot.provenance, snapshot.reference
    partly = any(one.component.scope is Scope.HOST and one.source not in ESTIMATED for one in told)
    # A virtual machine has no power of its own that could be measured.
    measurable = reference is None or not reference.is_virtual
    return [_estimate_note(one, partly=partly, measurable=measurable) for one in told if one.source in ESTIMATED]


def _estimate_note(one: Provenance, *, partly: bool, measurable: bool) -> str:
    network = one.component.scope is Scope.NETWORK
    machine = f"Power of {one.component}" if partly else "Power"
    what, how_often = ("Network energy", "by published studies") if network else (machine, "nine times in ten")
    # The band around one watt is the ratio of the true figure to the one shown.
    low, high = one.low(Watts(1.0)), one.high(Watts(1.0))
    parts = [
        f"{what} is an estimate ({one.source}: {one.model}): {how_often} the true figure is "
        f"{low:.2g} to {high:.2g} times this one."
    ]
    if measurable and not network:
        parts.append("Where you can measure it, `ecotrack calibrate` narrows that.")
    return " ".join(parts)


def _band(snapshot: Snapshot, scope: Scope) -> tuple[Watts | None, Watts | None]:
    """Return a scope's power with every component at the low, then at the high end of its band."""
    powers = snapshot.readings.powers
    parts = [one for one in snapshot.provenance if one.component.scope is scope and one.component in powers]
    if not parts:
        return None, None
    low = sum(one.low(powers[one.component]) for one in parts)
    return Watts(low), Watts(sum(one.high(powers[one.component]) for one in parts))


def _component(one: Provenance, readings: Readings) -> ComponentView:
    watts = readings.powers.get(one.component)
    return ComponentView(
        component=one.component,
        scope=one.component.scope,
        watts=watts,
        low_watts=None if watts is None else one.low(watts),
        high_watts=None if watts is None else one.high(watts),
        band_factor=one.factor,
        source=one.source,
        model=one.model,
        description=one.description,
    )


def _intensity(readings: Readings) -> IntensityView | None:
    intensity = readings.intensity
    if intensity is None:
        return None
    return IntensityView(
        grams_per_kwh=intensity.value,
        grid_zone=intensity.zone,
        basis=intensity.basis,
        method=intensity.method,
        provider=intensity.provider,
        described_at=intensity.described_at,
        description=intensity.description,
    )


def _clean_hour(readings: Readings, now: UnixSeconds) -> CleanHourView | None:
    intensity = readings.intensity
    window = None if intensity is None else intensity.outlook.cleanest(now, Seconds(SECONDS_PER_HOUR))
    return None if window is None else CleanHourView(start=window.start, savings_ratio=window.savings)


def _cost(readings: Readings, now: UnixSeconds) -> CostView | None:
    if readings.tariff is None:
        return None
    price, watts = readings.tariff.at(now), readings.power_by_scope().host
    return CostView(
        price_per_kwh=price,
        per_hour=None if watts is None else price * to_kwh(Joules(watts * SECONDS_PER_HOUR)),
        currency=readings.tariff.currency or None,
    )


def _budgets(readings: Readings) -> list[BudgetView]:
    return [
        BudgetView(
            period=status.period,
            used_grams=status.used,
            limit_grams=status.limit,
            projected_grams=status.projected,
            embodied_grams=status.embodied,
            projection_learned_ratio=status.learned,
            start=status.bounds.start,
            end=status.bounds.end,
        )
        for status in readings.budgets
    ]


def _point(point: HistoryPoint) -> PointView:
    throughput = point.throughput
    return PointView(
        at=point.at,
        cpu_utilization_ratio=point.cpu_utilization,
        received_bytes_per_second=None if throughput is None else throughput.received,
        sent_bytes_per_second=None if throughput is None else throughput.sent,
        host_power_watts=point.powers.host,
        network_power_watts=point.powers.network,
        emissions_grams_per_hour=emissions_view(point.emission_rates),
    )


def _per_hour(rate: float | None) -> float | None:
    return None if rate is None else rate * SECONDS_PER_HOUR
