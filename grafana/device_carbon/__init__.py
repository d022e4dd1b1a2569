"""The Device carbon board: what one device, or the chosen ones together, draw and emit, and why."""

from exporter.power.networks import UNKNOWN_NETWORK_FACTOR
from grafana.board import Board
from grafana.device import DEVICE_CARBON
from grafana.device_carbon import breakdown, budgets, health, machine, now, trends, whole
from grafana.device_carbon.names import DOCUMENTS


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=DEVICE_CARBON,
        title="Device carbon",
        description=(
            "Power, carbon emissions and carbon budget of a device, as ecotrack measures or estimates them. "
            "Host is this machine's own electricity; network is the electricity that its traffic uses elsewhere."
        ),
        about=(
            "**How much does this device draw and emit, is that a lot, and why?** Watts are of this machine; grams "
            "are of the machine and of the network that carries its traffic, shown apart. Without a sensor both are "
            "estimates: the machine's within its stated band, the network's within a factor of "
            f"{UNKNOWN_NETWORK_FACTOR.value:g}."
        ),
        documents=DOCUMENTS,
        metric="ecotrack_samples_total",
        tags=("device",),
        rows=(now.row(), trends.row(), budgets.row(), breakdown.row(), machine.row(), whole.row(), health.row()),
    )
