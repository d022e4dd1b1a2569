"""Rules on colours, axes and emptiness."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from grafana.colours import LOWEST_CONTRAST, is_red, lowest_contrast
from grafana.lint.board import TEXT_PANELS, variables
from grafana.panels import EVERY_FIELD, NOTHING
from grafana.queries import BoardJson, panels

TOLD_ELSEWHERE = frozenset({"stat", "bargauge"})
"""Panels in which a sentence would be cut: they show a dash, and their descriptions explain it."""

FAILURES = frozenset({"limit", "dropped", "failed", "fails"})
"""Names of series and states that are red."""


def panels_state_their_colours(board: BoardJson) -> Iterator[str]:
    """Require explicit thresholds or a fixed colour; refuse Grafana's palettes, in which any name may be red."""
    for panel in panels(board):
        if panel.get("type") in TEXT_PANELS:
            continue
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        mode = defaults.get("color", {}).get("mode")
        if mode not in {"fixed", "thresholds"}:
            yield f"panel {panel.get('title')!r} leaves its colours to chance"
        if not defaults.get("thresholds", {}).get("steps"):
            yield f"panel {panel.get('title')!r} inherits Grafana's thresholds, in which 80 is red"


def colours_stand_out(board: BoardJson) -> Iterator[str]:
    """Require a contrast with the panels of both themes that a graphical object needs."""
    for panel in panels(board):
        for colour in sorted(set(_colours(panel))):
            if not re.fullmatch("#[0-9A-Fa-f]{6}", colour) or lowest_contrast(colour) < LOWEST_CONTRAST:
                yield f"panel {panel.get('title')!r}: {colour} is hard to see in one of the themes"


def red_is_for_failure(board: BoardJson) -> Iterator[str]:
    """Refuse red for anything but a limit or a failure, by the names that stand for these."""
    for panel in panels(board):
        for name, colour in _named_colours(panel):
            if is_red(colour) and name not in FAILURES:
                yield f"panel {panel.get('title')!r} shows {name!r} in red, which means failure"
        colour = panel.get("fieldConfig", {}).get("defaults", {}).get("color", {}).get("fixedColor", "#000000")
        if is_red(colour):
            yield f"panel {panel.get('title')!r} is red, which means failure"


def one_name_has_one_colour(board: BoardJson) -> Iterator[str]:
    """Require that a series or state has the same colour in each panel that it appears in."""
    seen: dict[str, set[str]] = {}
    for panel in panels(board):
        for name, colour in _named_colours(panel):
            seen.setdefault(name, set()).add(colour)
    for name, colours in seen.items():
        if len(colours) > 1:
            yield f"{name!r} has several colours: {sorted(colours)}"


def overrides_name_a_series(board: BoardJson) -> Iterator[str]:
    """Require that an override by name fits a legend or a column heading; another would be ignored in silence."""
    for panel in panels(board):
        legends = {target.get("legendFormat", "") for target in panel.get("targets", ())}
        names = legends | set(_headings(panel))
        if any("{{" in legend for legend in legends):
            continue  # named after label values, which only a running Prometheus knows
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            matcher = override.get("matcher", {})
            if matcher.get("id") == "byName" and matcher.get("options") not in names:
                yield f"panel {panel.get('title')!r} overrides {matcher.get('options')!r}, which none of its series is"


def emptiness_is_told(board: BoardJson) -> Iterator[str]:
    """Require a sentence for an empty panel that holds also where nothing is scraped, and a dash for missing values."""
    for panel in panels(board):
        config = panel.get("fieldConfig", {})
        if panel.get("type") in TEXT_PANELS:
            continue
        told = config.get("defaults", {}).get("noValue", "")
        if panel.get("type") in TOLD_ELSEWHERE:
            told = panel.get("description", "").partition("A dash means:")[2] if told == NOTHING else ""
        if "scraped" not in told:
            yield f"panel {panel.get('title')!r} does not say what it means when it is empty, scraped or not"
        dashes = [
            item["value"]
            for override in config.get("overrides", ())
            if override["matcher"] == {"id": "byRegexp", "options": EVERY_FIELD}
            for item in override["properties"]
            if item["id"] == "noValue"
        ]
        if dashes != [NOTHING]:
            yield f"panel {panel.get('title')!r} writes its sentence in place of each missing value"


def axes_suit_zeros(board: BoardJson) -> Iterator[str]:
    """Require an axis that ends near zero where all values are zero, on both sides where values may be below."""
    for panel in panels(board):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        custom = defaults.get("custom", {})
        if panel.get("type") not in {"timeseries", "barchart"}:
            continue
        if defaults.get("max") is None and custom.get("axisSoftMax") is None:
            yield f"panel {panel.get('title')!r} has an axis that would run to 100 for nothing but zeros"
        if defaults.get("min") is None and custom.get("axisSoftMin") is None:
            yield f"panel {panel.get('title')!r} has an axis without a lower end for nothing but zeros"


def rows_lead_to_their_detail(board: BoardJson) -> Iterator[str]:
    """Require a link from each cell of a table that is a value of a variable: to the board as narrowed to it."""
    names = variables(board).keys()
    for panel in panels(board):
        for transformation in panel.get("transformations", ()):
            for field, heading in transformation.get("options", {}).get("renameByName", {}).items():
                if field in names and f"var-{field}=" not in _links(panel, heading):
                    yield f"table {panel.get('title')!r} has no link from its column {heading!r}"


def _links(panel: BoardJson, heading: str) -> str:
    return " ".join(
        link["url"]
        for override in panel.get("fieldConfig", {}).get("overrides", ())
        if override["matcher"]["options"] == heading
        for item in override["properties"]
        if item["id"] == "links"
        for link in item["value"]
    )


def _headings(panel: BoardJson) -> Iterator[str]:
    for transformation in panel.get("transformations", ()):
        yield from transformation.get("options", {}).get("renameByName", {}).values()


def _named_colours(panel: BoardJson) -> Iterator[tuple[str, str]]:
    config: Mapping[str, Any] = panel.get("fieldConfig", {})
    for override in config.get("overrides", ()):
        if override.get("matcher", {}).get("id") != "byName":
            continue
        for item in override.get("properties", ()):
            if item["id"] == "color" and "fixedColor" in item["value"]:
                yield override["matcher"]["options"], item["value"]["fixedColor"]
    for mapping in config.get("defaults", {}).get("mappings") or ():
        for meaning in mapping["options"].values():
            yield meaning["text"], meaning["color"]


def _colours(panel: BoardJson) -> Iterator[str]:
    """Return every colour that the panel states."""
    yield from (colour for _, colour in _named_colours(panel))
    config = panel.get("fieldConfig", {})
    yield from (step["color"] for step in config.get("defaults", {}).get("thresholds", {}).get("steps", ()))
    for override in config.get("overrides", ()):
        for item in override["properties"]:
            if item["id"] == "thresholds":
                yield from (step["color"] for step in item["value"]["steps"])
            elif item["id"] == "color" and "fixedColor" in item["value"]:
                yield item["value"]["fixedColor"]
    if "fixedColor" in config.get("defaults", {}).get("color", {}):
        yield config["defaults"]["color"]["fixedColor"]
