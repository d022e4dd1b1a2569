"""The queries of a board as Grafana would send them, and what they select; for checks over all boards."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import promql_parser

BoardJson = Mapping[str, Any]
"""A dashboard in Grafana's classic JSON model."""

LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), *(?P<label>\w+)\)")

EVERY = {"team": ".*"}
"""Pattern that All stands for where it is not `.+`: devices of no team belong to all teams as well."""

RATE_INTERVAL = "4441s"
RANGE = "4442s"
"""Durations that stand for Grafana's macros while an expression is only parsed; no board uses them itself."""


EXPRESSIONS_KEPT = 512
"""Expressions whose nodes are kept: more than a board has. Every rule asks for them, and the longest has 8 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """PromQL query of a board.

    `kind` is panel, annotation or variable, `title` the panel's title or the name of the other two. `expr` is PromQL
    with Grafana's variables still in it; of a variable it is the series whose values of `label` are listed. An
    `instant` query asks for the end of the time shown only; `step` is the least time between the values of any other.
    """

    kind: str
    title: str
    expr: str
    datasource: str
    label: str = ""
    legend: str = ""
    instant: bool = False
    step: str = ""


def panels(board: BoardJson) -> Iterator[BoardJson]:
    """Return every panel that is not a row, those inside collapsed rows included."""
    for panel in board.get("panels", ()):
        if panel.get("type") == "row":
            yield from panel.get("panels", ())
        else:
            yield panel


def queries(board: BoardJson) -> list[Query]:
    """Return every query of the board: of its panels, annotations and variables."""
    return [*_of_panels(board), *_of_annotations(board), *_of_variables(board)]


def resolve(expr: str, *, rate_seconds: int, range_seconds: int, values: Mapping[str, str] | None = None) -> str:
    """Fill in Grafana's variables in the expression; one that `values` does not name is All, usually `.+`."""
    macros = {"$__rate_interval": f"{rate_seconds}s", "$__range": f"{range_seconds}s"}
    for macro, duration in macros.items():
        expr = expr.replace(macro, duration)
    chosen = EVERY | dict(values or {})
    # A number after the sign is not a variable but a group of label_replace.
    return re.sub(r"\$([a-z_]\w*)", lambda match: chosen.get(match[1], ".+"), expr)


def parse(expr: str) -> promql_parser.Expr:
    """Parse the expression, with `RATE_INTERVAL` and `RANGE` for the macros; ValueError if it is no PromQL."""
    parsed: promql_parser.Expr = promql_parser.parse(
        expr.replace("$__rate_interval", RATE_INTERVAL).replace("$__range", RANGE)
    )
    return parsed


@lru_cache(maxsize=EXPRESSIONS_KEPT)
def nodes(expr: str) -> tuple[promql_parser.Expr, ...]:
    """Walk the expression's syntax tree, each node before what it contains; ValueError if it is no PromQL."""
    return tuple(walked(parse(expr)))


def walked(tree: promql_parser.Expr) -> list[promql_parser.Expr]:
    """Return a syntax tree's nodes, each before what it contains."""
    found: list[promql_parser.Expr] = []
    promql_parser.walk(tree, found.append)
    return found


def selectors(expr: str) -> list[promql_parser.VectorSelector]:
    """Return every series selector in the expression."""
    return [node for node in nodes(expr) if isinstance(node, promql_parser.VectorSelector)]


def metric_names(expr: str) -> set[str]:
    """Return the metric names that the expression reads."""
    return {selector.name for selector in selectors(expr) if selector.name}


def _of_panels(board: BoardJson) -> Iterator[Query]:
    for panel in panels(board):
        for target in panel.get("targets", ()):
            yield Query(
                kind="panel",
                title=panel.get("title", ""),
                expr=target.get("expr", ""),
                datasource=target.get("datasource", {}).get("uid", ""),
                legend=target.get("legendFormat", ""),
                instant=target.get("instant", False),
                step=panel.get("interval") or "",
            )


def _of_annotations(board: BoardJson) -> Iterator[Query]:
    for annotation in board.get("annotations", {}).get("list", ()):
        yield Query(
            kind="annotation",
            title=annotation.get("name", ""),
            expr=annotation.get("expr", ""),
            datasource=annotation.get("datasource", {}).get("uid", ""),
        )


def _of_variables(board: BoardJson) -> Iterator[Query]:
    for variable in board.get("templating", {}).get("list", ()):
        if variable.get("type") != "query":
            continue
        text = str(variable.get("query", {}).get("query", ""))
        match = LABEL_VALUES.fullmatch(text)
        yield Query(
            kind="variable",
            title=variable.get("name", ""),
            expr=match["series"] if match else text,
            datasource=variable.get("datasource", {}).get("uid", ""),
            label=match["label"] if match else "",
        )
