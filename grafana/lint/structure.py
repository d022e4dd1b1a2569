"""Rules on the parts of a board: variables, links, panels and their places."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from grafana_foundation_sdk.models import units as known_units

from grafana.geometry import GRID_COLUMNS
from grafana.lint.board import DATA_PANELS, DATASOURCE, TARGET_VARIABLES, TEXT_PANELS, units, variables
from grafana.queries import EVERY, BoardJson, panels, queries

RELOAD_ON_TIME_RANGE = 2


def board_is_fixed(board: BoardJson) -> Iterator[str]:
    """Require a stable uid and tags, no editing, and links that keep the time.

    Links to boards of the same kind keep the variables too; those of another kind have other jobs and instances.
    """
    if not board.get("uid") or not board.get("tags"):
        yield "a board needs a uid and tags"
    if board.get("editable") is not False:
        yield "a provisioned board must not be editable"
    if board.get("graphTooltip") != 1 or board.get("refresh") != "30s":
        yield "a board shares its crosshair and refreshes every 30s"
    for link in board.get("links", ()):
        own = set(link.get("tags", ())) <= set(board.get("tags", ()))
        if not link.get("keepTime") or link.get("includeVars") is not own:
            yield f"link {link.get('title')!r} loses the time range, or the variables of boards of its kind"


def datasource_is_a_variable(board: BoardJson) -> Iterator[str]:
    """Require a variable `datasource` that lets a reader choose among Prometheus servers."""
    variable = variables(board).get("datasource", {})
    if (variable.get("type"), variable.get("query")) != ("datasource", "prometheus"):
        yield "there is no variable datasource of type datasource for prometheus"
    if variable.get("label") != "Data source":
        yield "the variable datasource must be labelled Data source"


def targets_are_variables(board: BoardJson) -> Iterator[str]:
    """Require variables `job` and `instance` that offer several values and All, and follow the time range.

    Others do so too, or begin with one value and offer no All.
    """
    names = list(variables(board))
    if names[:3] != ["datasource", *TARGET_VARIABLES]:
        yield f"variables must begin with datasource, job, instance; found {names}"
    for name, variable in variables(board).items():
        if variable.get("type") != "query":
            continue
        several = variable.get("multi") and variable.get("includeAll")
        several = several and variable.get("allValue") == EVERY.get(name, ".+")
        single = not (variable.get("multi") or variable.get("includeAll")) and variable.get("current", {}).get("value")
        if not (several or (single and name not in TARGET_VARIABLES)):
            yield f"variable {name} must be multi, include all, with .+ for all"
        if variable.get("refresh") != RELOAD_ON_TIME_RANGE:
            yield f"variable {name} must be reloaded when the time range changes"
        if name in TARGET_VARIABLES and variable.get("label") != TARGET_VARIABLES[name]:
            yield f"variable {name} must be labelled {TARGET_VARIABLES[name]}"
    for query in queries(board):
        if query.kind == "variable" and not query.label:
            yield f"variable {query.title} must ask for label_values(series, label)"


def panels_use_the_variable_datasource(board: BoardJson) -> Iterator[str]:
    """Refuse a panel, query, annotation or variable that is tied to one server."""
    for panel in panels(board):
        if panel.get("datasource", {}).get("uid") != DATASOURCE:
            yield f"panel {panel.get('title')!r} does not use {DATASOURCE}"
    for query in queries(board):
        if query.datasource != DATASOURCE:
            yield f"{query.kind} {query.title!r} has a query that does not use {DATASOURCE}"


def panels_are_explained(board: BoardJson) -> Iterator[str]:
    """Require a title, a description and a unit that Grafana knows."""
    known = {value for name, value in vars(known_units).items() if not name.startswith("_") and isinstance(value, str)}
    for panel in panels(board):
        title = panel.get("title")
        if not title or not panel.get("description"):
            yield f"panel {title!r} needs a title and a description"
        for unit in units(panel):
            if unit not in known and not unit.startswith(("suffix:", "time:")):
                yield f"panel {title!r} has the unit {unit!r}, which Grafana does not know"


def panels_have_known_types_and_targets(board: BoardJson) -> Iterator[str]:
    """Require that each panel is of a known type, and has at least one query unless it is a text."""
    for panel in panels(board):
        if panel.get("type") not in DATA_PANELS | TEXT_PANELS:
            yield f"panel {panel.get('title')!r} has the unknown type {panel.get('type')!r}"
        if panel.get("type") not in TEXT_PANELS and not panel.get("targets"):
            yield f"panel {panel.get('title')!r} has no query"


def grid_is_sound(board: BoardJson) -> Iterator[str]:
    """Require that panels lie within the grid's columns, and that no two of those shown together overlap."""
    shown = [panel for panel in board.get("panels", ()) if not panel.get("collapsed")]
    folded = [panel.get("panels", ()) for panel in board.get("panels", ()) if panel.get("collapsed")]
    for group in (shown, *folded):
        for panel in group:
            box = _box(panel)
            if box["x"] < 0 or box["w"] < 1 or box["h"] < 1 or box["x"] + box["w"] > GRID_COLUMNS:
                yield f"panel {panel.get('title')!r} does not fit the grid: {box}"
        for one, other in combinations(group, 2):
            if _overlap(_box(one), _box(other)):
                yield f"panels {one.get('title')!r} and {other.get('title')!r} overlap"


def identifiers_are_unique(board: BoardJson) -> Iterator[str]:
    """Require that every panel and row has its own number."""
    numbers = [panel.get("id") for panel in panels(board)]
    numbers += [panel.get("id") for panel in board.get("panels", ()) if panel.get("type") == "row"]
    for number in sorted({str(number) for number in numbers if numbers.count(number) > 1 or not number}):
        yield f"the panel id {number} is missing or used twice"


def variables_are_used(board: BoardJson) -> Iterator[str]:
    """Refuse a variable that no panel heeds: it would be a list without effect."""
    exprs = [query.expr for query in queries(board) if query.kind == "panel"]
    for name in variables(board):
        if name != "datasource" and not any(re.search(rf"\${name}\b", expr) for expr in exprs):
            yield f"variable {name} is used by no panel"


def _box(panel: BoardJson) -> Mapping[str, int]:
    box: dict[str, int] = {"x": 0, "y": 0, "w": 0, "h": 0}
    return box | dict(panel.get("gridPos", {}))


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )
