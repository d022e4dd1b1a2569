"""Panels with their values, each as a piece of HTML."""

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import pairwise

from grafana.draw import figures
from grafana.draw.ask import Prometheus, Series
from grafana.draw.frames import Frame, frame, legend
from grafana.draw.graphs import Line, Points, graph, timeline
from grafana.draw.looks import look
from grafana.queries import BoardJson

TITLE, PADDING = 34, 10
"""Height of a panel's title and its inner margin in pixels."""

LEGEND_ROW, CALCULATION, LETTER = 22, 74, 7
"""Height of a row of a legend, width of a column of it, and mean width of a letter in it, in pixels."""

MOST_BESIDE = 0.6
"""Share of the width that Grafana gives a legend beside its graph at most."""

CALCULATED = {"lastNotNull": "Last *", "mean": "Mean", "max": "Max", "min": "Min", "sum": "Total"}

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def drawn(panel: BoardJson, prometheus: Prometheus, size: tuple[int, int]) -> str:
    """Draw a panel of `size` pixels, its frame included."""
    width, height = size
    inner = (width - 2 * PADDING, height - TITLE - PADDING)
    title = filled(str(panel.get("title", "")), prometheus)
    body = _body(panel, prometheus, inner)
    return f'<h3>{escape(title)}</h3><div class="body" style="width:{inner[0]}px;height:{inner[1]}px">{body}</div>'


def filled(title: str, prometheus: Prometheus) -> str:
    """Fill in the variables of a title."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: prometheus.values.get(match[1], "All"), title)


def _body(panel: BoardJson, prometheus: Prometheus, size: tuple[int, int]) -> str:
    kind = panel["type"]
    if kind == "text":
        return figures.markdown(str(panel["options"]["content"]))
    span = _span(panel, prometheus)
    step = _step(panel, prometheus.step(span))
    answers = [
        (
            str(target.get("legendFormat", "")),
            prometheus.instant(target["expr"], span)
            if target.get("instant")
            else prometheus.over_time(target["expr"], span, step),
        )
        for target in panel["targets"]
    ]
    if not any(series for _, series in answers):
        return figures.empty(panel)
    if kind in {"timeseries", "state-timeline"}:
        return _over_time(panel, answers, size, (prometheus.end - span, prometheus.end), step)
    if kind in {"stat", "bargauge"}:
        named = [(legend(name, one.labels), one.points[-1][1]) for name, series in answers for one in series]
        return figures.numbers(panel, named, size) if kind == "stat" else figures.gauges(panel, named)
    made = frame(panel, answers)
    if kind == "trend":
        return _over_number(panel, made, size)
    return figures.bar_chart(panel, made, size) if kind == "barchart" else figures.table(panel, made, size)


def _span(panel: BoardJson, prometheus: Prometheus) -> float:
    """Return the seconds that the panel shows: its own, or those of the board."""
    wished = str(panel.get("timeFrom") or "")
    if match := re.fullmatch(r"(\d+)([smhdw])", wished):
        return float(int(match[1]) * SECONDS[match[2]])
    if wished not in ("now/d", "now/M"):
        return prometheus.span
    midnight = datetime.fromtimestamp(prometheus.end).astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return prometheus.end - (midnight.replace(day=1) if wished == "now/M" else midnight).timestamp()


def _step(panel: BoardJson, usual: float) -> float:
    match = re.fullmatch(r">?(\d+)([smhd])", str(panel.get("interval") or ""))
    return max(usual, float(int(match[1]) * SECONDS[match[2]])) if match else usual


def _over_time(
    panel: BoardJson,
    answers: Sequence[tuple[str, list[Series]]],
    size: tuple[int, int],
    across: tuple[float, float],
    step: float,
) -> str:
    # A first step may begin before what is shown.
    named = [
        (legend(name, one.labels), [point for point in one.points if point[0] >= across[0]])
        for name, series in answers
        for one in series
    ]
    lines = _lines(panel, [(name, points) for name, points in named if points])
    if not lines:
        return figures.empty(panel)
    if panel["type"] == "state-timeline":
        return timeline(lines, size=size, across=across)
    shown, room = _legend(panel, lines, size)
    return f'<div class="graph">{graph(lines, size=room, across=across, gap=2.5 * step)}{shown}</div>'


def _over_number(panel: BoardJson, made: Frame, size: tuple[int, int]) -> str:
    """Draw the columns of a table over the one that the panel names."""
    field = str(panel["options"]["xField"])
    names = [one for one in made.columns if one != field and any(isinstance(row.get(one), float) for row in made.rows)]
    pairs: dict[str, Points] = {name: [] for name in names}
    for row in made.rows:
        for name in names:
            x, y = row.get(field), row.get(name)
            if isinstance(x, float) and isinstance(y, float):
                pairs[name].append((x, y))
    lines = _lines(panel, [(name, sorted(points)) for name, points in pairs.items() if points])
    if not lines:
        return figures.empty(panel)
    shown, room = _legend(panel, lines, size)
    every = sorted({x for line in lines for x, _ in line.points})
    spare = min((right - left for left, right in pairwise(every)), default=1.0) / 2 if _has_columns(panel) else 0.0
    across = (every[0] - spare, every[-1] + spare)
    return f'<div class="graph">{graph(lines, size=room, across=across, gap=0)}{shown}</div>'


def _has_columns(panel: BoardJson) -> bool:
    return bool(panel["fieldConfig"]["defaults"].get("custom", {}).get("drawStyle") == "bars")


def _lines(panel: BoardJson, named: Sequence[tuple[str, Points]]) -> list[Line]:
    return [
        Line(name=name, look=found, colour=found.colour(index=index), points=points)
        for index, (name, points) in enumerate(named)
        for found in (look(panel, name),)
    ]


def _legend(panel: BoardJson, lines: Sequence[Line], size: tuple[int, int]) -> tuple[str, tuple[int, int]]:
    """Draw the legend, and return it with the room that it leaves the graph."""
    wish = panel["options"].get("legend", {})
    calcs = list(wish.get("calcs", ()))
    if not wish.get("showLegend", True):
        return "", size
    head = "".join(f"<th>{CALCULATED.get(calc, calc)}</th>" for calc in calcs)
    rows = "".join(
        f'<tr><td><u style="background:{line.colour}"></u>{escape(line.name)}</td>'
        + "".join(f'<td class="number">{escape(line.look.text(_calculated(calc, line)))}</td>' for calc in calcs)
        + "</tr>"
        for line in lines
    )
    if wish.get("placement") == "right":
        names = max(len(line.name) for line in lines) * LETTER + CALCULATION / 2
        wide = round(min(MOST_BESIDE * size[0], names + CALCULATION * len(calcs)))
        room = (size[0] - wide, size[1])
        return f'<table class="legend beside" style="width:{wide}px"><tr><th></th>{head}</tr>{rows}</table>', room
    # Below the graph Grafana gives a legend at most 35% of the height.
    height = min(LEGEND_ROW * (len(lines) + 1), round(0.35 * size[1]))
    below = f'<table class="legend"><tr><th></th>{head}</tr>{rows}</table>'
    return f'<div class="below" style="height:{height}px">{below}</div>', (size[0], size[1] - height)


def _calculated(calc: str, line: Line) -> float | None:
    values = [value for _, value in line.points]
    if not values:
        return None
    sums = {"mean": sum(values) / len(values), "sum": sum(values), "max": max(values), "min": min(values)}
    return sums.get(calc, values[-1])
