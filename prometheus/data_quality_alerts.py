"""Alerts on the quality of the numbers, for when they deserve less trust."""

from prometheus.alert import SAME_INSTANCE, Alert
from prometheus.recording import DISCARDED, FAILED, POWER, STATE_DISCARDED, lately

LIVE = 'provider!="static"'
"""A static intensity describes a year that is over, and never goes stale."""

FALLBACK = 'method=~"last_known|static"'
"""Methods by which a value stands in where not even the provider's forecast is left."""

STALE_SECONDS = 3 * 3600
"""Live providers publish values for half an hour or an hour, some of them an hour late."""

HIGHEST_GRAMS_PER_KWH = 1500
"""Above the carbon intensity of any national grid; a lignite plant alone is near 1100 g/kWh (IPCC AR5, annex III)."""

UNSAVED_SECONDS = 300
LATE_PROOF_SECONDS = 26 * 3600
"""Age from which a proof is late: a day, as a machine that is on for some hours of each day attests, and two hours in
which to do so. Judgement."""

DISCARDED_RATIO = 0.05
LATE_INTERVALS = 3


def data_quality_alerts() -> tuple[Alert, ...]:
    """Return the alerts on the carbon intensity, on the exporter's own readings and state, and on its last proof."""
    return (*_intensity_alerts(), _forecast_alert(), *_reading_alerts(), _state_alert(), _proof_alert())


def alert_on_data(
    *, name: str, expr: str, summary: str, description: str, advice: str, severity: str = "warning"
) -> Alert:
    """Return an alert on figures that are missing, late or doubtful."""
    return Alert(
        name=name,
        expr=expr,
        severity=severity,
        component="data-quality",
        summary=summary,
        description=description,
        advice=advice,
    )


def _intensity_alerts() -> tuple[Alert, ...]:
    timestamp = f"ecotrack_grid_carbon_intensity_timestamp_seconds{{{LIVE}}}"
    intensity = "ecotrack_grid_carbon_intensity_grams_per_kwh"
    return (
        alert_on_data(
            name="EcotrackIntensityStale",
            expr=f"time() - {timestamp} > {STALE_SECONDS}",
            summary="{{ $labels.instance }} uses an old carbon intensity",
            description=(
                "The newest carbon intensity from {{ $labels.provider }} on {{ $labels.instance }} is "
                "{{ $value | humanizeDuration }} old. Emissions since then are computed with that value."
            ),
            advice="Check what the provider reads from, and the machine's clock.",
        ),
        alert_on_data(
            name="EcotrackIntensityProviderDown",
            expr="max_over_time(ecotrack_grid_provider_up[5m]) == 0",
            summary="{{ $labels.instance }} gets no carbon intensity from {{ $labels.provider }}",
            description=(
                "Provider {{ $labels.provider }} on {{ $labels.instance }} has had no carbon intensity for 5 minutes. "
                "Its forecast, its last value or the fixed figure of the configuration takes its place."
            ),
            advice="Read the exporter's page or log, which says why, and check the section grid of its configuration.",
        ),
        alert_on_data(
            name="EcotrackIntensityFallback",
            expr=f"max_over_time(ecotrack_grid_provider_up{{{LIVE}}}[15m]) == 0\n"
            f"and on (job, instance)\necotrack_grid_carbon_intensity_info{{{FALLBACK}}}",
            summary="{{ $labels.instance }} reckons without its grid",
            description=(
                "Provider {{ $labels.provider }} on {{ $labels.instance }} has had no carbon intensity for 15 minutes, "
                "and no forecast of it is left. Emissions are computed with its last value or with the fixed figure."
            ),
            advice="Read the exporter's page or log, which says why, and check the section grid.live.",
        ),
        alert_on_data(
            name="EcotrackIntensityOutOfRange",
            expr=f"{intensity} < 0 or {intensity} > {HIGHEST_GRAMS_PER_KWH}",
            summary="{{ $labels.instance }} uses an implausible carbon intensity",
            description=(
                "The carbon intensity in force on {{ $labels.instance }} is "
                '{{ $value | printf "%.0f" }} g/kWh; '
                f"a grid lies between 0 and {HIGHEST_GRAMS_PER_KWH} g/kWh."
            ),
            advice="Check grid.intensity_grams_per_kwh: 0.475 kg/kWh is 475 g/kWh.",
        ),
    )


def _forecast_alert() -> Alert:
    error = "ecotrack_grid_carbon_forecast_error_grams_per_kwh"
    return alert_on_data(
        name="EcotrackForecastWorse",
        expr=f'{error}{{reference="forecast"}}\n> on (job, instance, horizon)\n{error}{{reference="yesterday"}}',
        summary="{{ $labels.instance }} has a poor forecast of its grid",
        description=(
            "Over the last week the forecast for {{ $labels.horizon }} ahead on {{ $labels.instance }} was off by "
            '{{ $value | printf "%.0f" }} g/kWh on average, which is more than yesterday\'s values would have been.'
        ),
        advice="Plan by yesterday's values, or by another provider's.",
    )


def _reading_alerts() -> tuple[Alert, ...]:
    window = "10m"
    # Rates over five minutes, one of every two minutes: the first of seven minutes begins ten minutes ago or earlier.
    energy = f'max by (job, instance) (max_over_time({POWER}{{scope="host"}}[7m]))'
    samples = f"increase(ecotrack_samples_total[{window}])"
    discarded = f"sum by (job, instance, source) ({lately(DISCARDED)})"
    return (
        alert_on_data(
            name="EcotrackCollectorFailing",
            expr=lately(FAILED),
            summary="Collector {{ $labels.collector }} fails on {{ $labels.instance }}",
            description=(
                "Every reading of collector {{ $labels.collector }} on {{ $labels.instance }} "
                "failed for 5 minutes. Values that depend on it are missing; totals keep their last value."
            ),
            advice="Read the exporter's log, which names the cause.",
        ),
        alert_on_data(
            name="EcotrackEnergyCounterStuck",
            expr=f"{energy} == 0\nand {SAME_INSTANCE}\n{samples} > 0",
            summary="{{ $labels.instance }} takes samples but counts no energy",
            description=(
                f"For {window} {{{{ $labels.instance }}}} has taken samples without adding host energy. "
                "Emissions and budgets stand still with it."
            ),
            advice="Check power.idle_watts and power.full_watts, and whether the collector cpu fails.",
        ),
        alert_on_data(
            name="EcotrackReadingsDiscarded",
            expr=f"{discarded}\n/ {SAME_INSTANCE} group_left ()\n{samples} > {DISCARDED_RATIO}",
            summary="{{ $labels.instance }} discards many {{ $labels.source }} readings",
            description=(
                "{{ $value | humanizePercentage }} of the samples on {{ $labels.instance }} in the last "
                f"{window} had a {{{{ $labels.source }}}} reading that was discarded."
            ),
            advice="Look at the label reason of ecotrack_discarded_readings_total, which says why.",
        ),
    )


def sampling_alerts() -> tuple[Alert, ...]:
    """Return the alerts on sampling and saving; ages are taken at the scrape, so that its interval is no lateness."""
    sampled = "ecotrack_last_sample_timestamp_seconds"
    saved = "ecotrack_state_save_timestamp_seconds"
    late = f"{LATE_INTERVALS} * ecotrack_sample_interval_seconds"
    return (
        alert_on_data(
            name="EcotrackSampleLate",
            expr=f"timestamp({sampled}) - {sampled}\n> {SAME_INSTANCE}\n{late}",
            summary="{{ $labels.instance }} has stopped sampling",
            description=(
                "At the last scrape of {{ $labels.instance }} its newest sample was "
                f"{{{{ $value | humanizeDuration }}}} old, more than {LATE_INTERVALS} sampling intervals."
            ),
            advice="Read the exporter's log, and restart the exporter if samples do not resume.",
        ),
        alert_on_data(
            name="EcotrackStateNotSaved",
            expr=f"timestamp({saved}) - {saved}\n> {SAME_INSTANCE}\n({UNSAVED_SECONDS} + {late})",
            summary="{{ $labels.instance }} cannot save its totals",
            description=(
                "{{ $labels.instance }} saved its totals and budgets {{ $value | humanizeDuration }} ago. "
                "What was counted since then is lost if the machine stops now."
            ),
            advice="Check free space and permissions of the folder --state.dir before you restart the exporter.",
        ),
    )


def _state_alert() -> Alert:
    return alert_on_data(
        name="EcotrackStateDiscarded",
        expr=lately(STATE_DISCARDED),
        summary="{{ $labels.instance }} could not use its saved totals",
        description=(
            "At its start, {{ $labels.instance }} found a saved state that it could not use "
            "({{ $labels.reason }}) and kept it aside. Counters begin again at zero; "
            "budgets and lifetime totals go on from the other state file, or begin again where there is none."
        ),
        advice="Read the exporter's log, which names the file that was kept aside.",
    )


def _proof_alert() -> Alert:
    return alert_on_data(
        name="EcotrackAttestationLate",
        expr=f"time() - ecotrack_attestation_timestamp_seconds > {LATE_PROOF_SECONDS}",
        # Nothing is wrong with the figures, and a machine that was off has no hours to attest.
        severity="info",
        summary="{{ $labels.instance }} shows an old proof",
        description=(
            "The last hour of {{ $labels.instance }} that somebody has signed ended "
            "{{ $value | humanizeDuration }} ago."
        ),
        advice="See what ecochain ledger attest says, and whether its timer runs.",
    )
