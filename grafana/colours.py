"""The meaning of colours on every board: one name has one colour, and no other name of its kind shares it.

Green, amber and grey are kept for where electricity comes from. Red is kept for a limit, a failure or an alert. Every
colour stands out from the panels of both of Grafana's themes, which `contrast` measures and the linter requires.
"""

import colorsys
from collections.abc import Iterable, Mapping
from itertools import cycle
from types import MappingProxyType

RED_HUES = 15 / 360
"""Hues on either side of pure red that still read as red, as parts of the circle."""

GREYISH = 0.3
"""Saturation (HSL) up to which a colour reads as grey or brown."""

PANELS = ("#181B1F", "#FFFFFF")
"""Background of a panel in Grafana's dark and light theme, `background.primary` of each."""

LOWEST_CONTRAST = 3.0
"""Contrast of graphical objects with what is beside them, at least: WCAG 2.2, success criterion 1.4.11."""

RENEWABLE = "#3F9B57"
BATTERY = "#BE871A"
GRID = "#8693A0"
BAD = "#D64550"
PLAIN = "#4C78A8"
"""A single value that carries no judgement."""

MARK = "#B5651D"
"""A published figure, as a mark on a bar."""

FAINT = "#7793B5"
"""The edge of an uncertainty band, or an expected value beside the measured one."""

ACTIVITIES: Mapping[str, str] = MappingProxyType(
    {
        "idle": "#7094C0",
        "browsing": "#2F6FED",
        "streaming": "#9B5DE5",
        "download": "#00A1A1",
        "upload": "#E056A0",
        "call": "#B5651D",
        "unknown": "#737C88",
    }
)
"""Activities in the order in which the timeline numbers them, from 1."""

SOURCE_STATES: Mapping[str, str] = MappingProxyType(
    {"absent": "#9E8E7E", "works": PLAIN, "denied": "#9B5DE5", "fails": BAD}
)
"""States of a source of the exporter, from what tells least to what matters most."""

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "measured": PLAIN,
        "estimated": "#2F7F9E",
        "forecast": "#9B5DE5",
        "last_known": "#B5651D",
        "static": GRID,
    }
)
"""Methods by which a carbon intensity is known, from the best to the last resort."""

COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "baseline": "#8C6D5A",
        "cpu": "#C8622B",
        "memory": "#CD7E3E",
        "disk": "#A08C3A",
        "gpu": "#9A5B86",
        "network": "#2F7F9E",
        "rest": "#9E8E7E",
    }
)

SCOPES: Mapping[str, str] = MappingProxyType({"host": "#C8622B", "network": "#2F7F9E", "embodied": "#855D99"})

NO_PROGRAMS: Mapping[str, str] = MappingProxyType({"other": FAINT, "unattributed": "#737C88", "idle": "#9E8E7E"})
"""Groups of processes that are no programs; none of them draws the eye."""

DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {"receive": "#2F7F9E", "transmit": "#399CBF", "read": "#7E6F33", "write": "#A39132"}
)

FACTORS: Mapping[str, str] = MappingProxyType(
    {"grid": GRID, "network": "#2F7F9E", "power": "#C8622B", "idle": ACTIVITIES["idle"]}
)
"""The factors of the eco score, each in the colour of the quantity that it judges."""

GRADES = ("A", "B", "C", "D", "E", "F")
"""Letters of the eco score in the order in which its panel numbers them, from 1. None has a colour: a dirty grid is no
fault."""

SOURCES: Mapping[str, str] = MappingProxyType({"renewable": RENEWABLE, "battery": BATTERY, "grid": GRID})
"""Sources of a simulated node's electricity, in the order in which they are used."""

SUPPLIES: Mapping[str, str] = MappingProxyType(
    {"solar": "#6E9F39", "wind": "#2E7D5B", "hybrid": RENEWABLE, "grid": GRID}
)
"""Supplies of simulated nodes; a node has the colour of its supply."""

FLOW_SOURCES: Mapping[str, str] = MappingProxyType(
    {"solar": SUPPLIES["solar"], "wind": SUPPLIES["wind"], "battery": BATTERY, "grid": GRID}
)
"""Sources of the electricity of a simulated site, from the first to be used to the last."""

FLOW_SINKS: Mapping[str, str] = MappingProxyType(
    {"load": PLAIN, "battery": BATTERY, "grid": GRID, "curtailed": "#B279A2", "loss": "#8C6D5A"}
)
"""Uses of the electricity of a simulated site, from the first to be served to the last."""

NODE_STATES: Mapping[str, str] = MappingProxyType({"awake": PLAIN, "asleep": "#855D99", "waking": "#C8622B"})
"""States of simulated nodes, in the order in which the timeline numbers them, from 1."""

NODE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "front": "#2F6FED",
        "batch": "#00A1A1",
        "planned_asleep": "#855D99",
        "working": "#4A7FDD",
        "kept_for_work": "#399CBF",
        "kept_for_class": "#7E6F33",
        "idle_briefly": "#7793B5",
        "task_placed": "#C8622B",
        "cannot_sleep": "#8C6D5A",
        "sleep_off": "#737C88",
        "idle_long": "#9B5DE5",
        "not_needed": "#B279A2",
        "policy": "#A08C3A",
    }
)
"""Reasons for the state of a simulated node: blue for those that keep it awake, violet for those that let it sleep."""

HORIZONS: Mapping[str, str] = MappingProxyType({"1h": "#3F9AB2", "6h": "#3D93D4", "24h": "#6A6AD8", "later": "#8350CB"})
"""Times until held tasks are released, from the nearest to the farthest."""

WAITING: Mapping[str, str] = MappingProxyType({"queued": PLAIN, "held": "#855D99"})
"""Tasks that are not completed: placed on a node, or held back on purpose."""

WAKES: Mapping[str, str] = MappingProxyType({"awake": PLAIN, "failed": BAD})

OUTCOMES: Mapping[str, str] = MappingProxyType({"on_time": PLAIN, "late": "#B279A2", "dropped": BAD})

TERMS: Mapping[str, str] = MappingProxyType(
    {"latency": "#2F6FED", "energy": "#C8622B", "grid": GRID, "carbon": "#855D99", "load": "#8C6D5A"}
)
"""The terms of the scheduler's score, each in the colour of the quantity that it judges."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {"1": "#3F9AB2", "2": "#3D93D4", "3": "#4A7FDD", "4": "#6A6AD8", "5": "#8350CB"}
)
"""DVFS levels, from blue-green at the slowest to violet at the fastest."""

QUANTILES: Mapping[str, str] = MappingProxyType({"half": PLAIN, "95%": "#B565C9", "99%": "#7D56C6"})
"""Latencies within which half, 95% and 99% of the tasks are completed."""

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "vision": "#2F6FED",
        "text": "#00A1A1",
        "sensor": "#C8622B",
        "report": "#855D99",
        "image": "#E056A0",
        "detection": "#A08C3A",
    }
)
"""Task classes of the scenarios that come with the simulator. Those of one's own are drawn in `PLAIN`."""

UNIT_STATES: Mapping[str, str] = MappingProxyType({"held": PLAIN, "retired": "#855D99", "cancelled": "#8C6D5A"})
"""States of the units of an instrument of the ledger."""

SITES: Mapping[str, str] = MappingProxyType({"leeds": "#2F6FED", "leipzig": "#C8622B", "lyon": "#855D99"})
"""Sites of the scenario `regions`. Those of one's own are drawn in `PLAIN`."""

SERIES = (
    "#2F6FED",
    "#C8622B",
    "#00A1A1",
    "#9B5DE5",
    "#8C6D5A",
    "#E056A0",
    "#A08C3A",
    "#399CBF",
    "#855D99",
    "#7793B5",
    "#7E6F33",
)
"""Colours for names that carry no meaning; none of them is green, amber, grey or red."""

FURTHER = "#8C6D5A"
"""Those after the first ones together."""

RANKS = tuple(colour for colour in SERIES if colour not in (FURTHER, FAINT))[:8]
"""Colours of the first ones in an order, where their names are not known beforehand."""


def distinct(names: Iterable[str]) -> Mapping[str, str]:
    """Give each name its colour: that of the component where it is one, else the next of `SERIES`."""
    names = tuple(names)
    taken = {COMPONENTS[name] for name in names if name in COMPONENTS}
    free = cycle(colour for colour in SERIES if colour not in taken)
    return {name: COMPONENTS.get(name) or next(free) for name in names}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours `#RRGGBB`, from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lowest_contrast(colour: str) -> float:
    """Return the contrast of a colour with the panels of the theme in which it stands out less."""
    return min(contrast(colour, panel) for panel in PANELS)


def is_red(colour: str) -> bool:
    """Tell whether people would call a colour `#RRGGBB` red: by hue, and not greyish."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    return min(hue, 1 - hue) < RED_HUES and saturation > GREYISH


def _luminance(colour: str) -> float:
    """Return the relative luminance of sRGB, from 0 for black to 1 for white (WCAG 2.2)."""
    shares = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
