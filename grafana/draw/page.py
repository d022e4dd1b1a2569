"""A board as a page of HTML, as wide as a browser's window."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any

from grafana.draw.ask import Prometheus
from grafana.draw.panels import drawn, filled
from grafana.geometry import GRID_COLUMNS
from grafana.lint.sizes import HIDE_LABEL, HIDE_VARIABLE
from grafana.queries import BoardJson

CELL, GUTTER, MARGIN = 30, 8, 16
"""Height of a row of Grafana's grid, the gap between its cells, and the margin of the page, in pixels."""

HEADER = 84
"""Height of the board's title and variables in pixels."""

STYLE = """
*{box-sizing:border-box;margin:0}body{background:#f4f5f5;color:#24292e;font:13px/1.4 Inter,"DejaVu Sans",sans-serif}
header{height:84px;padding:12px 16px}h1{font-size:19px;font-weight:500;display:inline}
.note{float:right;background:#fff3cd;border:1px solid #d9b84a;padding:3px 10px;border-radius:3px}
.variables{margin-top:8px;color:#555}.variables b{font-weight:500;background:#fff;border:1px solid #ccc;padding:2px 8px}
.panel{position:absolute;background:#fff;border:1px solid #dfe1e4;border-radius:2px;overflow:hidden}
.rowtitle{position:absolute;font-size:15px;font-weight:500;padding:6px 16px}
h3{font-size:14px;font-weight:500;padding:7px 10px;height:34px;white-space:nowrap}
h3{overflow:hidden;text-overflow:ellipsis}
.body{margin:0 10px;overflow:hidden;position:relative}.graph{display:flex;flex-wrap:wrap}
svg text{font-size:11px;fill:#555}svg text.end{text-anchor:end}svg text.middle{text-anchor:middle}
svg text[fill]{fill:#fff}.rule{stroke:#e6e8ea}
.numbers{display:flex;height:100%;align-items:center;justify-content:space-around;text-align:center}
.numbers div{display:flex;flex-direction:column}.numbers b{font-weight:500;line-height:1.15;white-space:nowrap}
.bars{display:flex;flex-direction:column;gap:4px;padding-top:4px}.bar{display:flex;align-items:center;gap:8px;height:26px}
.bar span{flex:0 0 150px;text-align:right;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.bar>i{position:relative;flex:1;height:70%;background:#eef0f2;margin-right:8px}
.bar>i>u{position:absolute;top:0;height:100%;left:0}
.bar em{font-style:normal;min-width:60px}
.bar>i>em{position:absolute;padding-left:4px;white-space:nowrap}
table{border-collapse:collapse;table-layout:fixed}th{text-align:left;font-weight:500;color:#1f62e0;height:32px}
td,th{padding:0 6px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
td{border-top:1px solid #eceef0;height:28px}.number{text-align:right}
.day{text-align:center;color:#fff}
.legend{table-layout:auto;font-size:12px}
.legend.beside td:first-child{max-width:none}.legend td,.legend th{height:22px;border:0;padding:0 5px}
.legend td:first-child{max-width:190px}.below{overflow:hidden;width:100%}
.legend.beside{align-self:flex-start;table-layout:fixed}.legend.beside th:not(:first-child){width:74px}
.legend th{text-align:right}.legend u,.keys u{display:inline-block;width:14px;height:4px;margin:0 6px 3px 0}
.keys span{margin-right:16px}.keys{padding:4px 0 0 158px;font-size:12px}
.empty{display:flex;height:100%;align-items:center;justify-content:center;color:#777;text-align:center}
.more{position:absolute;right:0;bottom:0;background:#fff3cd;padding:0 6px;font-size:12px}.more.wide{top:0;bottom:auto}
p{margin-bottom:8px}a{color:#1f62e0}
"""


def page(board: BoardJson, prometheus: Prometheus, width: int, *, unfolded: bool) -> tuple[str, int]:
    """Return the page and its height in pixels; `unfolded` opens the rows that are closed at first."""
    placed = list(_placed(board, unfolded=unfolded))
    column = (width - 2 * MARGIN + GUTTER) / GRID_COLUMNS
    boxes = []
    for panel, y in placed:
        at = panel["gridPos"]
        left, top = MARGIN + at["x"] * column, HEADER + y * (CELL + GUTTER)
        if panel["type"] == "row":
            count = f" ({len(panel['panels'])} panels)" if panel.get("collapsed") and not unfolded else ""
            boxes.append(
                f'<div class="rowtitle" style="top:{top}px">⌄ {escape(filled(panel["title"], prometheus))}{count}</div>'
            )
            continue
        size = (round(at["w"] * column - GUTTER), at["h"] * (CELL + GUTTER) - GUTTER)
        style = f"left:{left:.0f}px;top:{top}px;width:{size[0]}px;height:{size[1]}px"
        boxes.append(f'<div class="panel" style="{style}">{drawn(panel, prometheus, size)}</div>')
    deepest = max(y + panel["gridPos"]["h"] for panel, y in placed)
    body = f"{_header(board, prometheus)}{''.join(boxes)}"
    html = f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{STYLE}</style><body>{body}</body></html>'
    return html, HEADER + deepest * (CELL + GUTTER) + MARGIN


def _placed(board: BoardJson, *, unfolded: bool) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Yield every panel that is seen, and its row of the grid."""
    added = 0
    for panel in board["panels"]:
        yield panel, panel["gridPos"]["y"] + added
        inner = panel.get("panels", ()) if unfolded else ()
        for hidden in inner:
            yield hidden, hidden["gridPos"]["y"] + added
        first = panel["gridPos"]["y"] + 1
        added += max((one["gridPos"]["y"] + one["gridPos"]["h"] - first for one in inner), default=0)


def _label(variable: BoardJson) -> str:
    return "" if variable.get("hide") == HIDE_LABEL else escape(str(variable.get("label")))


def _header(board: BoardJson, prometheus: Prometheus) -> str:
    start, end = (
        datetime.fromtimestamp(one).astimezone() for one in (prometheus.end - prometheus.span, prometheus.end)
    )
    chosen = " ".join(
        f"{_label(one)} <b>{escape(prometheus.values.get(one['name'], 'All'))}</b>"
        for one in board["templating"]["list"]
        if one.get("type") == "query" and one.get("hide") != HIDE_VARIABLE
    )
    return (
        f'<header><span class="note">drawn by our script from the values of a Prometheus; not Grafana</span>'
        f"<h1>{escape(board['title'])}</h1> &nbsp; {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M %Z}"
        f'<div class="variables">{chosen}</div></header>'
    )
