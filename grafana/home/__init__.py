"""The Home board: the questions that people begin with, a row each, and links to the boards that know more."""

from grafana.board import Board
from grafana.device import DEVICE_CARBON, HOME
from grafana.home import better, clean, cluster, much, now, sure, who, why
from grafana.home.names import DOCUMENTS


def board() -> Board:
    """Return the board before layout; rows from what everybody asks to what some ask, and how sure it is."""
    return Board(
        uid=HOME,
        title="Home",
        description=(
            "What devices emit now, why, whether it is getting better, who emits it, when the grid is clean, and what "
            "a cluster that is scheduled by energy would save. Every panel leads to the board with its detail."
        ),
        about=(
            "**What do we emit, why, and what can be done?** Each row is a question, and a click on a figure leads to "
            "the board that explains it. Without sensors all of it is an estimate within a stated band. One device or "
            "many: figures are added up, the narrower your choice of instances, the fewer."
        ),
        documents=DOCUMENTS,
        metric="ecotrack_samples_total",
        tags=("home",),
        shown="now-24h",
        detail=DEVICE_CARBON,
        rows=(
            now.row(),
            why.row(),
            better.row(),
            much.row(),
            who.row(),
            clean.row(),
            cluster.row(),
            sure.row(),
        ),
    )
