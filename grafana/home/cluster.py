"""The simulated cluster: its methods against the simplest rule, and its figures now."""

from grafana_foundation_sdk.models import dashboard

from grafana import experiments, ledger
from grafana.board import Row, crossing_link
from grafana.colours import PLAIN, RENEWABLE
from grafana.edge_cluster.names import UID as CLUSTER
from grafana.experiments.charts import BARS, interval_bars, parts
from grafana.experiments.names import found
from grafana.joined import ORDER
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, number
from grafana.promql import select
from prometheus.simulator_recording import GRAMS_PER_HOUR as SIMULATED_GRAMS
from prometheus.simulator_recording import miss_ratio, renewable_share

HEIGHT = 8
NO_RESULTS = "no simulator with results is scraped: ecochain serve --experiments"
NO_CLUSTER = "no simulator is scraped: ecochain serve"

TO_CLUSTER = crossing_link(CLUSTER, "Edge cluster: nodes, supply, batteries")
TO_EXPERIMENTS = crossing_link(experiments.UID, "Experiments: all methods and measures")
TO_LEDGER = crossing_link(ledger.UID, "Ledger: its credits and certificates")

SCENARIOS = {"edge": "Against the simplest rule: one site", "regions": "Against the simplest rule: three sites"}
"""Scenario of the experiment `baseline` -> title of the picture."""


def row() -> Row:
    """Build the row of the savings on one and on several sites, and of the cluster now."""
    panels = (*(_saved(scenario, title) for scenario, title in SCENARIOS.items()), _cluster())
    return Row(title="What would the cluster save?", panels=panels)


def _saved(scenario: str, title: str) -> dashboard.Panel:
    """Draw the changes of emissions against the reference; results may be older than the end of the time shown."""

    def asked(statistic: str) -> str:
        chosen = {"experiment": "baseline", "scenario": scenario, "measure": "emissions_grams", "statistic": statistic}
        return f"max by (method) ({found(select('ecochain_experiment_change_ratio', '', **chosen))})"

    drawn = parts(asked("low"), asked("high"), signed=True)
    facts = Facts(
        title=title,
        description=(
            "Emissions of a simulated cluster against the simplest rule, which gives each task to the node that is "
            "least loaded and lets none sleep: the paired change in the experiment baseline of the scenario "
            f"{scenario}. Left of zero is saved. Violet is the 95% interval; where it reaches over zero, the change "
            "may be chance. It tells of simulated clusters alone, not of the devices above."
        ),
        unit="percentunit",
        no_value=NO_RESULTS,
        targets=(*drawn, Target(expr=asked("mean"), legend=ORDER)),
        series=tuple(look for look in BARS if look.name in {part.legend for part in drawn}),
        links=(TO_EXPERIMENTS,),
        width=8,
        height=HEIGHT,
        decimals=0,
    )
    return interval_bars(facts)


def _cluster() -> dashboard.Panel:
    facts = Facts(
        title="The simulated cluster now",
        description=(
            "Grams per simulated hour of electricity from the grid, the share of the consumption that did not come "
            "from it, and tasks that were late or dropped, of the clusters that are simulated live; several: their "
            "means. Nothing of it is in the rows above."
        ),
        unit="percentunit",
        no_value=NO_CLUSTER,
        targets=(
            Target(expr=f"avg({select(SIMULATED_GRAMS, '')})", legend="emissions"),
            Target(expr=f"avg({select(renewable_share(), '')})", legend="renewable"),
            Target(expr=f"avg({select(miss_ratio(), '')})", legend="missed"),
        ),
        series=(
            Series(name="emissions", colour=PLAIN, unit=GRAMS_PER_HOUR),
            Series(name="renewable", colour=RENEWABLE, decimals=0),
            Series(name="missed", colour=PLAIN, decimals=1),
        ),
        links=(TO_CLUSTER, TO_EXPERIMENTS, TO_LEDGER),
        width=8,
        height=HEIGHT,
        decimals=1,
    )
    return number(facts, shown="value_and_name")
