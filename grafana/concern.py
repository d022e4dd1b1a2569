"""Quantities that alerts are about, read from their rules, and the limits of these quantities."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from grafana.queries import metric_names
from prometheus.alert import Alert
from prometheus.data_quality_alerts import HIGHEST_GRAMS_PER_KWH
from prometheus.exporter_alerts import SLOW_SCRAPE_SECONDS
from prometheus.files import alert_groups, simulator_alert_groups
from prometheus.fleet import fleet_groups
from prometheus.ledger_alerts import MOST_SLOTS_BEHIND
from prometheus.recording import CONSUMED, WINDOWS, emission_rate, groups
from prometheus.simulator_alerts import HIGHEST_MISS_RATIO, LEAST_SKILL, LOWEST_COVERAGE, LOWEST_RENEWABLE_SHARE
from prometheus.simulator_recording import ADVANCED, CLOCK, LONG_WINDOW, miss_ratio, renewable_share, simulator_groups
from prometheus.team_budget import team_budget_groups

TOPICS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ecotrack": {
        "Budget alerts": ("budget", "ecoguard"),
        "Health alerts": ("data-quality", "exporter"),
        "Opportunity alerts": ("opportunity",),
        "Process alerts": ("processes",),
    },
    "ecochain": {"Simulator alerts": ("simulator",)},
}
"""Program -> title of an annotation -> components of the alerts that it shows."""

CONTEXT = frozenset(
    {
        "ecotrack_sample_interval_seconds",
        "ecotrack_samples_total",
        "ecotrack_activity_state",
        "ecochain_clock_seconds_total",
        CLOCK,
        ADVANCED,
    }
)
"""Series that alerts read beside what they are about."""

CLOCKS = {"opportunity": frozenset({"ecotrack_last_sample_timestamp_seconds"})}
"""Component -> series that its alerts read for the time alone, while other alerts are about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Limit of a quantity, which graphs of it draw: a `series` of its own, or else the number `value`.

    `quantities` are the metrics that alert on it, under the names of `alerts`.
    """

    alerts: tuple[str, ...]
    quantities: frozenset[str]
    series: str = ""
    value: float | None = None


LIMITS = (
    Limit(
        alerts=("EcotrackEcoguardLimitExceeded",),
        quantities=frozenset(
            (
                "ecotrack_emissions_grams_per_second",
                "ecotrack_emissions_grams_total",
                *(emission_rate(window) for window in WINDOWS),
            )
        ),
        series="ecotrack_ecoguard_limit_grams_per_second",
    ),
    Limit(
        alerts=("EcotrackBudgetExhausted", "EcotrackBudgetOverrunProjected"),
        quantities=frozenset(("ecotrack_budget_used_grams", "ecotrack_budget_projected_grams")),
        series="ecotrack_budget_limit_grams",
    ),
    Limit(alerts=("EcotrackBudgetMostlyUsed",), quantities=frozenset((CONSUMED,)), value=1.0),
    Limit(
        alerts=("EcotrackSampleLate", "EcotrackStateNotSaved"),
        quantities=frozenset(("ecotrack_last_sample_timestamp_seconds", "ecotrack_state_save_timestamp_seconds")),
        series="ecotrack_sample_interval_seconds",
    ),
    Limit(
        alerts=("EcotrackIntensityOutOfRange",),
        quantities=frozenset(("ecotrack_grid_carbon_intensity_grams_per_kwh",)),
        value=HIGHEST_GRAMS_PER_KWH,
    ),
    Limit(
        alerts=("EcotrackScrapeSlow",),
        quantities=frozenset(("scrape_duration_seconds",)),
        value=SLOW_SCRAPE_SECONDS,
    ),
    Limit(
        alerts=("EcochainDeadlineMissesHigh",),
        quantities=frozenset((miss_ratio(LONG_WINDOW),)),
        value=HIGHEST_MISS_RATIO,
    ),
    Limit(
        alerts=("EcochainRenewableShareLow",),
        quantities=frozenset((renewable_share(LONG_WINDOW),)),
        value=LOWEST_RENEWABLE_SHARE,
    ),
    Limit(
        alerts=("EcochainForecastWorse",), quantities=frozenset(("ecochain_forecast_skill_ratio",)), value=LEAST_SKILL
    ),
    Limit(
        alerts=("EcochainForecastCoverageLost",),
        quantities=frozenset(("ecochain_forecast_coverage_ratio",)),
        value=LOWEST_COVERAGE,
    ),
    Limit(
        alerts=("EcochainLedgerFinalityStalled",),
        quantities=frozenset(("ecochain_ledger_finalized_slot",)),
        value=MOST_SLOTS_BEHIND,
    ),
)
"""The limits of quantities that are drawn over time."""


def alerts(program: str) -> tuple[Alert, ...]:
    """Return every alert about a program, those too that the committed configuration cannot reach."""
    groups = simulator_alert_groups() if program == "ecochain" else alert_groups(None)
    return tuple(alert for group in groups for alert in group.alerts)


@cache
def quantities(components: tuple[str, ...]) -> frozenset[str]:
    """Return the metrics that alerts of these components are about, their sources, and what is made of those alone."""
    every = (alert for program in TOPICS for alert in alerts(program))
    read = {
        name
        for alert in every
        if alert.component in components
        for name in metric_names(alert.expr) - CLOCKS.get(alert.component, frozenset())
    }
    about = {source for name in read for source in sources(name)}
    made = {record for record in _recorded() if set(sources(record)) - _recorded().keys() <= about}
    return frozenset(about | made) - CONTEXT


def sources(name: str) -> Iterator[str]:
    """Return a metric, and where a rule records it all that it is made from."""
    yield name
    for source in _recorded().get(name, ()):
        yield from sources(source)


@cache
def _recorded() -> Mapping[str, frozenset[str]]:
    rules = (
        rule
        for group in (*groups(), *fleet_groups(), *team_budget_groups(), *simulator_groups())
        for rule in group.rules
    )
    return {rule.record: frozenset(metric_names(rule.expr)) - {rule.record} for rule in rules}
