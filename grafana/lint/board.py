"""Names that several rules share, and the variables of a board."""

from collections.abc import Iterator

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


def units(panel: BoardJson) -> Iterator[str]:
    """Yield the unit of a panel that shows data, and those of its series."""
    if panel.get("type") in TEXT_PANELS:
        return
    config = panel.get("fieldConfig", {})
    yield str(config.get("defaults", {}).get("unit"))
    for override in config.get("overrides", ()):
        for item in override.get("properties", ()):
            if item["id"] == "unit":
                yield str(item["value"])
