"""Equal service in a report: the order of the methods, and the marks of those that have none."""

from collections.abc import Iterator, Mapping

from simulator.experiments.find.estimates import GRAMS, MISSES, Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.find.service import SERVICE_MARGIN
from simulator.experiments.find.statistics import Interval
from simulator.experiments.write.display import (
    DISPLAYS,
    LESS_MARK,
    OPEN_MARK,
    PERCENT,
    marked,
    percent_change,
    with_half_width,
)
from simulator.experiments.write.tables import DASH, cell, markdown_table


def ranking(results: Results) -> Iterator[str]:
    """Yield the order of the methods by grams: of those that serve as many tasks on time as the reference."""
    if results.reference is None:
        return
    rows = [(one.method, one.by_measure) for one in results.estimates if GRAMS in one.by_measure]
    without = {*results.serving_less, *results.service_not_shown}
    ranked = sorted((one for one in rows if one[0] not in without), key=lambda one: one[1][GRAMS].mean)
    headings = ["", "method", DISPLAYS[GRAMS].title, "Tasks on time (%)", f"Change from `{results.reference}` (%)"]
    with_gap = any("gap_grams" in found for _, found in rows)
    headings += [DISPLAYS[name].title for name in ("gap_grams", "gap_ratio")] if with_gap else []
    changes = {one.method: one.relative for one in results.comparisons if one.measure == GRAMS}
    lines = []
    for place, (method, found) in enumerate([*ranked, *(one for one in rows if one[0] in without)], start=1):
        change = DASH if method not in changes else percent_change(changes[method])
        line = ["-" if method in without else str(place), marked(results, method), cell(found, GRAMS), _on_time(found)]
        gaps = [cell(found, name) for name in ("gap_grams", "gap_ratio")] if with_gap else []
        lines.append([*line, change, *gaps])
    yield from ("## Emissions at equal service", "")
    yield from markdown_table(headings, lines)
    yield from explanation(results, with_gap=with_gap)


def explanation(results: Results, *, with_gap: bool) -> Iterator[str]:
    """Say what equal service, the marks and the gap mean."""
    margin = f"{SERVICE_MARGIN * PERCENT:g} points"
    yield (
        f"Methods in the order serve as many tasks on time as `{results.reference}`: the whole 95% interval of the "
        f"paired difference in late or dropped tasks is at most {margin}, which are percent of the offered tasks."
    )
    yield ""
    if results.serving_less:
        yield (
            f"\\{LESS_MARK} serves fewer tasks on time than `{results.reference}`: that whole interval is above "
            f"{margin}. What it emits and consumes is not that of the same service, and it has no place in the order."
        )
        yield ""
    if results.service_not_shown:
        yield (
            f"{OPEN_MARK} is not shown to serve as many: the interval has {margin} within it. More runs would tell; "
            "until then it has no place in the order."
        )
        yield ""
    if with_gap:
        yield (
            "The gap is what a run emitted beyond the bound, the least with which its own work could have been done as "
            "punctually by the method's own means: between methods, compare grams. In percent it is relative to what "
            "that work has to emit: the bound less the floor, which is the least with the same weather and no tasks. "
            "There is no percentage where it is not certain that the work has to emit anything."
        )
        yield ""


def _on_time(found: Mapping[str, Estimate]) -> str:
    misses = found.get(MISSES)
    if misses is None:
        return DASH
    on_time = Interval(mean=1.0 - misses.mean, low=1.0 - misses.high, high=1.0 - misses.low)
    return with_half_width(on_time, PERCENT)
