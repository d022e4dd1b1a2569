"""Errors, skill and coverage by horizon."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import PLAIN
from grafana.forecast.names import BY_SUPPLY, CHOSEN, HORIZONS, NO_WEEK, OF_HORIZONS, WEEK, of
from grafana.options import GRAMS_PER_KWH
from grafana.panels import Facts, Series, Target, by_label, coloured, lines
from grafana.promql import select
from grafana.simulated import if_several
from prometheus.simulator_alerts import LEAST_SKILL, LOWEST_COVERAGE

SUPPLY = 'supply=~"solar|wind",'


def row() -> Row:
    """Build the row of errors by horizon, skill by series and horizon, and coverage."""
    return Row(title="Errors, skill and bands", panels=(_error(), _grid_error(), _skill(), _by_series(), _coverage()))


def _error() -> dashboard.Panel:
    return _errors("Error of supply by horizon", "supply", "watt", "ecochain_forecast_error_watts")


def _grid_error() -> dashboard.Panel:
    family = "ecochain_site_grid_intensity_error_grams_per_kwh"
    return _errors("Error of grid intensity by horizon", "the grid's intensity", GRAMS_PER_KWH, family)


def _errors(title: str, subject: str, unit: str, family: str) -> dashboard.Panel:
    facts = Facts(
        title=title,
        description=(
            f"Root mean squared error of forecasts of {subject} {WEEK}, as a mean of the chosen sites: of the models, "
            f"and dashed of the references behind them. {OF_HORIZONS}"
        ),
        unit=unit,
        no_value=NO_WEEK,
        targets=(
            by_label("avg", "horizon", of(family, forecaster="model")),
            Target(
                expr=f"avg by (horizon) ({of(family, forecaster='reference')})",
                legend="reference {{horizon}}",
            ),
        ),
        series=(
            *coloured(HORIZONS),
            *(Series(name=f"reference {name}", colour=colour, dashed=True) for name, colour in HORIZONS.items()),
        ),
        width=12,
        height=9,
        minimum=0,
    )
    return lines(facts)


def _skill() -> dashboard.Panel:
    facts = Facts(
        title="Skill by horizon",
        description=(
            f"Skill of the models against the references behind them {WEEK}, as a mean of the chosen series: 1 - error "
            f"of the model / error of the reference. Below 0 the reference is better. {OF_HORIZONS}"
        ),
        unit="percentunit",
        no_value=NO_WEEK,
        targets=(by_label("avg", "horizon", of("ecochain_forecast_skill_ratio")),),
        series=coloured(HORIZONS),
        limit=LEAST_SKILL,
        width=8,
        height=9,
    )
    return lines(facts)


def _by_series() -> dashboard.Panel:
    facts = Facts(
        title="Skill of each series",
        description=(
            f"Skill of each series of the chosen sites at the chosen horizon {WEEK}. The supply grid stands for the "
            "carbon intensity of the grid."
        ),
        unit="percentunit",
        no_value=NO_WEEK,
        targets=(
            Target(
                expr=if_several(select("ecochain_forecast_skill_ratio", CHOSEN)),
                legend="{{site}}, {{supply}}{{run}}",
            ),
        ),
        series=BY_SUPPLY,
        limit=LEAST_SKILL,
        width=8,
        height=9,
    )
    return lines(facts)


def _coverage() -> dashboard.Panel:
    facts = Facts(
        title="Coverage of bands",
        description=(
            f"Share of hours {WEEK} that came within their bands, as a mean of the chosen series at the chosen "
            "horizon. It should be near 80% and 90%; a week of weather lets it stray by some points. Below the dashed "
            "limit an alert is raised."
        ),
        unit="percentunit",
        no_value=NO_WEEK,
        targets=(
            Target(
                expr=f"avg by (band) ({select('ecochain_forecast_coverage_ratio', CHOSEN)})", legend="{{band}} band"
            ),
        ),
        series=(Series(name="80% band", colour=PLAIN), Series(name="90% band", colour="#9B5DE5")),
        limit=LOWEST_COVERAGE,
        minimum=0,
        width=8,
        height=9,
    )
    return lines(facts)
