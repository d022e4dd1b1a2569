"""The worth of forecasts, from the results of experiments that are shown beside the run."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.names import change
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import EVERY_INSTANCE, rounded

COLUMNS = {"Grams": "mean", "From": "low", "To": "high"}


def row() -> Row:
    """Build the row of the table of grams."""
    return Row(title="What forecasts are worth", panels=(_table(),))


def _table() -> dashboard.Panel:
    facts = Facts(
        title="Grams of a run by its forecaster, against convex",
        description=(
            "Emissions of runs that differ by their forecaster alone, against those with the convex reference, with "
            "the ends of the 95% interval, of pairs of runs with one seed. Below 0 the forecaster saves grams; where "
            "the interval holds 0, nothing is certain. Methods named supply or intensity differ in that alone."
        ),
        unit="percentunit",
        no_value="no results of the experiment forecasts stand beside the run (--experiments)",
        targets=tuple(Target(expr=_grams(statistic), legend=name) for name, statistic in COLUMNS.items()),
        series=tuple(Series(name=name, unit="percentunit", decimals=1) for name in COLUMNS),
        width=24,
        height=10,
    )
    return rows(facts, columns={"scenario": "Scenario", "method": "Forecaster", **{name: name for name in COLUMNS}})


def _grams(statistic: str) -> str:
    grams = change("emissions_grams", statistic, EVERY_INSTANCE, by="scenario, method", experiment="forecasts")
    return rounded(grams, 0.001)
