"""The places of tasks: sites, nodes and operating points."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.colours import LEVELS, SITES
from grafana.edge_cluster.names import UID as CLUSTER
from grafana.options import PER_HOUR
from grafana.panels import Facts, Series, Target, coloured, rows, stacked
from grafana.promql import select, total
from grafana.simulated import BY_SUPPLY, EVERY_NODE, NO_RATE, SIMULATED, by_run_and_node
from prometheus.simulator_recording import PLACEMENTS, SITE_PLACEMENTS, TRANSFER_BYTES

MOST = 9
"""Nodes that are drawn, those with the most placements: more lines than that cannot be told apart."""

BETWEEN = ("from_site", "to_site")


def row() -> Row:
    """Build the row of placements by site, by node and by level."""
    return Row(title="Where does the work go?", panels=(_sites(), _between(), _nodes(), _levels()))


def _sites() -> dashboard.Panel:
    placed = total(select(SITE_PLACEMENTS.rate), "to_site")
    facts = Facts(
        title="Placements by site",
        description=(
            "Tasks per simulated hour by the site of the node that executes them, stacked; where they came from is in "
            f"the table beside. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(Target(expr=f"3600 * {placed}", legend="{{to_site}}"),),
        series=coloured(SITES),
        width=12,
        minimum=0,
    )
    return stacked(facts)


def _between() -> dashboard.Panel:
    facts = Facts(
        title="From home to execution",
        description=(
            "Tasks per simulated hour from the site of their arrival to that of their execution, and the input that "
            f"moves with them. A dash: nothing moves there, or there is one site alone. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(
            Target(expr=f"3600 * {total(select(SITE_PLACEMENTS.rate), *BETWEEN)}", legend="Tasks"),
            Target(expr=total(select(TRANSFER_BYTES.rate), *BETWEEN), legend="Input"),
        ),
        series=(
            Series(name="Tasks", unit=PER_HOUR, decimals=1),
            Series(name="Input", unit="Bps", decimals=1),
        ),
        width=12,
    )
    columns = {"from_site": "From", "to_site": "To", "Tasks": "Tasks", "Input": "Input"}
    return rows(facts, columns=columns, largest="Tasks")


def _nodes() -> dashboard.Panel:
    most = (
        f"topk({MOST}, sum by (job, instance, node) (avg_over_time({select(PLACEMENTS.rate, EVERY_NODE)}[$__range])))"
    )
    facts = Facts(
        title="Placements by node",
        description=(
            f"Tasks per simulated hour that were placed on the {MOST} chosen nodes with the most of them, stacked. A "
            f"link leads to the node on the Edge cluster board. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(by_run_and_node(f"3600 * {select(PLACEMENTS.rate, EVERY_NODE)} and on (job, instance, node) {most}"),),
        series=BY_SUPPLY,
        links=(narrowing_link(CLUSTER, "node"),),
        width=12,
        minimum=0,
    )
    return stacked(facts)


def _levels() -> dashboard.Panel:
    placed = total(select(PLACEMENTS.rate, EVERY_NODE), "level")
    facts = Facts(
        title="Placements by DVFS level",
        description=(
            "Tasks per simulated hour by the operating point that they were placed at, on the chosen nodes, stacked. "
            "Level 1 is a node's lowest frequency, 5 its highest; a lower one draws less power for a longer time. "
            f"{SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(Target(expr=f"3600 * {placed}", legend="{{level}}"),),
        series=coloured(LEVELS),
        width=12,
        minimum=0,
    )
    return stacked(facts)
