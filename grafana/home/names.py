"""Names that several rows of the board share."""

from grafana.board import leading_link
from grafana.device import CARBON_BUDGET, DEVICE_CARBON, FLEET, HOST_POWER
from grafana.promql import select, total
from prometheus.fleet import WEIGHT

DOCUMENTS = {
    "How to read it": "how-to/read-the-home-dashboard.md",
    "What the numbers mean": "explanation/what-the-numbers-mean.md",
    "Runbooks": "runbooks",
}
"""Pages on the board."""

TO_DEVICE = leading_link(DEVICE_CARBON, "Device carbon: its trends and its score")
TO_HOST_POWER = leading_link(HOST_POWER, "Host power: components, programs, sensors")
TO_BUDGET = leading_link(CARBON_BUDGET, "Carbon budget: days, grid, cost")
TO_FLEET = leading_link(FLEET, "Fleet: devices and teams side by side")
"""Links to the boards with the detail, for the same choices and the same time."""


SHARE = f"sum by (job, instance) ({select(WEIGHT)})"
"""Part of a device that a target stands for: less than all of it where it has several, or is listed twice."""


def once(expr: str) -> str:
    """Count each device once, whatever the number of its targets; in full those that are not seen now."""
    return f"({expr} * on (job, instance) group_left () {SHARE} or {expr} unless on (job, instance) {SHARE})"


def together(expr: str, *labels: str) -> str:
    """Add up a figure of the chosen devices, each once, kept apart by these labels."""
    return total(once(expr), *labels)


MOST = 5
"""Devices, teams and programs that bars show."""
