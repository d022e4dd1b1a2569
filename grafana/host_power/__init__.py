"""The board Host power and processes: what the machine draws, by part and by program, and how that is known."""

from grafana.board import Board
from grafana.device import HOST_POWER
from grafana.host_power import components, counted, health, now, programs, sensors
from grafana.host_power.names import DOCUMENTS


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=HOST_POWER,
        title="Host power and processes",
        description=(
            "Electrical power of a machine by component, with its band and its origin, by program where these are told "
            "apart, and the sensors behind it."
        ),
        about=(
            "**What in this machine draws power, for which program, and how well is that known?** Measured is what a "
            "sensor or meter counted; everything else is modelled. Nine machines in ten lie within the stated bands. "
            "What the network draws elsewhere is on Device carbon. Programs are told apart where a collector is on."
        ),
        documents=DOCUMENTS,
        metric="ecotrack_samples_total",
        tags=("device",),
        rows=(now.row(), components.row(), programs.row(), counted.row(), sensors.row(), health.row()),
    )
