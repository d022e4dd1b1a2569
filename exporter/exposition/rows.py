"""Every metric family of the exporter, one row each: name, type, help, unit, labels, and how to read it."""

from functools import partial

from prometheus_client import ProcessCollector

from exporter.core.metrics import Exposition, Kind, Row
from exporter.exposition import metric_values
from exporter.power import presets
from exporter.snapshot import Snapshot


def exposition(snapshot: Snapshot) -> Exposition[Snapshot]:
    """The bodies of `/metrics` for a snapshot, with the cost of this process beside it."""
    return Exposition(ROWS, snapshot, beside=(ProcessCollector(registry=None),))


_gauge = partial(Row, kind=Kind.GAUGE)
_counter = partial(Row, kind=Kind.COUNTER)
_info = partial(Row, kind=Kind.INFO)

ROWS: tuple[Row[Snapshot], ...] = (
    _gauge(
        name="ecotrack_power_watts",
        unit="watts",
        labels=("component", "scope"),
        help="Mean electric power over the last sample. Components are disjoint; scope host sums to the machine.",
        read=metric_values.power,
    ),
    _counter(
        name="ecotrack_energy_joules_total",
        unit="joules",
        labels=("component", "scope"),
        help="Electric energy, integrated over samples. Components are disjoint; scope host sums to the machine.",
        read=metric_values.energy,
    ),
    _counter(
        name="ecotrack_emissions_grams_total",
        unit="grams",
        labels=("component", "scope"),
        help="CO2e emissions, integrated with the carbon intensity in force at each sample.",
        read=metric_values.emissions,
    ),
    _gauge(
        name="ecotrack_emissions_grams_per_second",
        unit="grams_per_second",
        help="CO2e emission rate of host and network over the last sample.",
        read=metric_values.one(lambda snapshot: snapshot.readings.emission_rates.total()),
    ),
    _info(
        name="ecotrack_power_source_info",
        labels=("component", "source", "model"),
        help="Where the power of each component comes from: which kind of source, and which model or preset.",
        read=metric_values.provenance,
    ),
    _gauge(
        name="ecotrack_power_uncertainty_ratio",
        unit="ratio",
        labels=("component",),
        help=(
            "Half-width of the band around a component's power; 1 is plus or minus 100%, and no band goes below 0. "
            "Whole servers lie outside the bands of the presets: it takes a factor of "
            f"{presets.CEP_SERVERS_IDLE.value:g} to {presets.CEP_SERVERS_FULL.value:g} (cep) or "
            f"{presets.CLOUD_SERVERS_FULL.value:g} to {presets.CLOUD_SERVERS_IDLE.value:g} (aws, gcp, azure) "
            "to hold nine in ten."
        ),
        read=metric_values.uncertainty,
    ),
    _gauge(
        name="ecotrack_cpu_utilization_ratio",
        unit="ratio",
        help="Busy CPU time over the last sample, as a share of its time on all CPUs online. Stolen time is not busy.",
        read=metric_values.one(lambda snapshot: snapshot.readings.cpu_utilization),
    ),
    _gauge(
        name="ecotrack_memory_used_bytes",
        unit="bytes",
        help="Physical memory that is not available to programs.",
        read=metric_values.one(lambda snapshot: None if (memory := snapshot.readings.memory) is None else memory.used),
    ),
    _gauge(
        name="ecotrack_memory_total_bytes",
        unit="bytes",
        help="Physical memory.",
        read=metric_values.one(lambda snapshot: None if (memory := snapshot.readings.memory) is None else memory.total),
    ),
    _counter(
        name="ecotrack_disk_bytes_total",
        unit="bytes",
        labels=("direction",),
        help="Bytes read from and written to disks while the exporter ran.",
        read=metric_values.disk_bytes,
    ),
    _counter(
        name="ecotrack_network_bytes_total",
        unit="bytes",
        labels=("device", "direction"),
        help="Bytes over the devices that count towards energy, while the exporter ran.",
        read=partial(metric_values.network_counters, received="received_bytes", sent="sent_bytes"),
    ),
    _counter(
        name="ecotrack_network_packets_total",
        labels=("device", "direction"),
        help="Packets over the devices that count towards energy, while the exporter ran.",
        read=partial(metric_values.network_counters, received="received_packets", sent="sent_packets"),
    ),
    _gauge(
        name="ecotrack_network_throughput_bytes_per_second",
        unit="bytes_per_second",
        labels=("direction",),
        help="Bytes per second over the last sample.",
        read=metric_values.throughput,
    ),
    _gauge(
        name="ecotrack_network_connections",
        labels=("state",),
        help="TCP sockets by state.",
        read=metric_values.connections,
    ),
    _gauge(
        name="ecotrack_grid_carbon_intensity_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("grid_zone", "source"),
        help="Carbon intensity of electricity in force.",
        read=metric_values.intensity,
    ),
    _gauge(
        name="ecotrack_grid_carbon_intensity_timestamp_seconds",
        unit="seconds",
        labels=("provider",),
        help="Time that the carbon intensity in force describes; for a yearly average, the end of its year.",
        read=metric_values.intensity_time,
    ),
    _gauge(
        name="ecotrack_grid_provider_up",
        labels=("provider",),
        help="Whether the provider of carbon intensity answers.",
        read=metric_values.provider_up,
    ),
    _gauge(
        name="ecotrack_activity_state",
        labels=("activity",),
        help="1 for what the network is being used for, judged by throughput alone, and 0 for everything else.",
        read=metric_values.activity_state,
    ),
    _counter(
        name="ecotrack_activity_seconds_total",
        unit="seconds",
        labels=("activity",),
        help="Time spent in each activity.",
        read=partial(metric_values.activity_total, read=lambda total: total.duration),
    ),
    _counter(
        name="ecotrack_activity_bytes_total",
        unit="bytes",
        labels=("activity",),
        help="Bytes sent and received in each activity.",
        read=partial(metric_values.activity_total, read=lambda total: total.transferred_bytes),
    ),
    _counter(
        name="ecotrack_activity_emissions_grams_total",
        unit="grams",
        labels=("activity",),
        help="CO2e of scope network by activity; it sums to that scope.",
        read=partial(metric_values.activity_total, read=lambda total: total.emitted),
    ),
    _gauge(
        name="ecotrack_ecoguard_limit_grams_per_second",
        unit="grams_per_second",
        help="Configured emission rate above which EcoGuard warns.",
        read=metric_values.one(lambda snapshot: snapshot.emission_limit),
    ),
    _gauge(
        name="ecotrack_budget_limit_grams",
        unit="grams",
        labels=("period",),
        help="Configured carbon budget of a calendar period.",
        read=partial(metric_values.budget, read=lambda status: status.limit),
    ),
    _gauge(
        name="ecotrack_budget_used_grams",
        unit="grams",
        labels=("period",),
        help="CO2e of host and network since the period began.",
        read=partial(metric_values.budget, read=lambda status: status.used),
    ),
    _gauge(
        name="ecotrack_budget_projected_grams",
        unit="grams",
        labels=("period",),
        help="CO2e at the end of the period: used, and the hours left of the device's usual week, scaled by how the "
        "period compares with it so far.",
        read=partial(metric_values.budget, read=lambda status: status.projected),
    ),
    _gauge(
        name="ecotrack_budget_projection_learned_ratio",
        unit="ratio",
        labels=("period",),
        help="Share of the hours of the device's week that are known; below 1 the projection is the mean so far.",
        read=partial(metric_values.budget, read=lambda status: status.learned),
    ),
    _gauge(
        name="ecotrack_budget_period_start_timestamp_seconds",
        unit="seconds",
        labels=("period",),
        help="When the period began, in the configured time zone's calendar.",
        read=partial(metric_values.budget, read=lambda status: status.bounds.start),
    ),
    _gauge(
        name="ecotrack_budget_period_end_timestamp_seconds",
        unit="seconds",
        labels=("period",),
        help="When the period ends, in the configured time zone's calendar.",
        read=partial(metric_values.budget, read=lambda status: status.bounds.end),
    ),
    _gauge(
        name="ecotrack_lifetime_energy_joules",
        unit="joules",
        help="Electric energy of host and network since the state file began; goes on over reboots.",
        read=metric_values.one(lambda snapshot: snapshot.totals.lifetime_energy),
    ),
    _gauge(
        name="ecotrack_lifetime_emissions_grams",
        unit="grams",
        help="CO2e of host and network since the state file began; goes on over reboots.",
        read=metric_values.one(lambda snapshot: snapshot.totals.lifetime_emissions),
    ),
    _gauge(
        name="ecotrack_lifetime_start_timestamp_seconds",
        unit="seconds",
        help="When the state file began.",
        read=metric_values.one(lambda snapshot: snapshot.totals.since),
    ),
    _gauge(
        name="ecotrack_eco_score_ratio",
        unit="ratio",
        help="Eco score, 1 is best: the mean of the factors that are known.",
        read=metric_values.one(lambda snapshot: None if (score := snapshot.readings.score) is None else score.value),
    ),
    _gauge(
        name="ecotrack_eco_score_factor_ratio",
        unit="ratio",
        labels=("factor",),
        help="Factors of the eco score, each 1 / (1 + x / half point).",
        read=metric_values.score_factors,
    ),
    _gauge(
        name="ecotrack_collector_success",
        labels=("collector",),
        help="Whether the collector's last reading succeeded.",
        read=metric_values.collector_success,
    ),
    _gauge(
        name="ecotrack_collector_duration_seconds",
        unit="seconds",
        labels=("collector",),
        help="How long the collector's last reading took.",
        read=metric_values.collector_durations,
    ),
    _counter(
        name="ecotrack_samples_total",
        help="Samples taken.",
        read=metric_values.one(lambda snapshot: snapshot.totals.exported.samples),
    ),
    _counter(
        name="ecotrack_sample_gaps_total",
        labels=("reason",),
        help="Samples that came late, slept through a suspension, or met a clock that was set.",
        read=metric_values.gaps,
    ),
    _counter(
        name="ecotrack_resets_total",
        labels=("source",),
        help="Times that counters of a source fell: they began again, or idle time ran backwards.",
        read=metric_values.resets,
    ),
    _counter(
        name="ecotrack_discarded_readings_total",
        labels=("source", "reason"),
        help="Readings that failed or could not be believed; none of them became a number.",
        read=metric_values.discarded,
    ),
    _gauge(
        name="ecotrack_sample_interval_seconds",
        unit="seconds",
        help="Configured time between samples.",
        read=metric_values.one(lambda snapshot: snapshot.interval),
    ),
    _gauge(
        name="ecotrack_last_sample_timestamp_seconds",
        unit="seconds",
        help="When the last sample was taken.",
        read=metric_values.one(lambda snapshot: snapshot.sampled_at),
    ),
    _gauge(
        name="ecotrack_sample_duration_seconds",
        unit="seconds",
        help="How long the last sample took: reading, deriving and saving.",
        read=metric_values.one(lambda snapshot: snapshot.sample_duration),
    ),
    _gauge(
        name="ecotrack_state_save_timestamp_seconds",
        unit="seconds",
        help="When the totals on disk were last those in memory.",
        read=metric_values.one(lambda snapshot: snapshot.state_saved_at),
    ),
    _info(
        name="ecotrack_build_info",
        labels=("version", "python"),
        help="Version of the exporter and of Python.",
        read=metric_values.build,
    ),
)
