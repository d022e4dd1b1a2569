"""Names that several rules share, and the variables of a board."""

from grafana.queries import BoardJson

DATASOURCE = "${datasource}"
TARGET_VARIABLES = {"job": "Job", "instance": "Instance"}
OF_TEAMS = ("team:", "team_period:")
"""Beginnings of series that are recorded of teams, and know neither job nor instance."""

DATA_PANELS = frozenset({"barchart", "bargauge", "stat", "state-timeline", "table", "timeseries", "trend"})
"""Panel types in use that show data; a new one is added here on purpose."""

TEXT_PANELS = frozenset({"text"})
"""Panel types that show none, and so have neither unit nor query."""


def variables(board: BoardJson) -> dict[str, BoardJson]:
    """Return the board's variables by name."""
    return {variable.get("name", ""): variable for variable in board.get("templating", {}).get("list", ())}
