"""The Carbon budget and alerts board: whether the budgets last, and when the grid is clean enough to wait for."""

from grafana.board import Board
from grafana.carbon_budget import budgets, grid, health, money, now
from grafana.carbon_budget.names import DOCUMENTS
from grafana.device import CARBON_BUDGET


def board() -> Board:
    """Return the board before layout; rows from the answer down to its evidence."""
    return Board(
        uid=CARBON_BUDGET,
        title="Carbon budget and alerts",
        description=(
            "Carbon budgets of a device day by day, the carbon intensity of its grid with its forecast, what its "
            "electricity costs, and the alerts on all of it."
        ),
        about=(
            "**Does the budget last, and when is the grid clean?** Used grams are counted; the end of a period is "
            "projected from the device's own week. A forecast of the grid is the provider's, and stands beside its own "
            "error. Bases are never mixed: look which one stands behind the figures."
        ),
        documents=DOCUMENTS,
        metric="ecotrack_samples_total",
        tags=("device",),
        rows=(now.row(), budgets.row(), grid.row(), money.row(), health.row()),
        shown="now-24h",
    )
