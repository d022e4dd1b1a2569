"""Each node by itself: a table of the present, and its gauges over time."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.edge_cluster.names import UID
from grafana.edge_cluster.now import share_of
from grafana.options import GRAMS_PER_HOUR as GRAMS
from grafana.options import PER_HOUR
from grafana.panels import Facts, Series, Target, lines, rows
from grafana.promql import select, total
from grafana.simulated import BY_SUPPLY, EVERY_NODE, NO_DATA, NO_RATE, SIMULATED, SPEED, by_run_and_node, of_runs
from prometheus.simulator_recording import (
    BUSY,
    CLOCK,
    GRAMS_PER_HOUR,
    GRID_POWER,
    NODE_TASKS,
    TASKS_PER_HOUR,
    miss_ratio,
    renewable_share,
)

OF_THEIR_OWN = {
    "ecochain_node_supply_watts": "no chosen node has a supply of its own",
    "ecochain_node_battery_charge_ratio": "no chosen node has a battery of its own",
}
"""Gauges that nodes on the common bus of a site do not have, with the sentence for a graph without any."""


def row() -> Row:
    """Build the row of the table, gauges over time, and the clusters in comparison."""
    return Row(title="Nodes", panels=(_table(), *_gauges(), _tasks(), _clusters()))


def _gauges() -> tuple[dashboard.Panel, ...]:
    return (
        _gauge(
            "Load",
            "ecochain_node_load_watts",
            "watt",
            "Mean power that each node drew over the last simulated step.",
            12,
        ),
        _gauge(
            "Own supply",
            "ecochain_node_supply_watts",
            "watt",
            "Mean power that each node's own supply generated over the last simulated step. Above the node's load it "
            "charges the battery; below, battery and grid help.",
            12,
        ),
        _gauge(
            "Battery charge",
            "ecochain_node_battery_charge_ratio",
            "percentunit",
            "Charge of each battery / its capacity. A scenario keeps a part of it unused (minimum_charge), so an "
            "empty battery stands at that share, not at zero.",
            8,
        ),
        _gauge(
            "Frequency",
            "ecochain_node_frequency_hertz",
            "hertz",
            "Clock frequency at which each node's latest task runs or ran: one of its five operating points. A node "
            "that was given no task yet has none.",
            8,
        ),
        _gauge(
            "Utilisation",
            BUSY.rate,
            "percentunit",
            "Share of the simulated time in which each node executed tasks: busy seconds / seconds of the simulated "
            f"clock. A busy node is no fault, so no value is marked as bad. {SIMULATED}",
            8,
        ),
        _gauge(
            "Backlog",
            "ecochain_node_backlog_seconds",
            "dtdhms",
            "Simulated time until each node will have executed all that it was given.",
            12,
        ),
    )


def _gauge(title: str, name: str, unit: str, description: str, width: int) -> dashboard.Panel:
    """Draw a quantity of the nodes, one line per node."""
    series = select(name, EVERY_NODE)
    facts = Facts(
        title=title,
        description=description,
        unit=unit,
        no_value=OF_THEIR_OWN.get(name, NO_DATA),
        targets=(by_run_and_node(series),),
        series=BY_SUPPLY,
        links=(narrowing_link(UID, "instance", "node"),),
        width=width,
        minimum=0,
        maximum=1 if unit == "percentunit" else None,
    )
    return lines(facts)


def _tasks() -> dashboard.Panel:
    facts = Facts(
        title="Tasks completed by node",
        description=f"Tasks that each node completed per simulated hour, on time or late. {SIMULATED}",
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(by_run_and_node(f"3600 * {select(NODE_TASKS.rate, EVERY_NODE)}"),),
        series=BY_SUPPLY,
        links=(narrowing_link(UID, "instance", "node"),),
        width=12,
        minimum=0,
    )
    return lines(facts)


def _table() -> dashboard.Panel:
    by = ("instance", "node")
    load = select("ecochain_node_load_watts", EVERY_NODE)
    info = select("ecochain_node_info", EVERY_NODE)
    values = {
        "Load": of_runs(f"{load} * on (job, instance, node) group_left (device, supply) {info}"),
        "Generated": _per_node("supply_watts"),
        "Renewable": share_of(*by),
        "Battery": _per_node("battery_charge_ratio"),
        "Frequency": _per_node("frequency_hertz"),
        "Utilisation": total(select(BUSY.rate, EVERY_NODE), *by),
        "Backlog": _per_node("backlog_seconds"),
    }
    facts = Facts(
        title="Nodes",
        description=(
            "The last simulated step of each chosen node; renewable share and utilisation are those of the last two "
            "minutes of wall time. Supply grid means that a node has none; every node can draw from the grid. A "
            "dash, or no column, means that nodes share the supply and the battery of their site, which the row "
            "Sites has."
        ),
        unit="watt",
        no_value=NO_DATA,
        targets=tuple(Target(expr=expr, legend=heading) for heading, expr in values.items()),
        series=(
            Series(name="Renewable", unit="percentunit", decimals=0),
            Series(name="Battery", unit="percentunit", decimals=0),
            Series(name="Frequency", unit="hertz"),
            Series(name="Utilisation", unit="percentunit", decimals=1),
            Series(name="Backlog", unit="dtdhms"),
        ),
        decimals=1,
        width=24,
        height=8,
    )
    labels = {"instance": "Instance", "policy": "Policy", "scenario": "Scenario", "node": "Node"}
    labels |= {"device": "Device", "supply": "Supply"}
    return rows(facts, columns={**labels, **{heading: heading for heading in values}}, hidden=("job",))


def _per_node(quantity: str) -> str:
    """Select a gauge of each chosen node."""
    return total(select(f"ecochain_node_{quantity}", EVERY_NODE), "instance", "node")


def _clusters() -> dashboard.Panel:
    values = {
        "Speed": CLOCK,
        "Renewable": renewable_share(),
        "Grid power": GRID_POWER,
        "Emissions": GRAMS_PER_HOUR,
        "Tasks": TASKS_PER_HOUR,
        "Missed": miss_ratio(),
    }
    facts = Facts(
        title="Whole clusters",
        description=(
            "One line per simulator, regardless of the chosen nodes, so that runs with different policies or scenarios "
            f"can be compared. Tasks are those completed; missed are late and dropped / all. {SIMULATED}"
        ),
        unit="none",
        no_value=NO_RATE,
        targets=tuple(
            Target(expr=of_runs(total(select(series), "job", "instance")), legend=heading)
            for heading, series in values.items()
        ),
        series=(
            Series(name="Speed", unit=SPEED, decimals=0),
            Series(name="Renewable", unit="percentunit", decimals=0),
            Series(name="Grid power", unit="watt", decimals=1),
            Series(name="Emissions", unit=GRAMS, decimals=1),
            Series(name="Tasks", unit=PER_HOUR, decimals=0),
            Series(name="Missed", unit="percentunit", decimals=2),
        ),
        width=24,
        height=5,
    )
    labels = {"policy": "Policy", "scenario": "Scenario", "instance": "Instance"}
    return rows(facts, columns={**labels, **{heading: heading for heading in values}}, hidden=("job",))
