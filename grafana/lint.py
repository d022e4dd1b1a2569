"""Rules that every board keeps, each a function from a board's JSON to findings, one sentence each.

Most restate the rules of Grafana's dashboard-linter (https://github.com/grafana/dashboard-linter), which is a Go
program; the others hold this project's own promises to the reader of a board.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import promql_parser
from grafana_foundation_sdk.models import units

from grafana.queries import RATE_INTERVAL, BoardJson, nodes, panels, queries, selectors

DATASOURCE = "${datasource}"
TARGET_VARIABLES = {"job": "Job", "instance": "Instance"}
RELOAD_ON_TIME_RANGE = 2
GRID_COLUMNS = 24
DATA_PANELS = frozenset({"barchart", "bargauge", "stat", "state-timeline", "table", "timeseries"})
"""Panel types in use that show data; a new one is added here on purpose."""

TEXT_PANELS = frozenset({"text"})
"""Panel types that show none, and so have neither unit nor query."""

COUNTER = re.compile(r"\w+_total\b")
SIMULATED = "ecochain_"
COUNTER_FUNCTIONS = frozenset({"rate", "irate", "increase"})


def lint(board: BoardJson) -> list[str]:
    """Return the findings of every rule, each with the board's title before it."""
    rules = (
        board_is_fixed,
        datasource_is_a_variable,
        targets_are_variables,
        panels_use_the_variable_datasource,
        panels_are_explained,
        panels_have_known_types_and_targets,
        panels_state_their_colours,
        legends_are_tables,
        queries_are_promql,
        queries_select_the_chosen_targets,
        variables_are_used,
        simulated_rates_are_recorded,
        counters_are_rated,
        rates_use_the_rate_interval,
        grid_is_sound,
        identifiers_are_unique,
        one_name_has_one_colour,
        overrides_name_a_series,
    )
    return [f"{board.get('title', 'untitled')}: {finding}" for rule in rules for finding in rule(board)]


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
    if not any("ALERTS" in query.expr for query in queries(board) if query.kind == "annotation"):
        yield "no annotation shows firing alerts"


def datasource_is_a_variable(board: BoardJson) -> Iterator[str]:
    """Require a variable `datasource` that lets a reader choose among Prometheus servers."""
    variable = _variables(board).get("datasource", {})
    if (variable.get("type"), variable.get("query")) != ("datasource", "prometheus"):
        yield "there is no variable datasource of type datasource for prometheus"
    if variable.get("label") != "Data source":
        yield "the variable datasource must be labelled Data source"


def targets_are_variables(board: BoardJson) -> Iterator[str]:
    """Require variables `job` and `instance` that offer several values and All, and follow the time range."""
    names = list(_variables(board))
    if names[:3] != ["datasource", *TARGET_VARIABLES]:
        yield f"variables must begin with datasource, job, instance; found {names}"
    for name, variable in _variables(board).items():
        if variable.get("type") != "query":
            continue
        if not (variable.get("multi") and variable.get("includeAll") and variable.get("allValue") == ".+"):
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
    """Require a title, a description, a unit that Grafana knows, and a text for when there is nothing to show."""
    known = {value for name, value in vars(units).items() if not name.startswith("_") and isinstance(value, str)}
    for panel in panels(board):
        title = panel.get("title")
        if not title or not panel.get("description"):
            yield f"panel {title!r} needs a title and a description"
        if panel.get("type") in TEXT_PANELS:
            continue
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if not defaults.get("noValue"):
            yield f"panel {title!r} does not say what it means when it is empty"
        for unit in _units(panel):
            if unit not in known and not unit.startswith("suffix:"):
                yield f"panel {title!r} has the unit {unit!r}, which Grafana does not know"


def panels_have_known_types_and_targets(board: BoardJson) -> Iterator[str]:
    """Require that each panel is of a known type, and has at least one query unless it is a text."""
    for panel in panels(board):
        if panel.get("type") not in DATA_PANELS | TEXT_PANELS:
            yield f"panel {panel.get('title')!r} has the unknown type {panel.get('type')!r}"
        if panel.get("type") not in TEXT_PANELS and not panel.get("targets"):
            yield f"panel {panel.get('title')!r} has no query"


def panels_state_their_colours(board: BoardJson) -> Iterator[str]:
    """Require explicit thresholds, a fixed colour or one that belongs to the series' name; refuse Grafana's default."""
    for panel in panels(board):
        if panel.get("type") in TEXT_PANELS:
            continue
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        mode = defaults.get("color", {}).get("mode")
        if mode not in {"fixed", "thresholds", "palette-classic-by-name"}:
            yield f"panel {panel.get('title')!r} leaves its colours to chance"
        if not defaults.get("thresholds", {}).get("steps"):
            yield f"panel {panel.get('title')!r} inherits Grafana's thresholds, in which 80 is red"


def legends_are_tables(board: BoardJson) -> Iterator[str]:
    """Require that a panel over time has its legend as a table with at least one calculation."""
    for panel in panels(board):
        legend = panel.get("options", {}).get("legend", {})
        if panel.get("type") == "timeseries" and not (legend.get("displayMode") == "table" and legend.get("calcs")):
            yield f"panel {panel.get('title')!r} needs its legend as a table with calculations"


def queries_are_promql(board: BoardJson) -> Iterator[str]:
    """Require that every query parses."""
    for query in queries(board):
        try:
            nodes(query.expr)
        except ValueError as error:
            yield f"{query.kind} {query.title!r} is not PromQL: {error}"


def queries_select_the_chosen_targets(board: BoardJson) -> Iterator[str]:
    """Require `job=~"$job"` and `instance=~"$instance"` in every selector; in a variable's, those before it."""
    names = list(_variables(board))
    for query in queries(board):
        wanted = set(TARGET_VARIABLES)
        if query.kind == "variable":
            wanted &= set(names[: names.index(query.title)])
        for selector in _parsed_selectors(query.expr):
            missing = wanted - _variable_matchers(selector)
            if missing:
                yield f"{query.kind} {query.title!r}: {selector.name} is not matched with {sorted(missing)}"


def variables_are_used(board: BoardJson) -> Iterator[str]:
    """Refuse a variable that no panel heeds: it would be a list without effect."""
    exprs = [query.expr for query in queries(board) if query.kind == "panel"]
    for name in _variables(board):
        if name != "datasource" and not any(re.search(rf"\${name}\b", expr) for expr in exprs):
            yield f"variable {name} is used by no panel"


def simulated_rates_are_recorded(board: BoardJson) -> Iterator[str]:
    """Require a recording rule for a simulated counter's rate, which it divides by the rate of the simulated clock."""
    for query in queries(board):
        for call in _counter_calls(query.expr):
            for selector in _ranged(call):
                if call.func.name != "increase" and str(selector.name).startswith(SIMULATED):
                    yield f"{query.kind} {query.title!r}: {selector.name} is rated by the wall's clock"


def counters_are_rated(board: BoardJson) -> Iterator[str]:
    """Require that a counter is read through rate, irate or increase only, and that those read counters only."""
    for query in queries(board):
        if query.kind == "variable":
            continue
        read = Counter(str(selector) for selector in _parsed_selectors(query.expr))
        rated = Counter(str(selector) for call in _counter_calls(query.expr) for selector in _ranged(call))
        counters = Counter({text: times for text, times in read.items() if COUNTER.match(text)})
        for text in (counters - rated) + (rated - counters):
            yield f"{query.kind} {query.title!r}: {text} is a counter without rate, or rate of no counter"


def rates_use_the_rate_interval(board: BoardJson) -> Iterator[str]:
    """Require the window `$__rate_interval` in rate and irate: it never falls below four scrapes."""
    for query in queries(board):
        for call in _counter_calls(query.expr):
            window = f"{call.args[0].range.total_seconds():.0f}s"
            if call.func.name != "increase" and window != RATE_INTERVAL:
                yield f"{query.kind} {query.title!r}: {call.func.name} over {window}, not $__rate_interval"


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


def _headings(panel: BoardJson) -> Iterator[str]:
    for transformation in panel.get("transformations", ()):
        yield from transformation.get("options", {}).get("renameByName", {}).values()


def _variables(board: BoardJson) -> dict[str, BoardJson]:
    return {variable.get("name", ""): variable for variable in board.get("templating", {}).get("list", ())}


def _units(panel: BoardJson) -> Iterator[str]:
    config = panel.get("fieldConfig", {})
    yield str(config.get("defaults", {}).get("unit"))
    for override in config.get("overrides", ()):
        for item in override.get("properties", ()):
            if item["id"] == "unit":
                yield str(item["value"])


def _parsed_selectors(expr: str) -> list[promql_parser.VectorSelector]:
    try:
        return selectors(expr)
    except ValueError:
        return []  # queries_are_promql reports it


def _counter_calls(expr: str) -> list[promql_parser.Call]:
    try:
        calls = [node for node in nodes(expr) if isinstance(node, promql_parser.Call)]
    except ValueError:
        return []  # queries_are_promql reports it
    return [call for call in calls if call.func.name in COUNTER_FUNCTIONS]


def _ranged(call: promql_parser.Call) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(call.args[0], promql_parser.MatrixSelector):
        yield call.args[0].vector_selector


def _variable_matchers(selector: promql_parser.VectorSelector) -> set[str]:
    """Return the labels that the selector matches with the variable of the same name."""
    return {
        matcher.name
        for matcher in selector.matchers.matchers
        if matcher.op == promql_parser.MatchOp.Re and matcher.value == f"${matcher.name}"
    }


def _box(panel: BoardJson) -> Mapping[str, int]:
    box: dict[str, int] = {"x": 0, "y": 0, "w": 0, "h": 0}
    return box | dict(panel.get("gridPos", {}))


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )


def _named_colours(panel: BoardJson) -> Iterator[tuple[str, str]]:
    config: Mapping[str, Any] = panel.get("fieldConfig", {})
    for override in config.get("overrides", ()):
        if override.get("matcher", {}).get("id") != "byName":
            continue
        for item in override.get("properties", ()):
            if item["id"] == "color":
                yield override["matcher"]["options"], item["value"]["fixedColor"]
    for mapping in config.get("defaults", {}).get("mappings") or ():
        for meaning in mapping["options"].values():
            yield meaning["text"], meaning["color"]
