"""The board Host power and processes: what the machine draws, part by part, and how that is known."""

from grafana.board import Board
from grafana.device import HOST_POWER
from grafana.host_power import components, health, now, sensors
from grafana.host_power.names import DOCUMENTS


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=HOST_POWER,
        title="Host power and processes",
        description=(
            "Electrical power of a machine by component, with its band and its origin, and the sensors behind it. "
            "Processes are not told apart."
        ),
        about=(
            "**What in this machine draws power, how is that known, and how well?** Measured is what a sensor or "
            "meter counted; everything else is modelled. Nine machines in ten lie within the stated bands. What the "
            "network draws elsewhere is on Device carbon."
        ),
        documents=DOCUMENTS,
        metric="ecotrack_samples_total",
        tags=("device",),
        rows=(now.row(), components.row(), sensors.row(), health.row()),
    )
