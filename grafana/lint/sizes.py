"""Rules on what fits a screen 1280 px wide."""

import re
from collections.abc import Iterator, Mapping

from grafana.geometry import (
    header_pixels,
    heading_pixels,
    legend_rows,
    page_pixels,
    panel_pixels,
    panel_rows_pixels,
    table_pixels,
    text_pixels,
    text_rows_pixels,
    tile_pixels,
    title_pixels,
)
from grafana.lint.board import TEXT_PANELS, units, variables
from grafana.options import NAME_SIZE, SMALLEST_TEXT, expected_series, longest_figure
from grafana.queries import BoardJson, panels

HIDE_LABEL, HIDE_VARIABLE = 1, 2
"""Grafana's numbers for a variable without its label, and for one that is not shown."""

LONG_DURATIONS = frozenset({"dtdurations", "dtdurationms"})
"""Units that write two hours and three minutes in words; `dtdhms` writes 2:03:00, with days where there are any."""


def legends_show_all_series(board: BoardJson) -> Iterator[str]:
    """Require the legend of a graph to be a table with calculations, in which every series shows without scrolling."""
    for panel in panels(board):
        legend = panel.get("options", {}).get("legend", {})
        if panel.get("type") != "timeseries":
            continue
        if not (legend.get("displayMode") == "table" and legend.get("calcs")):
            yield f"panel {panel.get('title')!r} needs its legend as a table with calculations"
        room = legend_rows(panel["gridPos"]["h"], beside=legend.get("placement") == "right")
        wanted = expected_series([target.get("legendFormat", "") for target in panel["targets"]], len(_named(panel)))
        if room < wanted:
            yield f"panel {panel.get('title')!r} has {wanted} series, and its legend shows {room}"


def titles_are_whole(board: BoardJson) -> Iterator[str]:
    """Require that a panel's title fits beside the sign of its description."""
    for panel in panels(board):
        title, columns = str(panel.get("title")), panel["gridPos"]["w"]
        if text_pixels(title, NAME_SIZE) > title_pixels(columns):
            yield f"panel {title!r} is too narrow for its title"


def columns_fit(board: BoardJson) -> Iterator[str]:
    """Require that a table states the width of each column, wide enough for its heading, and shows them all."""
    for panel in panels(board):
        if panel.get("type") != "table":
            continue
        title, fixed, least = panel.get("title"), _widths(panel, "custom.width"), _widths(panel, "custom.minWidth")
        sorted_by = {column.get("displayName") for column in panel.get("options", {}).get("sortBy") or ()}
        shown = [
            heading
            for transformation in panel.get("transformations", ())
            for heading in transformation.get("options", {}).get("renameByName", {}).values()
        ]
        for heading in shown:
            room = fixed.get(heading) or least.get(heading, 0)
            if room < heading_pixels(heading, is_sorted=heading in sorted_by):
                yield f"table {title!r} cuts its column {heading!r}, or does not state its width"
        room = panel_pixels(panel["gridPos"]["w"])
        shared = [least.get(heading, 0) for heading in shown if heading not in fixed]
        if table_pixels([fixed[heading] for heading in shown if heading in fixed], shared, room) > room + 1:
            yield f"table {title!r} is too narrow for its columns"


def text_is_legible(board: BoardJson) -> Iterator[str]:
    """Require stated sizes for figures, which Grafana else shrinks or leaves out, and no curve through them."""
    for panel in panels(board):
        options = panel.get("options", {})
        if panel.get("type") in {"stat", "bargauge", "barchart"}:
            sizes = options.get("text", {})
            if min(sizes.get("titleSize", 0), sizes.get("valueSize", 0)) < SMALLEST_TEXT:
                yield f"panel {panel.get('title')!r} does not state sizes of {SMALLEST_TEXT} px or more"
        if panel.get("type") == "stat" and options.get("graphMode") != "none":
            yield f"panel {panel.get('title')!r} has a curve behind its figures"


def texts_are_whole(board: BoardJson) -> Iterator[str]:
    """Require that a text shows without scrolling."""
    for panel in panels(board):
        if panel.get("type") in TEXT_PANELS:
            shown = re.sub(r"\]\([^)]*\)|[*\[]", "", str(panel["options"].get("content")))
            position = panel["gridPos"]
            if text_rows_pixels(shown.split("\n\n"), position["w"]) > panel_rows_pixels(position["h"]):
                yield f"panel {panel.get('title')!r} is too small for its text"


def figures_fit(board: BoardJson) -> Iterator[str]:
    """Require that figures side by side, and their names, each fit their part of the panel."""
    for panel in panels(board):
        if panel.get("type") != "stat":
            continue
        room = tile_pixels(panel["gridPos"]["w"], max(1, len(panel["targets"])))
        size = panel.get("options", {}).get("text", {})
        names = [target.get("legendFormat", "") for target in panel["targets"]]
        shown = (
            [] if panel["options"].get("textMode") != "value_and_name" else [one for one in names if "{{" not in one]
        )
        figure = longest_figure(str(panel["fieldConfig"]["defaults"].get("unit")))
        if text_pixels(figure, size.get("valueSize", 0)) > room:
            yield f"panel {panel.get('title')!r} is too narrow for its figures"
        for name in shown:
            if text_pixels(name, size.get("titleSize", 0)) > room:
                yield f"panel {panel.get('title')!r} is too narrow for the name {name!r}"


def durations_are_short(board: BoardJson) -> Iterator[str]:
    """Refuse durations in words."""
    for panel in panels(board):
        for unit in sorted(LONG_DURATIONS.intersection(units(panel))):
            yield f"panel {panel.get('title')!r} has durations in words ({unit})"


def timelines_show_all_rows(board: BoardJson) -> Iterator[str]:
    """Refuse pages in a timeline."""
    for panel in panels(board):
        if panel.get("type") == "state-timeline" and panel.get("options", {}).get("perPage") != 0:
            yield f"panel {panel.get('title')!r} has its rows on pages"


def header_is_one_line(board: BoardJson) -> Iterator[str]:
    """Require that variables, links and the choice of time stand beside one another."""
    labels = []
    for variable in variables(board).values():
        if variable.get("hide") != HIDE_VARIABLE:
            chosen = variable.get("current", {}).get("text", "Prometheus")
            text = chosen if isinstance(chosen, str) else " + ".join(chosen)
            labels.append((str(variable.get("label")) if variable.get("hide") != HIDE_LABEL else "", text))
    width = header_pixels(labels, [str(link.get("title")) for link in board.get("links", ())])
    if width > page_pixels():
        yield f"the header takes {width:.0f} px of {page_pixels():.0f} px"


def _named(panel: BoardJson) -> set[str]:
    """Return the names that have a colour of their own."""
    return {
        override["matcher"]["options"]
        for override in panel.get("fieldConfig", {}).get("overrides", ())
        if override["matcher"]["id"] == "byName" and any(item["id"] == "color" for item in override["properties"])
    }


def _widths(panel: BoardJson, setting: str) -> Mapping[str, float]:
    return {
        override["matcher"]["options"]: item["value"]
        for override in panel.get("fieldConfig", {}).get("overrides", ())
        for item in override["properties"]
        if item["id"] == setting
    }
