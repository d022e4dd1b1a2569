"""The Pareto front in a report."""

from collections.abc import Iterator

from simulator.experiments.find.estimates import GRAMS, MISSES
from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS, marked
from simulator.experiments.write.tables import cell, markdown_table

AXES = (GRAMS, MISSES, "cost_dollars")
"""Measures of the front, in this order."""


def front(results: Results) -> Iterator[str]:
    """Yield the methods on the front, the least grams first, and what it takes to be there."""
    if not results.front:
        return
    known = {estimated.method: estimated.by_measure for estimated in results.estimates}
    on = sorted((one for one in results.front if one.on_front), key=lambda one: one.grams)
    yield from ("## Pareto front", "")
    count = f"{len(on)} {'is' if len(on) == 1 else 'are'}"
    yield (
        f"Of {len(results.front)} methods {count} on the front of emissions, late or dropped tasks and cost: by the "
        "means, no other method is as good in all three and better in one. Where means differ by less than their "
        "intervals, other seeds may put another method on it."
    )
    yield ""
    yield from markdown_table(
        ["method", *(DISPLAYS[measure].title for measure in AXES)],
        [[marked(results, one.method), *(cell(known[one.method], measure) for measure in AXES)] for one in on],
    )
