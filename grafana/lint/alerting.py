"""Rules on alerts: named where they fire, marked where they belong, and their limits drawn."""

from collections.abc import Iterator

from grafana.concern import LIMITS, TOPICS, Limit, quantities
from grafana.firing import OVER_TIME
from grafana.queries import BoardJson, metric_names, panels, queries


def alerts_are_named(board: BoardJson) -> Iterator[str]:
    """Require a table of the alerts that fire, in a row that is not collapsed."""
    for panel in board.get("panels", ()):
        asked = " ".join(target.get("expr", "") for target in panel.get("targets", ()))
        if panel.get("type") == "table" and "ALERTS_FOR_STATE" in asked and 'alertstate="firing"' in asked:
            return
    yield "no table names the alerts that fire"


def annotations_mark_what_they_concern(board: BoardJson) -> Iterator[str]:
    """Require that alerts mark the panels over time that show what they are about, and no others."""
    reads = {int(panel.get("id") or 0): _read(panel) for panel in panels(board) if panel.get("type") in OVER_TIME}
    marks = {mark.get("name"): mark for mark in board.get("annotations", {}).get("list", ())}
    for program, topics in TOPICS.items():
        for title, components in topics.items():
            concerned = {number for number, read in reads.items() if read & quantities(components)}
            chosen = set(marks.get(title, {}).get("filter", {}).get("ids", ()))
            if program in board.get("tags", ()) and chosen != concerned:
                yield f"{title!r} marks the panels {sorted(chosen)}, and concerns {sorted(concerned)}"
    for query in queries(board):
        if query.kind == "annotation" and not marks[query.title].get("filter", {}).get("ids"):
            yield f"annotation {query.title!r} marks every panel"


def limits_are_drawn(board: BoardJson) -> Iterator[str]:
    """Require on each graph of a quantity that an alert limits the limit itself, as a line."""
    for panel in panels(board):
        custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom", {})
        if panel.get("type") != "timeseries" or custom.get("drawStyle") != "line":
            continue
        for limit in LIMITS:
            if _read(panel) & limit.quantities and not _is_drawn(panel, limit):
                yield f"panel {panel.get('title')!r} does not draw the limit of {', '.join(limit.alerts)}"


def _is_drawn(panel: BoardJson, limit: Limit) -> bool:
    if limit.series:
        return limit.series in _read(panel)
    defaults = panel["fieldConfig"]["defaults"]
    steps = {step.get("value") for step in defaults.get("thresholds", {}).get("steps", ())}
    return limit.value in steps and defaults["custom"].get("thresholdsStyle", {}).get("mode", "off") != "off"


def _read(panel: BoardJson) -> set[str]:
    """Return the metrics that a panel reads; none where a query is no PromQL, which another rule reports."""
    try:
        return {name for target in panel.get("targets", ()) for name in metric_names(target.get("expr", ""))}
    except ValueError:
        return set()
