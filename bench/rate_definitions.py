"""Differences of rates and increases on boards between Prometheus and VictoriaMetrics, which define them in their ways.

`python -m bench.rate_definitions [--record]` runs the stack of the tests (two exporters whose machines move by chance,
a simulator, all rules) with a real Prometheus that writes on to a real VictoriaMetrics, and asks both each such query
at one moment. Rates are over four scrapes, as Grafana asks for them at full resolution; increases over
`RANGE_SECONDS`, a hundred scrapes. Takes ten minutes, most of it waiting.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from bench.record import record, table
from grafana.queries import Query, queries
from tests.grafana.committed import board, names
from tests.grafana.compared import Series, answers, as_victoria_counts, is_near, known_to_both, resolved
from tests.grafana.live import running_stack
from tests.grafana.victoria import WRITE, running_victoria_metrics, until_shown

SCRAPE_SECONDS = 3
"""The shortest of which VictoriaMetrics does not widen windows of four scrapes."""

RATE_SECONDS = 4 * SCRAPE_SECONDS
RANGE_SECONDS = 100 * SCRAPE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Distances of the answers to one query, in terms of their mean: half of the values, at most, on average."""

    board: str
    query: Query
    values: int
    half: float
    most: float
    means: float


def main() -> None:
    """Run the stack, ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="rate-definitions-") as folder,
        running_victoria_metrics(Path(folder)) as victoria,
    ):
        stack = Path(folder) / "stack"
        stack.mkdir()
        with running_stack(stack, [victoria + WRITE], SCRAPE_SECONDS) as live:
            time.sleep(RANGE_SECONDS + RATE_SECONDS)
            moment = time.time()
            until_shown(live.prometheus, victoria, moment)
            found = sorted(asked(live.prometheus, victoria, moment), key=lambda one: -one.half)
    figures = [summary(found), listed(found)]
    print("\n\n".join(figures))
    if options.record:
        record("rate_definitions", ["Rates and increases of Prometheus and VictoriaMetrics", *figures])


def asked(prometheus: str, victoria: str, moment: float) -> Iterator[Apart]:
    """Yield how far the answers to each query with a rate or an increase are apart."""
    for name in names():
        for query in queries(board(name)):
            expr = resolved(query, {}, RATE_SECONDS, RANGE_SECONDS)
            if as_victoria_counts(expr) == expr:
                continue
            pairs = list(valued(answers(prometheus, query, expr, moment), answers(victoria, query, expr, moment)))
            if pairs:
                apart = [distance(*pair) for pair in pairs]
                yield Apart(
                    board=name.removesuffix(".json"),
                    query=query,
                    values=len(pairs),
                    half=median(apart),
                    most=max(apart),
                    means=distance(fmean(one for one, _ in pairs), fmean(other for _, other in pairs)),
                )


def valued(ours: Series, theirs: Series) -> Iterator[tuple[float, float]]:
    """Yield the pairs of values that both have, without those that are no numbers."""
    left, right = known_to_both(ours, theirs)
    for labels, values in left.items():
        for at, value in values.items():
            if math.isfinite(value) and math.isfinite(right[labels][at]):
                yield value, right[labels][at]


def distance(one: float, other: float) -> float:
    """Return how far two values are apart, as a part of their mean."""
    return 0.0 if is_near(one, other) else 2 * abs(one - other) / (abs(one) + abs(other))


def summary(found: list[Apart]) -> str:
    """Return the figures of all queries together."""
    rates, increases = ([one for one in found if ("rate(" in one.query.expr) == is_rate] for is_rate in (True, False))
    rows = [
        (name, str(len(group)), *(f"{100 * value:.2g}%" for value in typical(group)))
        for name, group in ((f"rates over {RATE_SECONDS} s", rates), (f"increases over {RANGE_SECONDS} s", increases))
    ]
    head = ("a scrape every 3 s", "queries", "half of the values within", "at most", "means within")
    return f"Of the median query:\n\n{table(head, rows)}"


def typical(group: list[Apart]) -> tuple[float, float, float]:
    """Return the three figures of the median query."""
    return (
        median(one.half for one in group),
        median(one.most for one in group),
        median(one.means for one in group),
    )


def listed(found: list[Apart]) -> str:
    """Return the table of all queries."""
    head = ("board", "panel", "query", "values", "half within", "at most", "means within")
    rows = (
        (
            one.board,
            one.query.title,
            one.query.legend or "-",
            str(one.values),
            *(f"{100 * value:.2g}%" for value in (one.half, one.most, one.means)),
        )
        for one in found
    )
    return table(head, rows)


if __name__ == "__main__":
    main()
