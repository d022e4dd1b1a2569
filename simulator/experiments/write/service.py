"""Equal service in a report: its first paragraph, the order of the methods, and the marks of those that have none."""

from collections.abc import Iterator, Mapping

from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.find.service import MISSES, SERVICE_MARGIN, Rivalry
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
from simulator.experiments.write.tables import DASH, markdown_table
from simulator.run.job import Method

GRAMS = "emissions_grams"


def headline(results: Results, methods: Mapping[str, Method]) -> Iterator[str]:
    """Yield the first paragraph: the method in question against the reference, and then against simple rivals."""
    if not results.rivalries:
        return
    told = [_against(one, methods, index) for index, one in enumerate(results.rivalries)]
    yield f"**{told[0]}**{''.join(f' {one}' for one in told[1:])}"
    yield ""


def _against(one: Rivalry, methods: Mapping[str, Method], index: int) -> str:
    own, other = methods[one.method], methods[one.against]
    parts = ["with the same compression" if own.compression == other.compression else "without compression"]
    if not other.sleep:
        parts.append("every node awake")
    elif other.sleeping not in {None, own.sleeping}:
        parts.append("with consolidation")
    if one.is_best_simple:
        parts.append(
            "of the simple methods with equal service the one that emits least, chosen by these runs, which flatters it"
        )
    changes = [_change(found.measure, found.difference, found.relative) for found in one.comparisons]
    begin = f"`{one.method}` against" if index == 0 else "Against"
    return f"{begin} `{one.against}` ({', '.join(parts)}): {', '.join(changes)}.{_service(one)}"


def _service(one: Rivalry) -> str:
    """Return a sentence where the method is not shown to serve as many tasks on time as the other."""
    if one.serves_less:
        return f" It serves fewer tasks on time than `{one.against}`."
    if one.service_not_shown:
        return f" These runs do not show that it serves as many tasks on time as `{one.against}`."
    return ""


def _change(measure: str, difference: Interval, relative: Interval | None) -> str:
    """Return a change in percent, or in points or its own unit where that says more."""
    display = DISPLAYS[measure]
    heading = display.heading.lower()
    if display.is_share or relative is None:
        return f"{heading} {with_half_width(difference, display.factor)} {display.difference_unit}"
    return f"{heading} {percent_change(relative)}%"


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
        line = ["-" if method in without else str(place), marked(results, method), _cell(found, GRAMS), _on_time(found)]
        gaps = [_cell(found, name) for name in ("gap_grams", "gap_ratio")] if with_gap else []
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
            "punctually. In percent it is relative to what that work has to emit: the bound less the floor, which is "
            "the least with the same weather and no tasks. There is no percentage where it is not certain that the "
            "work has to emit anything."
        )
        yield ""


def _cell(found: Mapping[str, Estimate], measure: str) -> str:
    return DASH if measure not in found else with_half_width(found[measure], DISPLAYS[measure].factor)


def _on_time(found: Mapping[str, Estimate]) -> str:
    misses = found.get(MISSES)
    if misses is None:
        return DASH
    on_time = Interval(mean=1.0 - misses.mean, low=1.0 - misses.high, high=1.0 - misses.low)
    return with_half_width(on_time, PERCENT)
