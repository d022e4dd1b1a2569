"""The placements of tasks, their operating points, and the terms of the score."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.colours import LEVELS, TERMS
from grafana.edge_cluster.names import UID as CLUSTER
from grafana.panels import Facts, Target, bars, by_label, coloured, lines, stacked
from grafana.promql import select, total
from grafana.simulated import BY_SUPPLY, EVERY_NODE, NO_RATE, PER_HOUR, SIMULATED, by_run_and_node
from prometheus.simulator_recording import PLACEMENTS

NO_SCORE = "the policy in force has no score, or placed nothing since simulated midnight"


def row() -> Row:
    """Build the row of placements by node and level, score terms, weights."""
    return Row(title="Placement", panels=(_nodes(), _levels(), _terms(), _weights()))


def _nodes() -> dashboard.Panel:
    facts = Facts(
        title="Placements by node",
        description=(
            "Tasks per simulated hour that were placed on each chosen node, stacked. A link leads to the node on the "
            f"Edge cluster board. {SIMULATED}"
        ),
        unit=PER_HOUR,
        no_value=NO_RATE,
        targets=(by_run_and_node(f"3600 * {select(PLACEMENTS.rate, EVERY_NODE)}"),),
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


def _terms() -> dashboard.Panel:
    facts = Facts(
        title="Score terms of the placed tasks",
        description=(
            "Mean of each term of the score over the tasks placed since simulated midnight, before weighting; less is "
            "better. Latency: time to completion / deadline, by priority. Energy: / that of the worst choice. Grid: "
            "share of the energy that the grid must give. Carbon: grid x energy. Load: wait / longest wait. Several "
            "simulators: their mean."
        ),
        unit="percentunit",
        no_value=NO_SCORE,
        targets=(by_label("avg", "term", select("ecochain_scheduler_score_term_ratio")),),
        series=coloured(TERMS),
        width=14,
        minimum=0,
    )
    return lines(facts)


def _weights() -> dashboard.Panel:
    facts = Facts(
        title="Weights of the score",
        description=(
            "What each term counts in the score; they add up to 100%. Policies without a weighted score ignore them. "
            "Several simulators: their mean."
        ),
        unit="percentunit",
        no_value=NO_SCORE,
        targets=(by_label("avg", "objective", select("ecochain_scheduler_weight_ratio")),),
        series=coloured(TERMS),
        width=10,
        minimum=0,
        maximum=1,
        decimals=0,
    )
    return bars(facts)
