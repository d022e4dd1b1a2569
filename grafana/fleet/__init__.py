"""The board Fleet: many devices at once, by team, from what rules have recorded."""

from grafana.board import Board, Choice
from grafana.device import DEVICE_CARBON, FLEET
from grafana.fleet import budgets, change, emitters, now, quality
from grafana.fleet.names import DOCUMENTS
from grafana.promql import EVERY_INSTANCE
from grafana.queries import EVERY
from prometheus.fleet import SHARE


def board() -> Board:
    """Return the board before layout; rows from the answer down to the data behind it."""
    return Board(
        uid=FLEET,
        title="Fleet",
        description="Power and emissions of many devices, by team and by device, with budgets and what is missing.",
        about=(
            "**What do all devices emit, which of them most, and who keeps to the budget?** Each device counts once, "
            "however many jobs scrape it, and one that does not answer is missing, not zero. A click on a device "
            "opens Device carbon. Traffic between two devices of the fleet is counted at both of its ends."
        ),
        documents=DOCUMENTS,
        metric="ecotrack_samples_total",
        tags=("device",),
        choices=(Choice(label="team", title="Team", metric=SHARE, among=EVERY_INSTANCE, every=EVERY["team"]),),
        detail=DEVICE_CARBON,
        rows=(now.row(), emitters.row(), change.row(), budgets.row(), quality.row()),
    )
