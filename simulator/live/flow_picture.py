"""The picture of the day's flows of energy, from source to sink, as inline SVG that needs no script.

Bands stretch with the page, text does not: at every width it has the same size, and a place where no other text stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter.core.units import Joules
from simulator.energy.bus import SINKS, SOURCES
from simulator.live.flows import FlowView, total_joules, total_watts
from simulator.live.shown import energy_text, share_text, watts_text

BARS_HEIGHT = 200.0
"""Height of all energy of the day in CSS pixels: a choice that leaves a phone room for the text."""

LABEL_HEIGHT, LINE_HEIGHT, GAP = 54.0, 16.0, 8.0
"""Height of a label of three lines with its margin, of a line, and of what lies between two labels, in CSS pixels."""

LEAST_SHARE = 0.005
"""Part of the day's energy below which a band is not drawn: a pixel, which would look like a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A source or sink with the flows that leave or reach it, the place of its bar, and the middle of its label."""

    name: str
    flows: tuple[FlowView, ...]
    top: float
    height: float
    middle: float


def flow_picture(flows: Sequence[FlowView]) -> str:
    """Draw bands from sources to sinks, as thick as their energy in the day, and name those that are too thin."""
    flowed = [flow for flow in flows if flow.today_joules > 0.0]
    if not flowed:
        return '<p class="dim">No energy has flowed yet today.</p>'
    columns = (_column(SOURCES, flowed, lambda flow: flow.source), _column(SINKS, flowed, lambda flow: flow.sink))
    height = max(_height(column) for column in columns)
    sources, sinks = (_lowered(column, (height - _height(column)) / 2.0) for column in columns)
    bars = "".join(_bar(end, 0) for end in sources) + "".join(_bar(end, 99) for end in sinks)
    labels = "".join(_label(end, "") for end in sources) + "".join(_label(end, " sink") for end in sinks)
    return (
        f'<svg class="flow" height="{height:g}" role="img" aria-labelledby="flow-title flow-desc">'
        '<title id="flow-title">Energy of the simulated day, from source to sink</title>'
        '<desc id="flow-desc">Bands are as thick as their energy; the table of flows has the figures.</desc>'
        f'<svg viewBox="0 0 100 {height:g}" height="{height:g}" preserveAspectRatio="none">'
        f"{_bands(sources, sinks)}{bars}</svg>{labels}</svg>{_thin(flowed)}"
    )


def _column(names: Sequence[str], flows: Sequence[FlowView], end: Callable[[FlowView], str]) -> list[End]:
    """Return the ends that have any energy, from the top down, each with room for its label."""
    column: list[End] = []
    whole = total_joules(flows)
    for name in names:
        mine = tuple(flow for flow in flows if end(flow) == name)
        if mine:
            below = _height(column) + GAP if column else 0.0
            height = BARS_HEIGHT * total_joules(mine) / whole
            middle = below + max(height, LABEL_HEIGHT) / 2.0
            column.append(End(name=name, flows=mine, top=middle - height / 2.0, height=height, middle=middle))
    return column


def _height(column: Sequence[End]) -> float:
    """Return the height of a column with its labels, in whole pixels."""
    return float(round(column[-1].middle + max(column[-1].height, LABEL_HEIGHT) / 2.0)) if column else 0.0


def _lowered(column: Sequence[End], by: float) -> list[End]:
    return [
        End(name=end.name, flows=end.flows, top=end.top + by, height=end.height, middle=end.middle + by)
        for end in column
    ]


def _bands(sources: Sequence[End], sinks: Sequence[End]) -> str:
    """Draw the bands; each leaves its source below the one before, and so reaches its sink."""
    reached = {sink.name: sink.top for sink in sinks}
    bands = ""
    for source in sources:
        left, whole = source.top, total_joules(source.flows)
        for flow in source.flows:
            height = source.height * flow.today_joules / whole
            right = reached[flow.sink]
            if _is_drawn(flow):
                bands += _band(flow, left, right, height)
            left, reached[flow.sink] = left + height, right + height
    return bands


def _band(flow: FlowView, left: float, right: float, height: float) -> str:
    top = f"M1 {left:.2f}C50 {left:.2f} 50 {right:.2f} 99 {right:.2f}"
    bottom = f"v{height:.2f}C50 {right + height:.2f} 50 {left + height:.2f} 1 {left + height:.2f}z"
    return f'<path class="{flow.source}" d="{top}{bottom}"><title>{_told(flow)}</title></path>'


def _bar(end: End, left: int) -> str:
    kind = f"{end.name} end"
    return f'<rect class="{kind}" x="{left}" y="{end.top:.2f}" width="1" height="{max(end.height, 1.0):.2f}"/>'


def _label(end: End, side: str) -> str:
    watts = total_watts(end.flows)
    share = sum(flow.today_ratio or 0.0 for flow in end.flows)
    lines = [
        f"{end.name.capitalize()} {share_text(share)}",
        energy_text(Joules(total_joules(end.flows))),
        "" if watts is None else f"{watts_text(watts)} now",
    ]
    first = end.middle - LINE_HEIGHT * 0.65
    place = 'x="100%" dx="-14"' if side else 'x="14"'
    return "".join(
        f'<text class="{kind}{side}" {place} y="{first + LINE_HEIGHT * number:.1f}">{line}</text>'
        for number, (kind, line) in enumerate(zip(("first", "line", "line"), lines, strict=True))
        if line
    )


def _is_drawn(flow: FlowView) -> bool:
    return flow.today_ratio is not None and flow.today_ratio >= LEAST_SHARE


def _told(flow: FlowView) -> str:
    now = "" if flow.now_watts is None else f", {watts_text(flow.now_watts)} now"
    share = "" if flow.today_ratio is None else f" ({share_text(flow.today_ratio)})"
    return f"{flow.source} to {flow.sink}: {energy_text(Joules(flow.today_joules))} today{share}{now}"


def _thin(flows: Sequence[FlowView]) -> str:
    thin = [f"{flow.source} to {flow.sink}" for flow in flows if not _is_drawn(flow)]
    if not thin:
        return ""
    return f'<p class="dim">Not drawn, since each is less than {LEAST_SHARE:.1%} of the day: {", ".join(thin)}.</p>'
