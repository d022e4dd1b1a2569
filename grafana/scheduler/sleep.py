"""The sleep of nodes and its reasons: of all nodes together over time, and node by node."""

from grafana_foundation_sdk.models import dashboard

from grafana.board import Row, narrowing_link
from grafana.colours import NODE_REASONS
from grafana.edge_cluster.names import UID as CLUSTER
from grafana.joined import looks
from grafana.panels import Facts, Series, Target, by_label, coloured, rows, stacked
from grafana.promql import select, total
from grafana.simulated import EVERY_NODE, NO_DATA
from simulator.live.reasons import WORDS

WHY_PIXELS = 290
"""Width of the column with the reason, the longest of which has about 45 letters."""


def row() -> Row:
    """Build the row of reasons over time, and of nodes with state, reason and queue."""
    return Row(title="Who sleeps, and why?", panels=(_reasons(), _nodes()))


def _reasons() -> dashboard.Panel:
    facts = Facts(
        title="Nodes by the reason for their state",
        description=(
            "The chosen nodes, stacked by the reason for which each is awake or asleep at the end of the last "
            "simulated step. Violet reasons are those of sleep. The table beside has them node by node; which reasons "
            "there are depends on who sends nodes to sleep."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(by_label("sum", "reason", select("ecochain_node_state_reason", EVERY_NODE)),),
        series=coloured(NODE_REASONS),
        width=10,
        height=11,
        minimum=0,
        decimals=0,
    )
    return stacked(facts)


def _nodes() -> dashboard.Panel:
    by = ("instance", "node")
    state = total(f"{select('ecochain_node_state', EVERY_NODE)} == 1", *by, "state")
    reason = total(f"{select('ecochain_node_state_reason', EVERY_NODE)} == 1", *by, "reason")
    facts = Facts(
        title="Why each node is awake or asleep",
        description=(
            "State of each chosen node at the end of the last simulated step and the reason for it, the tasks that are "
            "placed on it and not completed, and the time until it will have executed them."
        ),
        unit="none",
        no_value=NO_DATA,
        targets=(
            Target(expr=f"{state} * on (instance, node) group_left (reason) {reason}", legend="one"),
            Target(expr=total(select("ecochain_scheduler_queued_tasks", EVERY_NODE), *by), legend="Tasks"),
            Target(expr=total(select("ecochain_node_backlog_seconds", EVERY_NODE), *by), legend="Busy for"),
        ),
        series=(Series(name="Busy for", unit="dtdhms"), Series(name="Why", pixels=WHY_PIXELS)),
        links=(narrowing_link(CLUSTER, "instance", "node"),),
        decimals=0,
        width=14,
        height=11,
    )
    columns = {"node": "Node", "state": "State", "reason": "Why", "Tasks": "Tasks", "Busy for": "Busy for"}
    panel = rows(facts, columns=columns, hidden=("instance", "Value #A"))
    options = {reason: {"text": words, "index": index} for index, (reason, words) in enumerate(WORDS.items())}
    if panel.field_config is not None:
        panel.field_config.overrides.append(looks("Why", {"mappings": [{"type": "value", "options": options}]}))
    return panel
