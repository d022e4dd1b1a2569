"""Trust in the numbers, and the health of the exporter itself; collapsed, for when something looks wrong."""

from grafana_foundation_sdk.models import dashboard

from exporter.core.web.refusal import Refusal
from exporter.sources.collector import SOURCES
from grafana import process
from grafana.board import Row
from grafana.colours import BAD, COMPONENTS, FAINT, GRID, PLAIN, distinct
from grafana.device import EXPORTER, NO_DATA
from grafana.panels import Facts, Series, Target, by_label, coloured, events, lines, number, rows, states, texts
from grafana.promql import EVERY_INSTANCE, rate, select, total
from prometheus.data_quality_alerts import LIVE

FIXED = -1
"""Number that stands for the age of a value that has none."""

GOOD_OR_BAD = {1: ("ok", PLAIN), 0: ("failed", BAD)}


def row() -> Row:
    """Build the row of ages, losses, samples, collectors, intensity, scrapes, process and version."""
    panels = (
        _ages(),
        _losses(),
        _samples(),
        _collectors(),
        _collector_durations(),
        intensity_age(),
        providers(),
        process.scrapes(EXPORTER),
        process.processor(EXPORTER),
        process.memory(EXPORTER),
        process.files(EXPORTER),
        _refusals(),
        _versions(),
        process.uptime(EXPORTER, height=4),
    )
    return Row(title="Data quality and exporter health", panels=panels, collapsed=True)


def _ages() -> dashboard.Panel:
    ages = {
        "last sample": "ecotrack_last_sample_timestamp_seconds",
        "state saved": "ecotrack_state_save_timestamp_seconds",
    }
    facts = Facts(
        title="Age of the data",
        description=(
            "Time since the last sample and since the state was last saved, for the device where it is longest; "
            "beside it the configured sample interval. Scraping adds up to one scrape interval to what is shown. "
            "A rising line means that the exporter stopped sampling or cannot write."
        ),
        unit="dtdhms",
        no_value=NO_DATA,
        targets=(
            *(Target(expr=f"time() - min({select(metric)})", legend=name) for name, metric in ages.items()),
            Target(expr=f"max({select('ecotrack_sample_interval_seconds')})", legend="interval"),
        ),
        series=(
            Series(name="last sample", colour=PLAIN),
            Series(name="state saved", colour=COMPONENTS["disk"]),
            Series(name="interval", colour=FAINT, dashed=True),
        ),
        width=8,
        minimum=0,
    )
    return lines(facts)


def _losses() -> dashboard.Panel:
    def lost(counter: str, *labels: str) -> str:
        return f"{total(f'increase({select(counter)}[$__rate_interval])', *labels)} > 0"

    facts = Facts(
        title="Gaps, resets and discarded readings",
        description=(
            "Samples that came late or around a suspend or a clock step, counters that started again, and readings "
            "that were thrown away because they failed or could not be true. Each costs at most its own sample and "
            "is never counted as zero. An empty panel is the normal case."
        ),
        unit="none",
        no_value="nothing was lost in this time",
        targets=(
            Target(expr=lost("ecotrack_sample_gaps_total", "reason"), legend="gap: {{reason}}"),
            Target(expr=lost("ecotrack_resets_total", "source"), legend="reset: {{source}}"),
            Target(
                expr=lost("ecotrack_discarded_readings_total", "source", "reason"),
                legend="discarded: {{source}}, {{reason}}",
            ),
        ),
        series=tuple(
            Series(name=f"/^{kind}:/", colour=colour, pattern=True)
            for kind, colour in distinct(("gap", "reset", "discarded")).items()
        ),
        # Dozens of counters a device, of which each step reads all.
        step="10m",
        width=8,
        minimum=0,
    )
    return events(facts)


def _collectors() -> dashboard.Panel:
    facts = Facts(
        title="Collectors",
        description=(
            "Whether each collector's last reading succeeded, on every chosen device: one failure anywhere shows as "
            "failed. A failed reading leaves its values out until the next one succeeds. What is denied or absent does "
            "not show here."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_label("min", "collector", select("ecotrack_collector_success")),),
        mappings=texts(GOOD_OR_BAD),
        width=12,
        height=12,
    )
    return states(facts)


def _collector_durations() -> dashboard.Panel:
    facts = Facts(
        title="Time per reading",
        description=(
            "Seconds that each collector's last reading took, on the slowest chosen device. Connections, which are off "
            "by default, are the most expensive: their time grows with the number of sockets."
        ),
        unit="s",
        no_value=NO_DATA,
        targets=(by_label("max", "collector", select("ecotrack_collector_duration_seconds")),),
        series=coloured(distinct(source.name for source in SOURCES)),
        width=12,
        height=12,
        minimum=0,
    )
    return lines(facts)


def _samples() -> dashboard.Panel:
    facts = Facts(
        title="Samples",
        description=(
            "How long the last sample took, from the first reading to the saved state, on the slowest chosen device; "
            "and samples per second: 0.2 for each device with the default interval of 5 s."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"max({select('ecotrack_sample_duration_seconds')})", legend="duration"),
            Target(expr=total(rate("ecotrack_samples_total")), legend="samples per second"),
        ),
        series=(
            Series(name="duration", colour=PLAIN, unit="s"),
            Series(name="samples per second", colour=FAINT),
        ),
        width=8,
        minimum=0,
    )
    return lines(facts)


def intensity_age() -> dashboard.Panel:
    """Show how old the value in force is, by provider."""
    stamp = "ecotrack_grid_carbon_intensity_timestamp_seconds"
    live = f"time() - min by (provider) ({select(stamp, f'{LIVE},{EVERY_INSTANCE}')})"
    fixed = f"0 * min by (provider) ({select(stamp, provider='static')}) + {FIXED}"
    facts = Facts(
        title="Age of the intensity value",
        description=(
            "Time since the moment that the carbon intensity speaks of, by provider. A static value is a yearly "
            "average, which is fixed and does not age."
        ),
        unit="dtdhms",
        no_value=NO_DATA,
        targets=(Target(expr=f"{live} or {fixed}", legend="{{provider}}"),),
        mappings=texts({FIXED: ("fixed", GRID)}),
        colour=GRID,
        width=8,
        height=6,
    )
    return number(facts)


def providers() -> dashboard.Panel:
    """Show which providers had a value, over time."""
    facts = Facts(
        title="Intensity providers",
        description=(
            "Whether the provider of carbon intensity had a value for the last sample. A fixed figure always has one. "
            "While a live one fails, its forecast, its last value or the fixed figure takes its place."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_label("min", "provider", select("ecotrack_grid_provider_up")),),
        mappings=texts(GOOD_OR_BAD),
        width=8,
        height=6,
    )
    return states(facts)


def _refusals() -> dashboard.Panel:
    refused = select("ecotrack_web_refused_logins_total")
    facts = Facts(
        title="Refused logins",
        description=(
            "Requests and connections that the exporter's own server refused, where it asks for passwords or client "
            "certificates. Missing: no password was given, as by a browser's first request. Wrong: an unknown user or "
            "another password. Unchecked: too many others waited for a check. Certificate: none, or none that counts."
        ),
        unit="none",
        no_value="nobody was refused in this time",
        targets=(Target(expr=f"{total(f'increase({refused}[$__rate_interval])', 'reason')} > 0", legend="{{reason}}"),),
        series=coloured(distinct(Refusal)),
        step="10m",
        width=24,
        height=5,
        minimum=0,
    )
    return events(facts)


def _versions() -> dashboard.Panel:
    facts = Facts(
        title="Versions",
        description="The exporter's version and that of the Python that runs it, by device.",
        unit="none",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"count by (instance, version, python) ({select('ecotrack_build_info')})", legend="processes"),
        ),
        width=16,
        height=4,
    )
    columns = {"instance": "Instance", "version": "ecotrack", "python": "Python", "processes": "Processes"}
    return rows(facts, columns=columns)
