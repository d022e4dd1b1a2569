"""The Edge cluster board: what the simulated nodes draw, where it comes from, and what waits."""

from grafana.board import Board, Choice
from grafana.edge_cluster import nodes, now, supply
from grafana.edge_cluster.names import UID
from grafana.simulated import PROGRAM, health


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Edge cluster",
        description=(
            "Power, supply, batteries and queues of a simulated cluster of edge nodes. Everything here is simulated: "
            "no machine is measured. The time axis is that of the wall's clock, while hours in rates are simulated."
        ),
        metric="ecochain_clock_timestamp_seconds",
        program=PROGRAM,
        choices=(Choice(label="node", title="Node", metric="ecochain_node_info"),),
        tags=("simulator",),
        shown="now-1h",
        rows=(now.row(), supply.row(), nodes.row(), health()),
    )
