"""The Edge cluster board: what the simulated sites and nodes draw, where it comes from, who sleeps, and what waits."""

from grafana.board import Board, Choice
from grafana.edge_cluster import nodes, now, sites, sleep, supply
from grafana.edge_cluster.names import UID
from grafana.simulated import DOCUMENTS, EVERY_SITE, PROGRAM, health


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=UID,
        title="Edge cluster",
        description=(
            "Sites, flows, sleep and queues of a simulated cluster of edge nodes. Everything here is simulated: "
            "no machine is measured. The time axis is that of the wall's clock, while hours in rates are simulated."
        ),
        about=(
            "**How much do the simulated nodes draw, where does it come from, and what waits?** Everything is "
            "simulated, and exact for the scenario; how close the scenario is to a real cluster is not known. "
            "Hours in rates are simulated. Site chooses for the row Sites, Node for all others."
        ),
        documents=DOCUMENTS,
        metric="ecochain_clock_timestamp_seconds",
        program=PROGRAM,
        choices=(
            Choice(label="site", title="Site", metric="ecochain_node_info"),
            Choice(label="node", title="Node", metric="ecochain_node_info", among=EVERY_SITE),
        ),
        tags=("simulator",),
        shown="now-1h",
        rows=(now.row(), sites.row(), sleep.row(), supply.row(), nodes.row(), health()),
    )
