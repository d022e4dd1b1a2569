"""Tables of the methods: mean, 95% interval and the published figure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.experiments.names import CHOSEN, NO_RESULTS, found
from grafana.panels import Facts, Series, Target, rows
from grafana.promql import select
from grafana.simulated import PER_HOUR

ESTIMATED = {"mean": "Mean", "low": "From", "high": "To"}
PUBLISHED = {"published": "Published"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Measure as a table shows it: `times` is the factor from its base unit to the `unit` that Grafana scales.

    Bars begin at `least`; None where a figure may be below zero. `statistics` are its columns with their headings.
    """

    measure: str
    title: str
    meaning: str
    unit: str
    times: str = ""
    decimals: int | None = None
    least: float | None = 0
    statistics: Mapping[str, str] = field(default_factory=lambda: ESTIMATED | PUBLISHED)


COMPARED = (
    Quantity(
        measure="energy_joules",
        title="Energy",
        meaning="Electricity that the cluster consumed in a run",
        unit="watth",
        times=" / 3600",
        decimals=2,
    ),
    Quantity(
        measure="emissions_grams",
        title="Emissions",
        meaning="Grams of carbon dioxide equivalent of the electricity from the grid in a run",
        unit="massg",
        decimals=2,
    ),
    Quantity(
        measure="latency_seconds",
        title="Latency",
        meaning="Mean time from arrival to completion of completed tasks that may not be put off",
        unit="s",
        decimals=3,
    ),
    Quantity(
        measure="renewable_ratio",
        title="Renewable share",
        meaning="Part of the consumption that did not come from the grid",
        unit="percentunit",
        decimals=1,
    ),
    Quantity(
        measure="cost_dollars",
        title="Net cost",
        meaning="Electricity bought less credits sold in a run; below zero it earns",
        unit="currencyUSD",
        least=None,
        decimals=4,
    ),
    Quantity(
        measure="deadline_miss_ratio",
        title="Deadlines missed",
        meaning="Late and dropped tasks / tasks offered",
        unit="percentunit",
        decimals=2,
        statistics=ESTIMATED,
    ),
)

LIMITS = (
    Quantity(
        measure="saturation_tasks_per_second",
        title="Greatest sustained load",
        meaning="Tasks per hour at which at most one in a hundred is late or dropped, by the number of nodes",
        unit=PER_HOUR,
        times=" * 3600",
        decimals=0,
        statistics=ESTIMATED,
    ),
    Quantity(
        measure="regret_ratio",
        title="Regret",
        meaning=(
            "Emissions / the least with which the same work could have been done as punctually, less one; the least "
            "comes from a linear programme that knows the future, which no policy does"
        ),
        unit="percentunit",
        decimals=1,
        statistics=ESTIMATED,
    ),
)


def row() -> Row:
    """Build the row: one table for each quantity that every method has."""
    return Row(title="Methods side by side", panels=tuple(_table(quantity) for quantity in COMPARED))


def limits() -> Row:
    """Build the row on how far the cluster can be loaded, and how far policies stay above the least."""
    return Row(title="Scaling and regret", panels=tuple(_table(quantity) for quantity in LIMITS))


def _table(quantity: Quantity) -> dashboard.Panel:
    def asked(statistic: str) -> str:
        series = found(select(f"ecochain_experiment_{quantity.measure}", CHOSEN, statistic=statistic))
        return f"max by (experiment, scenario, method) ({series}){quantity.times}"

    published = ", and the published figure where there is one" if "published" in quantity.statistics else ""
    below = " A symmetric interval may reach below zero, where no figure can be." if quantity.least == 0 else ""
    facts = Facts(
        title=quantity.title,
        description=(
            f"{quantity.meaning}: mean of the replications, its 95% interval from and to{published}.{below} Methods of "
            "one experiment met the same tasks and weather, so intervals that overlap may still hide a difference: the "
            "reports compare them in pairs."
        ),
        unit=quantity.unit,
        no_value=NO_RESULTS,
        targets=tuple(Target(expr=asked(statistic), legend=statistic) for statistic in quantity.statistics),
        series=(Series(name="Mean", bar=True),),
        minimum=quantity.least,
        decimals=quantity.decimals,
        width=12,
        height=9,
    )
    columns = {"experiment": "Experiment", "scenario": "Scenario", "method": "Method", **quantity.statistics}
    return rows(facts, columns=columns, largest="Mean")
