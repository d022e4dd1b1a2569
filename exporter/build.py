"""Construction from a configuration: power models, provider of carbon intensity, rules, limits and sampling loop."""

import os
import platform
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import exporter
from exporter.activity.ecotrack import ECOTRACK
from exporter.activity.rhythm import RHYTHM
from exporter.activity.window import Rule
from exporter.audit.kept import LastAudit
from exporter.budget import Period
from exporter.build_sharing import group_rule, sharing_of
from exporter.calibrate.stored import Calibration
from exporter.config import Budget, Config, EcoGuard, Embodied, JournalSection, Meter, Network, Optimize, Power
from exporter.core.clock import Clock
from exporter.core.config_load import ConfigLoad
from exporter.core.units import (
    DAYS_PER_YEAR,
    GRAMS_PER_KILOGRAM,
    HOURS_PER_DAY,
    SECONDS_PER_DAY,
    SECONDS_PER_MINUTE,
    Grams,
    GramsPerKwh,
    GramsPerSecond,
    Ratio,
    Seconds,
    UnixSeconds,
    Watts,
)
from exporter.core.web.publication import Publication
from exporter.derive import BudgetPlan, Models, provenance
from exporter.eco_score import reference_of
from exporter.embodied.carbon import EmbodiedCarbon
from exporter.embodied.classes import device_classes
from exporter.exposition.rows import exposition
from exporter.intensity.ask import AskedProvider
from exporter.intensity.section import Grid
from exporter.intensity.static import (
    WORLD,
    StaticIntensity,
    configured_intensity,
    preset_intensity,
    zone_intensity,
)
from exporter.intensity.window import Tariff
from exporter.optimize.advisor import Advisor, Look
from exporter.optimize.place import JOURNAL
from exporter.power import networks, presets
from exporter.power.allocation import Allocation
from exporter.power.component import Coverage
from exporter.power.hardware import Hardware, Kind, hardware_of
from exporter.power.host import host_model_of
from exporter.power.ladder import calibrated, host_estimate, with_measured_span
from exporter.power.model import HostPowerModel, NetworkPowerModel
from exporter.sampler import Journal, Outlets, Sampler, Settings
from exporter.snapshot import STALE_AFTER_INTERVALS, Snapshot
from exporter.sources.collector import BY_DEFAULT, SOURCES, Choices, OnFailure, Source
from exporter.sources.host import HostSource
from exporter.sources.identity import identity
from exporter.sources.machine import boot_id
from exporter.sources.nics import NicRule
from exporter.sources.reading import LastReading
from exporter.sources.time_zone import time_zone
from exporter.state import StateStore
from exporter.totals import Totals

if TYPE_CHECKING:
    from exporter.attribution.sharing import Sharing
    from exporter.sources.meter import MeterSettings


BUILT_IN = "built-in defaults"
"""Name of the configuration where no file is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Places of the kernel's files, which differ in a container that looks at its host, and of the configuration."""

    procfs: Path = Path("/proc")
    sysfs: Path = Path("/sys")
    config: Path | None = None


def host_hardware(power: Power, paths: Paths) -> Hardware:
    """Return what the machine says of itself, and what the configuration says of it instead."""
    return hardware_of(
        identity(paths.procfs, paths.sysfs),
        kind=None if power.machine is None else Kind(power.machine),
        tdp=None if power.tdp_watts is None else Watts(power.tdp_watts),
    )


def host_model(power: Power, hardware: Hardware, calibration: Calibration | None = None) -> HostPowerModel:
    """Return the power model: the user's own figures, a named preset, a calibration, or else the best estimate."""
    recent = hardware.processor.is_recent
    if power.idle_watts is not None and power.full_watts is not None:
        return host_model_of(calibrated(hardware, Watts(power.idle_watts), Watts(power.full_watts), "configured"))
    if power.preset in presets.CLOUD_PRESETS:
        return host_model_of(presets.cloud_estimate(power.preset, hardware.vcpus, recent=recent))
    if power.preset is not None:
        return host_model_of(presets.cep_estimate(power.preset))
    if calibration is None:
        return host_model_of(host_estimate(hardware), hardware)
    idle, full = calibration.idle_watts, calibration.full_watts
    if calibration.covers is Coverage.PACKAGE:
        return host_model_of(with_measured_span(host_estimate(hardware), idle, full, calibration.source), hardware)
    return host_model_of(calibrated(hardware, idle, full, calibration.source))


def network_model(config: Config) -> NetworkPowerModel:
    """Return the power model of the transport network; `kwh_per_gb` means 10^9 bytes."""
    chosen = config.network
    if chosen.model == "power":
        if chosen.line_watts is not None and chosen.watts_per_mbit is not None:
            return networks.configured_line(chosen.line_watts, chosen.watts_per_mbit)
        return networks.line(chosen.line or "fixed")
    if chosen.kwh_per_gb is not None:
        return networks.configured_volume(chosen.kwh_per_gb)
    return networks.volume(chosen.preset or config.preset)


PROVIDERS: Mapping[str, Callable[[Any, Grid, UnixSeconds], StaticIntensity]] = {
    "preset": lambda preset, _grid, _now: preset_intensity(preset),
    "intensity_grams_per_kwh": lambda value, grid, now: configured_intensity(
        GramsPerKwh(value), grid.zone or WORLD, now
    ),
    "zone": lambda zone, _grid, _now: zone_intensity(zone),
}
"""One row for each key of `Grid` that is a way to have the carbon intensity: what makes the provider from the key's
value, the whole section, and the time of the start. The first key that is set counts."""


def intensity_provider(config: Config, now: UnixSeconds) -> StaticIntensity:
    """Return the provider of the fixed carbon intensity; the user's own figure describes `now`."""
    grid = config.grid
    key = next((key for key in PROVIDERS if getattr(grid, key) is not None), None)
    fixed = preset_intensity(config.preset) if key is None else PROVIDERS[key](getattr(grid, key), grid, now)
    if grid.daily_profile is None:
        return fixed
    return fixed.with_hours(grid.daily_profile, time_zone(config.budget.time_zone))


def asked_intensity(config: Config, clock: Clock) -> AskedProvider:
    """Return the asked provider: the live one with the fixed figure below it, or the fixed figure alone."""
    fixed = intensity_provider(config, clock.wall())
    if config.grid.live.provider is None:
        return AskedProvider(fixed)
    return _live_intensity(config.grid.live.provider, config, clock, fixed)


def _live_intensity(provider: str, config: Config, clock: Clock, fixed: StaticIntensity) -> AskedProvider:
    from exporter.intensity.ask_live import AskedLiveProvider  # noqa: PLC0415 - what is off is not loaded
    from exporter.intensity.live import LiveIntensity, send_child  # noqa: PLC0415
    from exporter.intensity.providers.provider import Question  # noqa: PLC0415
    from exporter.intensity.providers.table import covered_zone  # noqa: PLC0415

    live = config.grid.live
    zone = covered_zone(provider, live.zone or config.grid.zone or provider)
    question = Question(
        provider=provider,
        zone=zone,
        url=live.url or "",
        path=live.path or "",
        query=live.query or "",
        unit=live.unit,
        user=live.user or "",
        basis=live.basis or "",
        secret_file=live.token_file or "",
    )
    asked = LiveIntensity(question, clock, send=send_child, draw=random.random)
    return AskedLiveProvider(asked, fixed, zone)


def tariff_of(config: Config) -> Tariff | None:
    """Return what electricity costs by the hour of the day; None where no price is configured."""
    grid = config.grid
    prices = grid.daily_tariff or (() if grid.price_per_kwh is None else (grid.price_per_kwh,) * HOURS_PER_DAY)
    if not prices:
        return None
    return Tariff(prices=prices, zone=time_zone(config.budget.time_zone), currency=grid.currency or "")


ACTIVITY_RULES: Mapping[str, Rule] = {"rhythm": RHYTHM, "ecotrack": ECOTRACK}
"""Rules of activity by their name in the configuration."""


def nic_rule(network: Network) -> NicRule:
    """Return the rule of which network devices count towards energy."""
    return NicRule(include=network.include, exclude=network.exclude)


def meter_settings(meter: Meter, last: LastReading | None = None) -> "MeterSettings | None":
    """Return the meter that is configured; None without one. Its counter goes on from the `last` reading."""
    if meter.kind is None:
        return None
    from exporter.sources.meter import MeterKind, MeterSettings  # noqa: PLC0415 - what is off is not loaded
    from exporter.sources.meter_answer import Unit  # noqa: PLC0415

    return MeterSettings(
        kind=MeterKind(meter.kind),
        place=meter.file or meter.url or "",
        query=meter.query or "",
        unit=Unit(meter.unit),
        channel=meter.channel,
        user=meter.user or "",
        password_file=None if meter.password_file is None else Path(meter.password_file),
        interval=Seconds(meter.interval_seconds),
        last=last,
    )


def budget_limits(budget: Budget) -> Mapping[Period, Grams]:
    """Return the limits that are set."""
    given = {Period.DAY: budget.day_grams, Period.WEEK: budget.week_grams, Period.MONTH: budget.month_grams}
    return {period: Grams(limit) for period, limit in given.items() if limit is not None}


def embodied_carbon(embodied: Embodied, zone: tzinfo) -> EmbodiedCarbon | None:
    """Return the machine's embodied carbon, its life beginning with the day of purchase; None where none is told."""
    if embodied.purchased is None:
        return None
    start = UnixSeconds(datetime.combine(embodied.purchased, time(), zone).timestamp())
    end = UnixSeconds(start + embodied.lifetime_years * DAYS_PER_YEAR * SECONDS_PER_DAY)
    if embodied.kilograms is not None:
        own = Grams(embodied.kilograms * GRAMS_PER_KILOGRAM)
        return EmbodiedCarbon(grams=own, low=own, high=own, start=start, end=end, source="configured")
    known = device_classes()[embodied.device or ""]
    return EmbodiedCarbon(grams=known.grams, low=known.low, high=known.high, start=start, end=end, source=known.source)


def emission_limit(ecoguard: EcoGuard) -> GramsPerSecond:
    """Return the emission rate above which EcoGuard warns."""
    return GramsPerSecond(ecoguard.limit_grams_per_minute / SECONDS_PER_MINUTE)


def build_store(config: Config, clock: Clock, paths: Paths, folder: Path) -> StateStore:
    """Lock a state folder and return its store. Raises StateError."""
    resume_within = Seconds(STALE_AFTER_INTERVALS * config.sampling.interval_seconds)
    return StateStore(folder, boot_id(paths.procfs), clock=clock, resume_within=resume_within)


def build_journal(settings: JournalSection, now: UnixSeconds) -> Journal | None:
    """Open the journal that is configured; None without one. Raises ConfigError where its folder cannot be used."""
    if settings.folder is None:
        return None
    from exporter.journal import files, journal  # noqa: PLC0415 - what is off is not loaded

    rotation = files.Rotation(
        megabytes=settings.rotate_megabytes, days=settings.rotate_days, keep_files=settings.keep_files
    )
    return journal.Journal(files.JournalFiles(Path(settings.folder), rotation, now))


def build_settings(
    config: Config,
    paths: Paths,
    intensity: AskedProvider,
    calibration: Calibration | None = None,
    sharing: "Sharing | None" = None,
) -> Settings:
    """Return what the configuration says of how use is counted, with the carbon intensity of a provider."""
    hardware, zone = host_hardware(config.power, paths), time_zone(config.budget.time_zone)
    embodied = embodied_carbon(config.embodied, zone)
    return Settings(
        models=Models(
            host=host_model(config.power, hardware, calibration),
            pue=config.power.pue,
            network=network_model(config),
            intensity=intensity,
            activity=ACTIVITY_RULES[config.activity.rule],
            tariff=tariff_of(config),
            reference=reference_of(hardware),
            embodied=embodied,
            sharing=sharing,
        ),
        plan=BudgetPlan(
            limits=budget_limits(config.budget),
            zone=zone,
            include_gaps=config.budget.include_gaps,
            embodied=embodied if config.budget.include_embodied else None,
        ),
        emission_limit=emission_limit(config.ecoguard),
        equivalents=config.equivalents,
        proof=None if config.attestation.proof is None else Path(config.attestation.proof),
    )


def build_advisor(chosen: Optimize, paths: Paths, folder: Path) -> Advisor:
    """Return the advisor of a state folder."""

    def load() -> Look:
        from exporter.optimize.roots import Roots  # noqa: PLC0415 - what is off is not loaded
        from exporter.optimize.watch import Watch  # noqa: PLC0415

        return Watch(folder, Roots(procfs=paths.procfs, sysfs=paths.sysfs), chosen.strategies)

    return Advisor(folder, Seconds(chosen.interval_seconds), load, always=bool(chosen.strategies))


def take_back_settings(paths: Paths, folder: Path) -> None:
    """Set back what a killed `ecotrack optimize` has left changed, as far as this user may."""
    if os.path.lexists(folder / JOURNAL):
        from exporter.optimize.roots import Roots  # noqa: PLC0415 - what is off is not loaded
        from exporter.optimize.watch import take_back  # noqa: PLC0415

        take_back(folder, Roots(procfs=paths.procfs, sysfs=paths.sysfs))


def initial_snapshot(
    config: Config, settings: Settings, sources: Collection[Source], totals: Totals, now: UnixSeconds
) -> Snapshot:
    """Return the snapshot before the first sample, with the totals so far."""
    off = frozenset({source.name for source in SOURCES} - {source.name for source in sources})
    # Nothing is unknown without a sensor, which a model stands in for.
    usual = frozenset(source.name for source in BY_DEFAULT if source.on_failure is not OnFailure.REPLACED)
    sharing = settings.models.sharing
    return Snapshot(
        version=exporter.__version__,
        python_version=platform.python_version(),
        interval=Seconds(config.sampling.interval_seconds),
        provenance=provenance(Allocation(), settings.models, off),
        off=off,
        switched_off=off & usual,
        attributed=frozenset() if sharing is None else sharing.scopes,
        pue=settings.models.pue,
        emission_limit=settings.emission_limit,
        embodied=settings.models.embodied,
        equivalents=settings.equivalents,
        share_limit=None if config.attribution.share_limit is None else Ratio(config.attribution.share_limit),
        totals=totals,
        config=ConfigLoad(is_good=True, good_at=now),
        reference=settings.models.reference,
    )


def build_sampler(
    config: Config,
    clock: Clock,
    paths: Paths,
    sources: Collection[Source],
    store: StateStore | None,
    calibration: Calibration | None = None,
    journal: Journal | None = None,
) -> tuple[Sampler, Publication[Snapshot]]:
    """Return the sampling loop over the sources, and the publication that it fills.

    Without a `store` and a `journal` nothing is read from disk or written to it.
    """
    now = clock.wall()
    sharing = sharing_of(config.attribution, sources)
    settings = build_settings(config, paths, asked_intensity(config, clock), calibration, sharing)
    totals = Totals(since=now) if store is None else store.load(now)
    initial = initial_snapshot(config, settings, sources, totals, now)
    if store is not None:
        initial = replace(initial, state_saved_at=now)
    source = HostSource(
        clock,
        nic_rule(config.network),
        procfs=paths.procfs,
        sysfs=paths.sysfs,
        sources=sources,
        choices=Choices(
            connections_interval=Seconds(config.sampling.connections_interval_seconds),
            meter=meter_settings(config.meter, totals.last),
            attribution=None if sharing is None else group_rule(config.attribution),
            proof=lambda: sampler.settings.proof,
        ),
    )
    publication = Publication(clock, initial, exposition)
    sampler = Sampler(
        initial,
        source=source,
        clock=clock,
        settings=settings,
        outlets=Outlets(publish=publication.publish, store=store, journal=journal),
        advisor=None if store is None else build_advisor(config.optimize, paths, store.folder),
        audit=LastAudit(store.folder) if store is not None else lambda: None,
    )
    return sampler, publication
