"""The supply of electricity: its sources, its use, and its cost."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.colours import FAINT, GRID, RENEWABLE, SOURCES, SUPPLIES
from grafana.edge_cluster.names import UID
from grafana.edge_cluster.now import share_of
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, by_label, coloured, lines, stacked
from grafana.promql import select, total
from grafana.simulated import (
    BY_SUPPLY,
    EVERY_NODE,
    EVERY_SITE,
    NO_DATA,
    NO_RATE,
    SIMULATED,
    by_run_and_node,
    if_several,
)
from prometheus.simulator_alerts import LOWEST_RENEWABLE_SHARE
from prometheus.simulator_recording import COST, CURTAILED, EMISSIONS, ENERGY, GENERATION, REVENUE, renewable_share

NO_SUPPLY = "no chosen node has a supply of its own"


def row() -> Row:
    """Build the row of consumption by source, generation, curtailment, forecast, shares, emissions, money."""
    panels = (_sources(), _generation(), _forecast(), _curtailed(), _share(), _emissions(), _money())
    return Row(title="Where the electricity comes from", panels=panels)


def _sources() -> dashboard.Panel:
    facts = Facts(
        title="Consumption by source",
        description=(
            "What the chosen nodes draw, stacked by where it comes from: generated at that moment, out of the battery, "
            f"or from the grid. The top is their whole consumption, idle power included. {SIMULATED}"
        ),
        unit="watt",
        no_value=NO_RATE,
        targets=(by_label("sum", "source", select(ENERGY.rate, EVERY_NODE)),),
        series=coloured(SOURCES),
        width=12,
        height=9,
        minimum=0,
    )
    return stacked(facts)


def _generation() -> dashboard.Panel:
    facts = Facts(
        title="Generation by supply",
        description=(
            "What solar panels, turbines and hybrids of the chosen nodes generate, used or not. It follows the "
            f"simulated weather and does not depend on the scheduler. {SIMULATED}"
        ),
        unit="watt",
        no_value=NO_SUPPLY,
        targets=(by_label("sum", "supply", select(GENERATION.rate, EVERY_NODE)),),
        series=coloured(SUPPLIES),
        width=12,
        height=9,
        minimum=0,
    )
    return stacked(facts)


def _forecast() -> dashboard.Panel:
    forecast = total(select("ecochain_forecast_watts", f'{EVERY_SITE},horizon="1h"'))
    observed = total(select("ecochain_forecast_observed_watts", EVERY_SITE))
    facts = Facts(
        title="Supply: forecast and observed",
        description=(
            "Mean generation of the chosen sites in the simulated hour that ended last, and what was forecast for it "
            "an hour before. The board Forecast has its bands, errors and models."
        ),
        unit="watt",
        no_value=NO_SUPPLY,
        targets=(Target(expr=observed, legend="observed"), Target(expr=forecast, legend="forecast")),
        series=(
            Series(name="observed", colour=RENEWABLE),
            Series(name="forecast", colour=FAINT, dashed=True),
        ),
        width=8,
        minimum=0,
    )
    return lines(facts)


def _curtailed() -> dashboard.Panel:
    facts = Facts(
        title="Curtailed",
        description=(
            "Generation that nothing could take: the load was met, the battery full or charging at its limit, and the "
            f"node sells none. It is lost. {SIMULATED}"
        ),
        unit="watt",
        no_value=NO_SUPPLY,
        targets=(by_label("sum", "supply", select(CURTAILED.rate, EVERY_NODE)),),
        series=coloured(SUPPLIES),
        width=8,
        minimum=0,
    )
    return stacked(facts)


def _share() -> dashboard.Panel:
    facts = Facts(
        title="Renewable share over time",
        description=(
            "1 - grid / consumption of the chosen nodes; and, for each whole cluster, the same over 30 minutes of wall "
            f"time, which is what the alert judges. {SIMULATED}"
        ),
        unit="percentunit",
        no_value=NO_RATE,
        targets=(
            Target(expr=share_of(), legend="chosen nodes"),
            Target(expr=if_several(select(renewable_share("30m"))), legend="whole{{run}}, 30 min"),
        ),
        series=(Series(name="chosen nodes", colour=RENEWABLE),),
        colour=FAINT,
        limit=LOWEST_RENEWABLE_SHARE,
        width=8,
        minimum=0,
        maximum=1,
    )
    return lines(facts)


def _emissions() -> dashboard.Panel:
    facts = Facts(
        title="Emissions by node",
        description=(
            "Grams of carbon dioxide equivalent per simulated hour, stacked by node: electricity from the grid times "
            f"the grid's carbon intensity in force. {SIMULATED}"
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_RATE,
        targets=(by_run_and_node(f"3600 * {select(EMISSIONS.rate, EVERY_NODE)}"),),
        series=BY_SUPPLY,
        links=(narrowing_link(UID, "node"),),
        width=12,
        minimum=0,
    )
    return stacked(facts)


def _money() -> dashboard.Panel:
    def per_day(series: str) -> str:
        return f"86400 * {total(select(series, EVERY_NODE))}"

    facts = Facts(
        title="Money per simulated day",
        description=(
            "What the chosen nodes pay for electricity from the grid, and what the credits that the ledger issued to "
            "the whole cluster were worth at the prices of their days, where it has prices; both at the present rate x "
            f"86,400 s. {SIMULATED}"
        ),
        unit="currencyUSD",
        no_value=NO_DATA,
        targets=(
            Target(expr=per_day(COST.rate), legend="electricity"),
            Target(expr=f"86400 * {total(select(REVENUE.rate))}", legend="credits"),
        ),
        series=(Series(name="electricity", colour=GRID), Series(name="credits", colour=RENEWABLE)),
        width=12,
        minimum=0,
        decimals=4,
    )
    return lines(facts)
