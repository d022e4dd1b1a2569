"""Names that several rows of the board share."""

from grafana.board import leading_link
from grafana.device import CARBON_BUDGET, DEVICE_CARBON, FLEET, HOST_POWER

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

GRAMS_PER_HOUR = "suffix:g/h"
GRAMS_PER_KWH = "suffix:g/kWh"

MOST = 5
"""Devices, teams and programs that bars show."""
