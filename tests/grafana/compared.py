"""The answers of Prometheus and VictoriaMetrics to one query of a board at one moment, value beside value."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from grafana.queries import Query, nodes, resolve
from tests.grafana.live import SHOWN_SECONDS

Series = Mapping[frozenset[tuple[str, str]], Mapping[float, float]]
"""Values by time in Unix seconds, by labels."""

SHOWN_BEFORE_SECONDS = 30
STEP_SECONDS = 1
DAY_SECONDS = 86_400

RELATIVE = 1e-9
"""VictoriaMetrics keeps a value as a decimal number of at least 12 digits, and sums of such numbers may cancel some."""

RELATIVE_OF_RATES = 1e-6
"""Prometheus tells the time of a sample in seconds since 1970, of which the last bit is 0.24 us. That is 3e-8 of
`RATE_SECONDS`, and differences of rates may cancel a digit."""

RATE_SECONDS = 8
"""Seconds of `$__rate_interval` with a scrape every second, of which VictoriaMetrics widens windows below 5 s. With one
every 15 s it widens those below 22.5 s, and `$__rate_interval` is at least a minute."""

ABSOLUTE = 1e-5
"""Unix times have ten digits before the point, so that an age, which is the difference of two, loses those."""

LONGEST_AHEAD_DAYS = 12
"""Days by which the windows of the calendar of budgets reach beyond the step that they are asked for."""

RANKS = re.compile(r"\b(topk|bottomk) ?\(")
ROUNDED = re.compile(r"\bround ?\(")
STEP = re.compile(r", ?[\d.e-]+$")
COUNTED = re.compile(r"\b(?P<function>rate|increase)\((?P<series>\w+\{[^}]*\})\[(?P<window>\d+[smhd])\]\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two values of one series at one time; None where one server has no such series or value."""

    labels: tuple[tuple[str, str], ...]
    at: float
    ours: float | None
    theirs: float | None


def is_of_a_counter(expr: str) -> bool:
    """Tell whether the query asks for a rate or an increase, of which the two servers have different definitions."""
    return any(getattr(getattr(node, "func", None), "name", "") in {"rate", "increase"} for node in nodes(expr))


def as_victoria_counts(expr: str) -> str:
    """Write rates and increases of a resolved query such that Prometheus computes what VictoriaMetrics defines.

    That is the last value minus the last one before the window, and for a rate, over the time between those two.
    Prometheus takes the values inside the window, and extrapolates to its ends. ValueError where a rate stays.
    """
    written = COUNTED.sub(_between, expr)
    if is_of_a_counter(written):
        raise ValueError(f"not the rate of a plain series: {written}")
    return written


def before_rounding(expr: str) -> str:
    """Write a resolved query without its round().

    Of two values at the edge of a step that differ in their twelfth digit, one is rounded up and the other one down.
    """
    while found := ROUNDED.search(expr):
        inner = _to_its_bracket(expr, found.end())
        end = found.end() + len(inner)
        rounded = inner.rpartition(",")[0] if STEP.search(inner) else inner
        expr = f"{expr[: found.start()]}({rounded}){expr[end + 1 :]}"
    return expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The answers of Prometheus (ours) and VictoriaMetrics (theirs) to a query."""

    at: float
    ours: Series
    theirs: Series
    counts: bool

    @property
    def is_told(self) -> bool:
        """Tell whether there are values to compare."""
        return bool(self.ours and self.theirs)

    def differences(self) -> list[Difference]:
        """Return where the two differ; of rates only where Prometheus has a value both now and before the window."""
        if not self.counts:
            return list(differences(self.ours, self.theirs))
        ours, theirs = known_to_both(self.ours, self.theirs)
        return list(differences(ours, theirs, relative=RELATIVE_OF_RATES))


def compared_at(
    at: float, prometheus: str, victoria: str, query: Query, chosen: Mapping[str, str], behind_seconds: float = 0
) -> Compared:
    """Ask both servers a query of a board with these values of its variables; the second one so far `behind`."""
    expr = before_rounding(resolved(query, chosen))
    counted = as_victoria_counts(expr)
    return Compared(
        at=at,
        ours=ranked(expr, answers(prometheus, query, counted, at)),
        theirs=ranked(expr, _later(answers(victoria, query, expr, at - behind_seconds), behind_seconds)),
        counts=counted != expr,
    )


def resolved(
    query: Query, chosen: Mapping[str, str], rate_seconds: int = RATE_SECONDS, range_seconds: int = SHOWN_SECONDS
) -> str:
    """Return the query of a board with its variables filled in."""
    return resolve(query.expr, rate_seconds=rate_seconds, range_seconds=range_seconds, values=chosen)


def _to_its_bracket(expr: str, start: int) -> str:
    depth = 1
    for end in range(start, len(expr)):
        depth += (expr[end] == "(") - (expr[end] == ")")
        if not depth:
            return expr[start:end]
    raise ValueError(f"a bracket stays open: {expr}")


def _between(found: re.Match[str]) -> str:
    now = found["series"]
    before = f"{now} offset {found['window']}"
    grown = f"({now} - {before})"
    return grown if found["function"] == "increase" else f"({grown} / (timestamp({now}) - timestamp({before})))"


def answers(server: str, query: Query, expr: str, at: float) -> Series:
    """Return what the server answers to a query of a board, now being `at`; `expr` has its variables filled in."""
    if query.kind == "variable":
        # VictoriaMetrics tells the values of whole days.
        span = {"start": str(at - DAY_SECONDS), "end": str(at)}
        values = get(server, f"label/{query.label}/values", {"match[]": expr, **span})
        return {frozenset({(query.label, value)}): {round(at, 3): 1.0} for value in values}
    if query.instant:
        return _read(get(server, "query", {"query": expr, "time": f"{at:.3f}", "nocache": "1"}))
    if query.step.endswith("d"):
        step = int(query.step[:-1]) * 86_400
        last = (at - LONGEST_AHEAD_DAYS * 86_400) // step * step
        return over(server, expr, start=last - 2 * step, end=last, step=step)
    return over(server, expr, start=at - SHOWN_BEFORE_SECONDS, end=at, step=STEP_SECONDS)


def over(server: str, expr: str, *, start: float, end: float, step: int) -> Series:
    """Return the answers from `start` to `end`."""
    span = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step}s", "nocache": "1"}
    return _read(get(server, "query_range", {"query": expr, **span}))


def get(server: str, path: str, parameters: Mapping[str, str]) -> Any:
    """Return the data of an answer of the API."""
    response = requests.get(f"{server}/api/v1/{path}", params=parameters, timeout=240)
    assert response.status_code == 200, f"{parameters}: {response.text}"
    return response.json()["data"]


def _read(data: Mapping[str, Any]) -> Series:
    if data["resultType"] == "scalar":
        data = {"result": [{"metric": {}, "value": data["result"]}]}
    return {
        # To both servers a label without a value is none; VictoriaMetrics still writes it.
        frozenset((name, value) for name, value in one["metric"].items() if value): {
            round(float(at), 3): float(value) for at, value in one.get("values", (one.get("value"),))
        }
        for one in data["result"]
    }


def differences(ours: Series, theirs: Series, *, relative: float = RELATIVE) -> Iterator[Difference]:
    """Return where two answers differ by more than the tolerance, or one has a series or value that the other lacks."""
    for labels in sorted(ours.keys() | theirs.keys(), key=sorted):
        left, right = ours.get(labels, {}), theirs.get(labels, {})
        for at in sorted(left.keys() | right.keys()):
            one, other = left.get(at), right.get(at)
            if one is None or other is None or not is_near(one, other, relative):
                yield Difference(labels=tuple(sorted(labels)), at=at, ours=one, theirs=other)


def is_near(one: float, other: float, relative: float = RELATIVE) -> bool:
    """Tell whether two values are one but for how they are kept."""
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=relative, abs_tol=ABSOLUTE)


def known_to_both(ours: Series, theirs: Series) -> tuple[Series, Series]:
    """Return the values that both have."""
    return _within(ours, theirs), _within(theirs, ours)


def ranked(expr: str, found: Series) -> Series:
    """Return the values of topk and bottomk without labels, largest first: of two equal ones either may be told."""
    if not RANKS.search(expr):
        return found
    by_time: dict[float, list[float]] = {}
    for values in found.values():
        for at, value in values.items():
            by_time.setdefault(at, []).append(value)
    by_rank: dict[frozenset[tuple[str, str]], dict[float, float]] = {}
    for at, values_then in by_time.items():
        for rank, value in enumerate(sorted(values_then, reverse=True)):
            by_rank.setdefault(frozenset({("rank", str(rank))}), {})[at] = value
    return by_rank


def _later(values_by_labels: Series, seconds: float) -> Series:
    return {
        labels: {round(at + seconds, 3): value for at, value in values.items()}
        for labels, values in values_by_labels.items()
    }


def _within(ours: Series, theirs: Series) -> Series:
    return {
        labels: {at: value for at, value in values.items() if at in theirs[labels]}
        for labels, values in ours.items()
        if labels in theirs
    }


def count(series: Series) -> int:
    """Return how many values there are."""
    return sum(map(len, series.values()))
