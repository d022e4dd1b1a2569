"""Graphs as SVG: lines over time or over a number, stacks, bands and timelines of states."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby, pairwise

from grafana.draw.axes import Axis, limits
from grafana.draw.looks import Look

LEFT, BOTTOM, TOP, RIGHT, RIGHT_AXIS = 72, 22, 8, 12, 46
"""Margins of a graph in pixels, that at the right without and with an axis."""

Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Drawn series: its name, its look, its colour, and its points."""

    name: str
    look: Look
    colour: str
    points: Points


def graph(lines: Sequence[Line], *, size: tuple[int, int], across: tuple[float, float], gap: float) -> str:
    """Draw lines in a box of `size` pixels; a step of more than `gap` on the axis breaks a line; 0 never does.

    The first line's unit has its axis at the left, any other at the right, as in Grafana.
    """
    width, height = size
    drawn = list(_stacked([_mirrored(line) for line in lines]))
    units = dict.fromkeys(_unit(line) for line in lines)
    sides = [[(line, below) for line, below in drawn if _unit(line) == unit] for unit in units]
    end = width - (RIGHT if len(sides) == 1 else RIGHT_AXIS)
    x = Axis(low=across[0], high=across[1], start=LEFT, end=end)
    wide = _column_width(lines, x)
    marks = shapes = ""
    for number, side in enumerate(sides):
        own = [line for line, _ in side]
        y = _scale(own, height)
        marks += _marks(own, y, end, is_right=number > 0)
        shapes += "".join(_shape(line, below, x, y, gap, wide) for line, below in side)
        shapes += _threshold(own[0].look, y, end)
    axis = _times(x, height) if gap else _numbers(x, height)
    return f'<svg width="{width}" height="{height}">{marks}{axis}{shapes}</svg>'


def _unit(line: Line) -> str:
    return str(line.look.config.get("unit"))


def _scale(lines: Sequence[Line], height: int) -> Axis:
    """Return the axis of lines with one unit."""
    config = lines[0].look.config
    low, high = limits((y for line in lines for _, y in line.points), *_bounds(lines))
    low, high = (end if hard is None else hard for end, hard in ((low, config.get("min")), (high, config.get("max"))))
    return Axis(low=low, high=high, start=height - BOTTOM, end=TOP)


def _marks(lines: Sequence[Line], y: Axis, end: float, *, is_right: bool) -> str:
    """Draw the ticks of an axis: with rules across the graph at the left, and with text alone at the right."""
    look, is_mirrored = lines[0].look, _is_mirrored(lines)
    texts = ((y.at(tick), look.text(abs(tick) if is_mirrored else tick)) for tick in y.ticks())
    if is_right:
        return "".join(f'<text x="{end + 6}" y="{at + 4:.1f}">{escape(text)}</text>' for at, text in texts)
    return "".join(_rule(at, end, text) for at, text in texts)


def timeline(lines: Sequence[Line], *, size: tuple[int, int], across: tuple[float, float]) -> str:
    """Draw a row per series, with a stretch for each state."""
    width, height = size
    left = LEFT + 90
    x = Axis(low=across[0], high=across[1], start=left, end=width - RIGHT)
    row = (height - BOTTOM) / max(1, len(lines))
    shapes = []
    for index, line in enumerate(lines):
        top = index * row + 0.08 * row
        shapes.append(f'<text x="{left - 8}" y="{top + 0.5 * row}" class="end">{escape(line.name[:22])}</text>')
        for value, group in groupby(_until_next(line.points, across[1]), key=lambda one: one[2]):
            stretch = list(group)
            start, end = x.at(stretch[0][0]), x.at(stretch[-1][1])
            colour, text = line.look.mapped_colour(value), line.look.text(value)
            shapes.append(
                f'<rect x="{start:.1f}" y="{top:.1f}" width="{max(1.0, end - start):.1f}" height="{0.84 * row:.1f}" '
                f'fill="{colour}"/>'
            )
            if end - start > 7 * len(text):
                shapes.append(f'<text x="{start + 5:.1f}" y="{top + 0.5 * row}" fill="#fff">{escape(text)}</text>')
    return f'<svg width="{width}" height="{height}">{"".join(shapes)}{_times(x, height)}</svg>'


def _until_next(points: Points, last: float) -> Iterator[tuple[float, float, float]]:
    """Yield each value from its time to that of the next one, and the newest up to the `last` time shown."""
    for (start, value), (end, _) in pairwise([*points, (last, 0.0)]):
        yield start, end, value


def _is_mirrored(lines: Sequence[Line]) -> bool:
    return any(line.look.custom.get("transform") == "negative-Y" for line in lines)


def _mirrored(line: Line) -> Line:
    if line.look.custom.get("transform") != "negative-Y":
        return line
    below = [(x, -y) for x, y in line.points]
    return Line(name=line.name, look=line.look, colour=line.colour, points=below)


def _stacked(lines: Sequence[Line]) -> Iterator[tuple[Line, Points]]:
    """Yield each line where it is drawn, and the line under its area: that of the series below, or none.

    As in Grafana, mirrored lines are stacked among themselves, downwards.
    """
    stacks: dict[object, dict[float, float]] = {}
    by_name = {line.name: line.points for line in lines}
    for line in lines:
        if (line.look.custom.get("stacking") or {}).get("mode") == "normal":
            sums = stacks.setdefault(line.look.custom.get("transform"), {})
            below = [(x, sums.get(x, 0.0)) for x, _ in line.points]
            points = [(x, y + sums.get(x, 0.0)) for x, y in line.points]
            sums.update(points)
            yield Line(name=line.name, look=line.look, colour=line.colour, points=points), below
        else:
            yield line, by_name.get(str(line.look.custom.get("fillBelowTo")), [(x, 0.0) for x, _ in line.points])


def _bounds(lines: Sequence[Line]) -> tuple[float | None, float | None]:
    """Return what the axis must reach: hard and soft ends; as in Grafana, not the thresholds that are drawn."""
    config, custom = lines[0].look.config, lines[0].look.custom
    lows = [one for one in (config.get("min"), custom.get("axisSoftMin")) if one is not None]
    highs = [one for one in (config.get("max"), custom.get("axisSoftMax")) if one is not None]
    return min(lows, default=None), max(highs, default=None)


def _drawn_limits(look: Look) -> list[float]:
    if (look.custom.get("thresholdsStyle") or {}).get("mode", "off") == "off":
        return []
    steps = look.config.get("thresholds", {}).get("steps", ())
    return [step["value"] for step in steps if step.get("value") is not None]


def _threshold(look: Look, y: Axis, end: float) -> str:
    return "".join(
        f'<line x1="{LEFT}" x2="{end}" y1="{y.at(value):.1f}" y2="{y.at(value):.1f}" stroke="#D64550" '
        'stroke-dasharray="8 6"/>'
        for value in _drawn_limits(look)
        if y.low <= value <= y.high
    )


def _shape(line: Line, below: Points, x: Axis, y: Axis, gap: float, wide: float) -> str:
    custom = line.look.custom
    fill = float(custom.get("fillOpacity", 0)) / 100.0
    if custom.get("drawStyle") == "bars":
        return _columns(line, below, x, y, wide)
    under = dict(below)
    shapes = []
    for run in _runs(line.points, gap):
        top = " ".join(f"{x.at(one):.1f},{y.at(value):.1f}" for one, value in run)
        foot = " ".join(f"{x.at(one):.1f},{y.at(under.get(one, 0.0)):.1f}" for one, _ in reversed(run))
        if fill:
            shapes.append(f'<polygon points="{top} {foot}" fill="{line.colour}" fill-opacity="{fill:.2f}"/>')
        dash = ' stroke-dasharray="8 6"' if (custom.get("lineStyle") or {}).get("fill") == "dash" else ""
        thick = custom.get("lineWidth", 1)
        if custom.get("drawStyle") != "points":
            shapes.append(f'<polyline points="{top}" fill="none" stroke="{line.colour}" stroke-width="{thick}"{dash}/>')
        if custom.get("showPoints") == "always" or custom.get("drawStyle") == "points" or len(run) == 1:
            shapes += [f'<circle cx="{x.at(a):.1f}" cy="{y.at(b):.1f}" r="3.5" fill="{line.colour}"/>' for a, b in run]
    return "".join(shapes)


def _column_width(lines: Sequence[Line], x: Axis) -> float:
    """Return the width of a column: most of the least step between two."""
    places = sorted({x.at(at) for line in lines for at, _ in line.points})
    return max(1.0, 0.7 * min((right - left for left, right in pairwise(places)), default=x.end - x.start))


def _columns(line: Line, below: Points, x: Axis, y: Axis, wide: float) -> str:
    return "".join(
        f'<rect x="{x.at(one) - wide / 2:.1f}" y="{y.at(value):.1f}" width="{wide:.1f}" '
        f'height="{max(0.0, y.at(foot) - y.at(value)):.1f}" fill="{line.colour}"/>'
        for (one, value), (_, foot) in zip(line.points, below, strict=True)
    )


def _runs(points: Points, gap: float) -> Iterator[Points]:
    run: Points = []
    for point in points:
        if run and gap and point[0] - run[-1][0] > gap:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _rule(y: float, end: float, text: str) -> str:
    return (
        f'<line x1="{LEFT}" x2="{end}" y1="{y:.1f}" y2="{y:.1f}" class="rule"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="end">{escape(text)}</text>'
    )


def _times(x: Axis, height: int) -> str:
    count = max(2, min(6, int((x.end - x.start) / 90)))
    moments = [x.low + (index + 0.5) * (x.high - x.low) / count for index in range(count)]
    pattern = "%d %b" if x.high - x.low > 3 * 86_400 else "%H:%M" if x.high - x.low > 900 else "%H:%M:%S"
    return "".join(
        f'<text x="{x.at(one):.1f}" y="{height - 5}" class="middle">{moment:{pattern}}</text>'
        for one, moment in ((one, datetime.fromtimestamp(one).astimezone()) for one in moments)
    )


def _numbers(x: Axis, height: int) -> str:
    return "".join(f'<text x="{x.at(tick):.1f}" y="{height - 5}" class="middle">{tick:g}</text>' for tick in x.ticks())
