"""Answers as tables, and what a panel's transformations make of them."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grafana.draw.ask import Series
from grafana.queries import BoardJson

Cell = float | str | None


@dataclass(frozen=True, slots=True)
class Frame:
    """Table: the names of its columns, and its rows, each a cell by column."""

    columns: list[str]
    rows: list[Mapping[str, Cell]]


def frame(panel: BoardJson, answers: Sequence[tuple[str, list[Series]]]) -> Frame:
    """Return the table of a panel from the answers to its queries, each with the query's legend."""
    as_table = any(target.get("format") == "table" for target in panel.get("targets", ()))
    over_time = not all(target.get("instant") for target in panel.get("targets", ()))
    found = _merged(answers, over_time=over_time) if as_table else _named(answers)
    for transformation in panel.get("transformations") or ():
        if change := CHANGES.get(transformation["id"]):
            found = change(found, transformation["options"])
    return found


def legend(template: str, labels: Mapping[str, str]) -> str:
    """Fill in a legend; a label that the series lacks leaves nothing, as in Grafana."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: labels.get(match[1], ""), template)


def _named(answers: Sequence[tuple[str, list[Series]]]) -> Frame:
    """Return a row per series, as `reduce` makes it of series with one value each."""
    rows: list[Mapping[str, Cell]] = [
        {"Field": legend(template, one.labels), "Last *": one.points[-1][1]}
        for template, series in answers
        for one in series
        if one.points
    ]
    return Frame(["Field", "Last *"], rows)


def _merged(answers: Sequence[tuple[str, list[Series]]], *, over_time: bool = False) -> Frame:
    """Join the queries' tables on the labels that all of them have, and on the times of those that are `over_time`."""
    tables = [
        [
            ({**one.labels, **({"Time": f"{at:.0f}"} if over_time else {})}, value)
            for one in series
            for at, value in (one.points if over_time else one.points[-1:])
        ]
        for _, series in answers
        if series
    ]
    names = [f"Value #{chr(ord('A') + index)}" for index, (_, series) in enumerate(answers) if series]
    names = names if len(answers) > 1 else ["Value"]
    shared = set.intersection(*({key for labels, _ in rows for key in labels} for rows in tables)) if tables else set()
    joined: dict[tuple[tuple[str, str], ...], dict[str, Cell]] = {}
    for name, rows in zip(names, tables, strict=False):
        for labels, value in rows:
            key = tuple(sorted((key, text) for key, text in labels.items() if key in shared))
            joined.setdefault(key, {}).update(labels)
            joined[key][name] = value
    columns = dict.fromkeys(("Time", *(column for row in joined.values() for column in row)))
    found = sorted(joined.values(), key=lambda row: float(str(row["Time"]))) if over_time else joined.values()
    return Frame(list(columns), list(found))


def _organized(before: Frame, options: Mapping[str, Any]) -> Frame:
    dropped = {name for name, is_dropped in options.get("excludeByName", {}).items() if is_dropped}
    order, names = options.get("indexByName", {}), options.get("renameByName", {})
    kept = sorted((one for one in before.columns if one not in dropped), key=lambda one: order.get(one, 99))
    rows: list[Mapping[str, Cell]] = [
        {names.get(key, key): cell for key, cell in row.items() if key not in dropped} for row in before.rows
    ]
    return Frame([names.get(one, one) for one in kept], rows)


def _sorted(before: Frame, options: Mapping[str, Any]) -> Frame:
    (first, *_) = options["sort"]
    return Frame(before.columns, ordered(before.rows, first["field"], descending=bool(first.get("desc"))))


def ordered(rows: Sequence[Mapping[str, Cell]], column: str, *, descending: bool) -> list[Mapping[str, Cell]]:
    """Sort rows by a column, those without a value last."""

    def key(row: Mapping[str, Cell]) -> tuple[bool, float, str]:
        value = row.get(column)
        number = value if isinstance(value, float) and math.isfinite(value) else 0.0
        return value is None, -number if descending else number, str(value)

    return sorted(rows, key=key)


def _converted(before: Frame, options: Mapping[str, Any]) -> Frame:
    numbers = {one["targetField"] for one in options["conversions"] if one["destinationType"] == "number"}
    rows: list[Mapping[str, Cell]] = [
        {key: float(cell) if key in numbers and cell is not None else cell for key, cell in row.items()}
        for row in before.rows
    ]
    return Frame(before.columns, rows)


CHANGES: Mapping[str, Callable[[Frame, Mapping[str, Any]], Frame]] = {
    "organize": _organized,
    "sortBy": _sorted,
    "convertFieldType": _converted,
}
"""Transformations that the boards use; merging and reducing are done when the table is made."""
