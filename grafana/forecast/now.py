"""The top row: skill, coverage, what stands in, and how old the figures are."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import PLAIN
from grafana.forecast.names import CHOSEN, NO_FORECAST, NO_WEEK, WEEK
from grafana.panels import Facts, Target, number
from grafana.promql import select
from grafana.simulated import EVERY_SITE
from prometheus.simulator_alerts import LEAST_SKILL, LOWEST_COVERAGE

TOP = 5
"""Height of the top row."""


def row() -> Row:
    """Build the row of the worst skill, the coverage, the references in use, and the refused checkpoints."""
    return Row(title="Now", panels=(_skill(), _coverage(), _in_use(), _refused()))


def _skill() -> dashboard.Panel:
    facts = Facts(
        title="Least skill",
        description=(
            f"The least skill of all chosen forecasts of this horizon {WEEK}: 1 - error of the model / error of the "
            "reference behind it. Below 0 the reference is better; after a simulated day of that it stands in."
        ),
        unit="percentunit",
        no_value=NO_WEEK,
        targets=(Target(expr=f"min({select('ecochain_forecast_skill_ratio', CHOSEN)})", legend="skill"),),
        least=LEAST_SKILL,
        decimals=0,
        width=6,
        height=TOP,
    )
    return number(facts)


def _coverage() -> dashboard.Panel:
    facts = Facts(
        title="Least coverage of 90% bands",
        description=(
            f"The least share of hours {WEEK} that came within their 90% band, of all chosen forecasts of this "
            "horizon. Below the limit of its alert, and red, the bands promise more than they hold."
        ),
        unit="percentunit",
        no_value=NO_WEEK,
        targets=(
            Target(expr=f"min({select('ecochain_forecast_coverage_ratio', CHOSEN, band='90%')})", legend="coverage"),
        ),
        least=LOWEST_COVERAGE,
        decimals=0,
        width=6,
        height=TOP,
    )
    return number(facts)


def _in_use() -> dashboard.Panel:
    facts = Facts(
        title="References in use",
        description=(
            "Series and horizons of the chosen sites in which the reference is in force, because the model fell behind "
            "it for a simulated day."
        ),
        unit="none",
        no_value=NO_FORECAST,
        targets=(
            Target(expr=f"sum({select('ecochain_forecast_reference_in_use', EVERY_SITE)})", legend="in use"),
            Target(expr=f"count({select('ecochain_forecast_reference_in_use', EVERY_SITE)})", legend="of"),
        ),
        colour=PLAIN,
        width=6,
        height=TOP,
    )
    return number(facts, shown="value_and_name")


def _refused() -> dashboard.Panel:
    facts = Facts(
        title="Checkpoints refused",
        description=(
            "Series of the chosen sites whose checkpoint could not be used; what was learnt at the start is served in "
            "its place. The log of the simulator says why."
        ),
        unit="none",
        no_value=NO_FORECAST,
        targets=(Target(expr=f"sum({select('ecochain_forecast_checkpoint_refused', EVERY_SITE)})", legend="refused"),),
        limit=1,
        width=6,
        height=TOP,
    )
    return number(facts)
