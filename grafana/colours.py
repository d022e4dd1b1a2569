"""The meaning of colours on every board: one name has one colour, and no other name of its kind shares it.

Green, amber and grey are kept for where electricity comes from. Red is kept for a limit, a failure or an alert.
"""

from collections.abc import Mapping
from types import MappingProxyType

RENEWABLE = "#3F9B57"
BATTERY = "#D99A1E"
GRID = "#8E9AA6"
BAD = "#D64550"
PLAIN = "#4C78A8"
"""A single value that carries no judgement."""

FAINT = "#7D98B8"
"""The edge of an uncertainty band, or an expected value beside the measured one."""

ACTIVITIES: Mapping[str, str] = MappingProxyType(
    {
        "idle": "#7A9BC4",
        "browsing": "#2F6FED",
        "streaming": "#9B5DE5",
        "download": "#00A6A6",
        "upload": "#E056A0",
        "unknown": "#737C88",
    }
)
"""Activities in the order in which the timeline numbers them, from 1."""

COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "baseline": "#8C6D5A",
        "cpu": "#C8622B",
        "memory": "#DDA77B",
        "disk": "#A08C3A",
        "gpu": "#7A3E1D",
        "network": "#2F7F9E",
        "rest": "#BDB2A7",
    }
)

SCOPES: Mapping[str, str] = MappingProxyType({"host": "#C8622B", "network": "#2F7F9E", "embodied": "#6D4C7D"})

DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {"receive": "#2F7F9E", "transmit": "#7CC0D8", "read": "#A08C3A", "write": "#D6C77A"}
)

FACTORS: Mapping[str, str] = MappingProxyType(
    {"grid": GRID, "power": "#C8622B", "network": "#2F7F9E", "budget": "#6D4C7D"}
)
"""The parts of the eco score, each in the colour of the quantity that it judges."""

SOURCES: Mapping[str, str] = MappingProxyType({"renewable": RENEWABLE, "battery": BATTERY, "grid": GRID})
"""Sources of a simulated node's electricity, in the order in which they are used."""

SUPPLIES: Mapping[str, str] = MappingProxyType({"solar": "#8CC152", "wind": "#2E7D5B", "hybrid": RENEWABLE})

OUTCOMES: Mapping[str, str] = MappingProxyType({"on_time": PLAIN, "late": "#B279A2", "dropped": BAD})

TERMS: Mapping[str, str] = MappingProxyType(
    {"latency": "#2F6FED", "energy": "#C8622B", "grid": GRID, "carbon": "#6D4C7D", "load": "#8C6D5A"}
)
"""The terms of the scheduler's score, each in the colour of the quantity that it judges."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {"1": "#C6DBEF", "2": "#9ECAE1", "3": "#6BAED6", "4": "#3182BD", "5": "#08519C"}
)
"""DVFS levels: the faster, the darker."""

QUANTILES: Mapping[str, str] = MappingProxyType({"half": PLAIN, "95%": "#9B5DE5", "99%": "#4A2C82"})
"""Latencies within which half, 95% and 99% of the tasks are completed."""
