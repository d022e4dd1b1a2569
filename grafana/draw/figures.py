"""Panels of single figures as HTML: large numbers, bars, bar charts, tables and texts."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from grafana.draw.frames import Cell, Frame, ordered
from grafana.draw.looks import Look, look
from grafana.queries import BoardJson

USUAL_COLUMN = 150
"""Least width in pixels that Grafana gives a table's column that states none."""

BAR_GAP = 4
"""Gap between two bars in pixels."""

HEADER, ROW = 32, 28
"""Heights in pixels of a table's heading and of its rows, at Grafana's size `sm`."""


def numbers(panel: BoardJson, named: Sequence[tuple[str, float | None]], size: tuple[int, int]) -> str:
    """Show large figures side by side, in a size that fits unless the panel states one."""
    mode = panel["options"].get("textMode", "auto")
    with_name = mode == "value_and_name" or (mode == "auto" and len(named) > 1)
    text = panel["options"].get("text") or {}
    shown = [
        (name, name if mode == "name" else look(panel, name).text(value), look(panel, name).colour(value))
        for name, value in named
    ]
    longest = max((len(words) for _, words, _ in shown), default=1) or 1
    fits = min(size[0] / max(1, len(shown)) / (0.58 * longest), 0.5 * size[1])
    pixels = text.get("valueSize") or max(10.0, min(60.0, fits))
    return (
        '<div class="numbers">'
        + "".join(
            "<div>"
            + (f'<small style="font-size:{text.get("titleSize", 14)}px">{escape(name)}</small>' if with_name else "")
            + f'<b style="color:{colour};font-size:{pixels:.0f}px">{escape(words)}</b></div>'
            for name, words, colour in shown
        )
        + "</div>"
    )


def gauges(panel: BoardJson, named: Sequence[tuple[str, float | None]]) -> str:
    """Draw a bar for each series between the panel's minimum and maximum."""
    values = [value for _, value in named if value is not None]
    defaults = panel["fieldConfig"]["defaults"]
    low, high = defaults.get("min") or 0.0, defaults.get("max") or max(values, default=1.0) or 1.0
    rows = []
    for name, value in named:
        shown = look(panel, name)
        share = 0.0 if value is None else min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))
        colour = shown.colour(value)
        rows.append(
            f'<div class="bar"><span>{escape(name)}</span><i><u style="width:{100 * share:.1f}%;background:{colour}">'
            f'</u></i><em style="color:{colour}">{escape(shown.text(value))}</em></div>'
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def bar_chart(panel: BoardJson, table: Frame, size: tuple[int, int]) -> str:
    """Draw horizontal bars by category, stacked where the panel says so, and to the left where they are below zero."""
    category, *fields = [*[c for c in table.columns if _is_text(table, c)][:1], *_numeric(table)]
    stacked = panel["options"].get("stacking") == "normal"
    ends = [_ends(row, fields, stacked=stacked) for row in table.rows]
    defaults = panel["fieldConfig"]["defaults"]
    soft = defaults.get("custom", {})
    low = min([0.0, soft.get("axisSoftMin", 0.0), *(end[0] for end in ends)])
    high = max([0.0, soft.get("axisSoftMax", 0.0), *(end[1] for end in ends)])
    height = min(ROW, (size[1] - ROW) / max(1, len(table.rows)) - BAR_GAP)
    rows = [
        f'<div class="bar" style="height:{height:.1f}px"><span>{escape(str(row.get(category)))}</span>'
        f"<i>{_segments(panel, row, fields, (low, high if high > low else low + 1.0), stacked=stacked)}</i></div>"
        for row in table.rows
    ]
    keys = "".join(
        f'<span><u style="background:{look(panel, one).colour()}"></u>{escape(one)}</span>'
        for one in fields
        if not (look(panel, one).custom.get("hideFrom") or {}).get("legend")
    )
    legend = f'<div class="keys">{keys}</div>' if panel["options"].get("legend", {}).get("showLegend") else ""
    return f'<div class="bars">{"".join(rows)}</div>{legend}'


def _ends(row: Mapping[str, Cell], fields: Sequence[str], *, stacked: bool) -> tuple[float, float]:
    values = [value for name in fields if isinstance(value := row.get(name), float)]
    if not stacked:
        return min(values, default=0.0), max(values, default=0.0)
    return sum(one for one in values if one < 0), sum(one for one in values if one > 0)


def _segments(
    panel: BoardJson, row: Mapping[str, Cell], fields: Sequence[str], ends: tuple[float, float], *, stacked: bool
) -> str:
    span = ends[1] - ends[0]
    above = below = 0.0
    found = []
    for name in fields:
        value = row.get(name)
        if not isinstance(value, float):
            continue
        start = above if value >= 0 else below
        left, right = sorted((start, start + value))
        shown = look(panel, name)
        text = shown.text(value) if panel["options"].get("showValue") == "always" else ""
        place = f"left:{100 * (left - ends[0]) / span:.2f}%;width:{100 * (right - left) / span:.2f}%"
        if shown.custom.get("fillOpacity") != 0:
            found.append(f'<u style="{place};background:{shown.colour(value)}"></u>')
        found.append(f'<em style="left:{100 * (right - ends[0]) / span:.2f}%">{escape(text)}</em>')
        if stacked:
            above, below = (above + value, below) if value >= 0 else (above, below + value)
    return "".join(found)


def table(panel: BoardJson, made: Frame, size: tuple[int, int]) -> str:
    """Draw a table with columns as wide as Grafana makes them: what does not fit is cut off here as it is there."""
    columns = [one for one in made.columns if one != "Time"]
    rows = made.rows
    for wish in panel["options"].get("sortBy") or ():
        rows = ordered(rows, wish["displayName"], descending=bool(wish.get("desc")))
    looks = {name: look(panel, name) for name in columns}
    least = {
        name: looks[name].custom.get("width") or looks[name].custom.get("minWidth") or USUAL_COLUMN for name in columns
    }
    spare = max(0.0, size[0] - sum(least.values())) / max(1, len(columns))
    head = "".join(f'<th style="width:{least[name] + spare:.0f}px">{escape(name)}</th>' for name in columns)
    shown = max(0, int((size[1] - HEADER) / ROW))
    body = "".join(
        f"<tr>{''.join(_cell(looks[name], row.get(name), rows, name) for name in columns)}</tr>" for row in rows[:shown]
    )
    more = f'<div class="more">{len(rows) - shown} more rows below</div>' if len(rows) > shown else ""
    cut = sum(least.values()) > size[0] + 1
    hidden = '<div class="more wide">columns go on to the right</div>' if cut else ""
    wide = sum(least.values()) + spare * len(columns)
    return f'<table style="width:{wide:.0f}px"><tr>{head}</tr>{body}</table>{more}{hidden}'


def _cell(shown: Look, value: Cell, rows: Sequence[Mapping[str, Cell]], name: str) -> str:
    kind = (shown.custom.get("cellOptions") or {}).get("type")
    aligned = ' class="number"' if isinstance(value, float) else ""
    if kind == "color-background" and isinstance(value, float):
        return f'<td class="day" style="background:{shown.colour(value)}">{escape(shown.text(value))}</td>'
    if kind != "gauge" or not isinstance(value, float):
        colour = f' style="color:{shown.colour(value)}"' if kind == "color-text" and isinstance(value, float) else ""
        return f"<td{aligned}{colour}>{escape(shown.text(value))}</td>"
    every = [one for row in rows if isinstance(one := row.get(name), float)]
    low = shown.config.get("min")
    low = min(every) if low is None else low
    high = shown.config.get("max") or max(every)
    share = (value - low) / ((high - low) or 1.0)
    return (
        f'<td><div class="bar"><i><u style="width:{100 * min(1.0, max(0.0, share)):.1f}%;'
        f'background:{shown.colour(value)}"></u></i><em>{escape(shown.text(value))}</em></div></td>'
    )


def markdown(content: str) -> str:
    """Set the little Markdown that the boards' texts use."""
    text = escape(content)
    for pattern, html in (
        (r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>'),
        (r"\*\*([^*]+)\*\*", r"<b>\1</b>"),
        (r"\*([^*]+)\*", r"<i>\1</i>"),
    ):
        text = re.sub(pattern, html, text)
    return "".join(f"<p>{part}</p>" for part in text.split("\n\n"))


def empty(panel: BoardJson) -> str:
    """Show the sentence of a panel without data."""
    text: Any = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", "No data")
    return f'<div class="empty">{escape(str(text))}</div>'


def _is_text(made: Frame, column: str) -> bool:
    return any(isinstance(row.get(column), str) for row in made.rows)


def _numeric(made: Frame) -> list[str]:
    return [one for one in made.columns if any(isinstance(row.get(one), float) for row in made.rows)]
