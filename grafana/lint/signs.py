"""The rule on signs: what is nearly nothing is shown as 0, and not as -0."""

import re
from collections.abc import Iterator

import promql_parser

from grafana.dataquery import value_columns
from grafana.queries import BoardJson, panels, parse

WRITES_FIGURES = frozenset({"stat", "bargauge", "table", "barchart"})

UNSCALED = re.compile(r"percentunit|none|short|masst|currency\w+|suffix:.*")
"""Units whose figures end at a fixed place. In the others, what is small has a smaller unit: -0.3 g are -300 mg."""

SIGNED = re.compile(r"_change_ratio$")
"""Metrics that are below zero as often as above."""

UNSIGNED_CALLS = frozenset({"abs", "round", "timestamp"})
COMPARISONS = frozenset({">", ">="})
SETS = frozenset({"and", "unless"})


def zero_has_no_sign(board: BoardJson) -> Iterator[str]:
    """Require that figures which may lie just below zero are rounded: Grafana writes -0.3 without decimals as -0."""
    for panel in panels(board):
        if panel.get("type") not in WRITES_FIGURES or panel.get("options", {}).get("showValue") == "never":
            continue
        columns = value_columns([target.get("legendFormat", "") for target in panel.get("targets", ())])
        for target in panel.get("targets", ()):
            legend = target.get("legendFormat", "")
            if UNSCALED.fullmatch(_unit(panel, legend, columns[legend])) and _is_signed(target.get("expr", "")):
                yield f"panel {panel.get('title')!r} may write {legend!r} as -0: round it"


def _unit(panel: BoardJson, legend: str, column: str) -> str:
    """Return the unit of a target's figures, which in a table stand under a heading."""
    names = {legend, column}
    for step in panel.get("transformations") or ():
        names.add(str(step.get("options", {}).get("renameByName", {}).get(column, legend)))
    settings = panel.get("fieldConfig", {})
    unit = str(settings.get("defaults", {}).get("unit", ""))
    for one in settings.get("overrides", ()):
        if one.get("matcher", {}).get("options") in names:
            unit = next((str(each["value"]) for each in one["properties"] if each["id"] == "unit"), unit)
    return unit


def _is_signed(expr: str) -> bool:
    try:
        return _may_be_negative(parse(expr))
    except ValueError:
        return False  # queries_are_promql reports it


def _may_be_negative(tree: promql_parser.Expr) -> bool:
    """Tell whether an expression may be below zero; a lone metric may if its name says so."""
    match tree:
        case promql_parser.BinaryExpr():
            found = _of_both(tree)
        case promql_parser.Call():
            found = _of_call(tree)
        case promql_parser.VectorSelector():
            found = bool(SIGNED.search(str(tree.name)))
        case promql_parser.MatrixSelector():
            found = _may_be_negative(tree.vector_selector)
        case promql_parser.NumberLiteral():
            found = bool(tree.val < 0.0)
        case promql_parser.UnaryExpr():
            found = True
        case promql_parser.ParenExpr() | promql_parser.AggregateExpr() | promql_parser.SubqueryExpr():
            found = _may_be_negative(tree.expr)
        case _:
            found = False
    return found


def _of_both(tree: promql_parser.BinaryExpr) -> bool:
    operator = str(tree.op)
    if operator == "-":
        return True
    if operator in COMPARISONS and isinstance(tree.rhs, promql_parser.NumberLiteral) and tree.rhs.val >= 0.0:
        return False
    if operator in SETS:
        return _may_be_negative(tree.lhs)
    return _may_be_negative(tree.lhs) or _may_be_negative(tree.rhs)


def _of_call(call: promql_parser.Call) -> bool:
    name = call.func.name
    if name in UNSIGNED_CALLS or (name == "clamp_min" and not _may_be_negative(call.args[1])):
        return False
    return any(_may_be_negative(one) for one in call.args)
