"""The top row: how much, how green, how late, and when."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row
from grafana.colours import FAINT, PLAIN, RENEWABLE
from grafana.edge_cluster.names import TOP
from grafana.options import GRAMS_PER_HOUR
from grafana.panels import Facts, Series, Target, number
from grafana.promql import select, total
from grafana.simulated import EVERY_NODE, NO_DATA, NO_RATE, SIMULATED, SPEED
from prometheus.simulator_recording import EMISSIONS, ENERGY


def row() -> Row:
    """Build the row of power, renewable share, grams, backlog, clock."""
    panels = (_power(), _share(), _emissions(), _backlog(), _clock())
    return Row(title="Now", panels=panels)


def share_of(*labels: str) -> str:
    """Return the share of the chosen nodes' consumption that did not come from the grid, kept apart by these labels."""
    consumed = total(select(ENERGY.rate, EVERY_NODE), *labels)
    grid = total(select(ENERGY.rate, EVERY_NODE, source="grid"), *labels)
    # The same figures in another order may add up to a little more than all of them.
    return f"clamp_min(1 - {grid} / ({consumed} > 0), 0)"


def _power() -> dashboard.Panel:
    facts = Facts(
        title="Power",
        description=(
            "Mean power over the last simulated step, all chosen nodes together: what they draw, idle power and ledger "
            "included, and what their own solar panels and turbines generate. The difference goes into batteries, is "
            "sold or lost; or comes from batteries and grid."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=(
            Target(expr=total(select("ecochain_node_load_watts", EVERY_NODE)), legend="load"),
            Target(expr=total(select("ecochain_node_supply_watts", EVERY_NODE)), legend="own supply"),
        ),
        series=(Series(name="load", colour=PLAIN), Series(name="own supply", colour=RENEWABLE)),
        width=5,
        height=TOP,
        decimals=1,
    )
    return number(facts, shown="value_and_name")


def _share() -> dashboard.Panel:
    facts = Facts(
        title="Renewable share",
        description=(
            "Part of the chosen nodes' consumption that did not come from the grid: 1 - grid / consumption. What comes "
            "out of a battery counts as renewable, also where a policy has charged it from the grid. "
            f"{SIMULATED}"
        ),
        unit="percentunit",
        no_value=NO_RATE,
        targets=(Target(expr=share_of(), legend="renewable"),),
        colour=RENEWABLE,
        width=4,
        height=TOP,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return number(facts)


def _emissions() -> dashboard.Panel:
    grams = total(select(EMISSIONS.rate, EVERY_NODE))
    facts = Facts(
        title="Emissions",
        description=(
            "Grams of carbon dioxide equivalent per simulated hour: electricity from the grid times the grid's carbon "
            f"intensity. Own supply counts as free of emissions; the making of devices is not in it. {SIMULATED}"
        ),
        unit=GRAMS_PER_HOUR,
        no_value=NO_RATE,
        targets=(Target(expr=f"3600 * {grams}", legend="emissions"),),
        width=4,
        height=TOP,
        decimals=1,
    )
    return number(facts)


def _backlog() -> dashboard.Panel:
    facts = Facts(
        title="Backlog",
        description=(
            "Simulated time until the most loaded of the chosen nodes will have executed all that it was given. A new "
            "task for this node would wait so long."
        ),
        unit="dtdhms",
        no_value=NO_DATA,
        targets=(Target(expr=f"max({select('ecochain_node_backlog_seconds', EVERY_NODE)})", legend="backlog"),),
        width=3,
        height=TOP,
        decimals=1,
    )
    return number(facts)


def _clock() -> dashboard.Panel:
    facts = Facts(
        title="Simulated clock",
        description=(
            "Simulated date and time, shown in the time zone of your browser, and simulated seconds per second as "
            "achieved over the last seconds. Of several simulators, the one furthest behind and the slowest."
        ),
        unit="dateTimeAsIso",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"1000 * min({select('ecochain_clock_timestamp_seconds')})", legend="time"),
            Target(expr=f"min({select('ecochain_clock_speed_ratio')})", legend="speed"),
        ),
        series=(
            Series(name="time", colour=PLAIN),
            Series(name="speed", colour=FAINT, unit=SPEED, decimals=0),
        ),
        width=8,
        height=TOP,
    )
    return number(facts, shown="value_and_name")
