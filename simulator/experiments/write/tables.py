"""Results as CSV and LaTeX."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from simulator.experiments.find.effects import Factorial
from simulator.experiments.find.estimates import GRAMS, MEASURES, MISSES, Estimate, Estimates
from simulator.experiments.find.results import Results
from simulator.experiments.find.service import SERVICE_MARGIN
from simulator.experiments.write.display import (
    DISPLAYS,
    LESS_MARK,
    OPEN_MARK,
    PERCENT,
    Display,
    Rounded,
    marked,
    rounded,
    subject,
    with_half_width,
)
from simulator.experiments.write.latex import NEEDS, Column, Table, estimates, floats

DASH = "-"
"""Text in place of a missing figure."""


def runs_csv(results: Results) -> str:
    """Return a line per run, with all its figures in SI units; a missing figure is empty."""
    names = dict.fromkeys(name for case in results.cases for run in case.runs for name in run.figures)
    lines = [
        (case.method, str(run.seed), *(_number(run.figures.get(name)) for name in names))
        for case in results.cases
        for run in case.runs
    ]
    return _csv(("method", "seed", *names), lines)


def summary_csv(results: Results) -> str:
    """Return a line per method and measure: the estimate in SI units, and its precision."""
    known = {(one.method, one.measure): one for one in results.precision}
    lines = []
    for estimated in results.estimates:
        for measure, found in estimated.by_measure.items():
            how = known.get((estimated.method, measure))
            width = None if how is None else how.relative_half_width
            figures = (found.mean, found.low, found.high, found.published, width)
            needed = "" if how is None or how.replications_needed is None else str(how.replications_needed)
            digests = (results.provenance.inputs, results.provenance.environment)
            less = _serves_less(results, estimated.method)
            lines.append((estimated.method, measure, *(_number(figure) for figure in figures), needed, less, *digests))
    header = (
        "method",
        "measure",
        "mean",
        "low",
        "high",
        "published",
        "relative_half_width",
        "replications_for_5_percent",
        "serves_less",
        "inputs_sha256",
        "environment_sha256",
    )
    return _csv(header, lines)


def effects_csv(found: Factorial) -> str:
    """Return a line per effect and measure, in SI units; interactions that cannot be told apart are joined by a plus.

    Levers that interact are joined by a colon. `relative` is over the mean of all runs, empty where that may be zero.
    """
    lines = []
    for one in (*found.effects, *found.higher):
        relative = () if one.relative is None else (one.relative.mean, one.relative.low, one.relative.high)
        figures = (one.difference.mean, one.difference.low, one.difference.high, *(relative or [None] * 3))
        name = "+".join(":".join(word) for word in (one.factors, *one.aliases))
        lines.append((name, one.measure, *map(_number, (*figures, one.p_value, one.adjusted))))
    ends = ("", "_low", "_high")
    header = (*(f"difference{end}" for end in ends), *(f"relative{end}" for end in ends), "p_value", "p_adjusted")
    return _csv(("effect", "measure", *header), lines)


def latex_table(results: Results) -> str:
    """Return a LaTeX table of means and half-widths of 95% intervals; methods without a measure in common apart.

    A factorial has another one, of its effects.
    """
    measures, zero = present(results), _zero(results)
    tables = []
    for names, those in _groups(results, [one for one in measures if one not in zero]):
        columns = [
            estimates(DISPLAYS[measure], [_rounded(one.by_measure.get(measure), measure) for one in those])
            for measure in names
        ]
        heading = "Size" if results.experiment == "scaling" else "Method"
        if GRAMS in names:
            columns += _changes(results, [one.method for one in those])
        labels = [marked(results, one.method) for one in those]
        tables.append(Table(heading=heading, labels=labels, columns=columns))
    told = [f"{subject(results)}: means of {results.replications} runs with the half-widths of their 95% intervals."]
    told += [f"{one.heading}: {one.scope}." for name in measures if (one := DISPLAYS[name]).scope]
    told += [f"{DISPLAYS[name].heading}: 0 in every run." for name in zero]
    if results.comparisons:
        told.append(f"Change: paired difference from {results.reference}, of runs with the same seed.")
    told += [line for line in (own_means(measures),) if line]
    told += list(_marks(results))
    made = results.provenance
    digests = f"% made from inputs {made.inputs} in environment {made.environment}"
    name = f"{results.experiment}-{results.scenario}"
    effects = _effects(results, results.factorial) if isinstance(results.factorial, Factorial) else []
    return "\n".join([NEEDS, digests, floats(name, " ".join(told), tables), *effects])


def _changes(results: Results, methods: Sequence[str]) -> Iterator[Column]:
    """Yield columns of the paired differences in emissions and in service, where methods are compared."""
    compared = {(one.method, one.measure): one for one in results.comparisons}
    for measure in (GRAMS, MISSES):
        display = DISPLAYS[measure]
        found = [compared.get((method, measure)) for method in methods]
        if display.is_share:
            changes = [None if one is None else one.difference for one in found]
        else:
            changes = [None if one is None else one.relative for one in found]
        if any(one is not None and (one.low, one.high) != (0.0, 0.0) for one in changes):
            unit = "points" if display.is_share else "%"
            shown = Display(heading=f"Change of {display.heading.lower()}", unit=unit)
            yield estimates(shown, [None if one is None else rounded(one, PERCENT) for one in changes])


def own_means(measures: Iterable[str]) -> str:
    """Return what regret and gap are no measure of; nothing where neither is among the measures."""
    if not {"regret_ratio", "gap_grams", "gap_ratio"} & set(measures):
        return ""
    return (
        "Regret and gap are above the bound of a method's own means, and a method that never lets nodes sleep has a "
        "higher bound: to compare methods, take grams."
    )


def _effects(results: Results, found: Factorial) -> list[str]:
    """Return a table of the effects in all measures."""
    names = list(dict.fromkeys(one.name for one in found.effects))
    columns = []
    for measure in dict.fromkeys(one.measure for one in found.effects):
        display = DISPLAYS[measure]
        effects = [rounded(one.difference, display.factor) for one in found.effects if one.measure == measure]
        columns.append(estimates(replace(display, unit=display.difference_unit), effects))
    told = (
        f"{subject(results)}: effects of the levers, on less off, with the half-widths of their 95% intervals over "
        f"{results.replications} seeds, from the {found.design} design."
    )
    mixed = " Interactions that are joined by a plus are told as their sum." if found.generators else ""
    name = f"{results.experiment}-{results.scenario}-effects"
    return [floats(name, told + mixed, [Table(heading="Effect", labels=names, columns=columns)])]


def _serves_less(results: Results, method: str) -> str:
    """Return 1 or 0; nothing where there is no reference, and where the runs leave it open."""
    if results.reference is None or method in results.service_not_shown:
        return ""
    return str(int(method in results.serving_less))


def _marks(results: Results) -> Iterator[str]:
    """Say what the marks mean, of those that the table has."""
    margin = f"{SERVICE_MARGIN * PERCENT:g} points"
    if results.serving_less:
        yield f"{LESS_MARK} serves fewer tasks on time than {results.reference}, by more than {margin}."
    if results.service_not_shown:
        yield f"{OPEN_MARK} is not shown to serve as many tasks on time as {results.reference}, within {margin}."


def _rounded(estimate: Estimate | None, measure: str) -> Rounded | None:
    return None if estimate is None else rounded(estimate, DISPLAYS[measure].factor)


def _zero(results: Results) -> list[str]:
    """Return the measures that are zero in every run, whose columns would say nothing."""
    told = [one for case in results.cases for run in case.runs for one in run.figures.items()]
    zero = {name for name, _ in told} - {name for name, figure in told if figure != 0.0}
    return [measure for measure in present(results) if measure in zero]


def _groups(results: Results, measures: Sequence[str]) -> Iterator[tuple[list[str], list[Estimates]]]:
    """Yield measures with the methods that have any of them, apart where no method has any of both."""
    left = list(measures)
    while left:
        names, before = {left[0]}, set[str]()
        while names != before:
            before = names
            those = [one for one in results.estimates if names & one.by_measure.keys()]
            names = {name for one in those for name in one.by_measure} & set(left)
        yield [name for name in left if name in names], those
        left = [name for name in left if name not in names]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, rule: str = "---:|") -> Iterator[str]:
    """Yield the lines of a Markdown table, and an empty one after it; `rule` aligns all but the first column."""
    yield f"| {' | '.join(header)} |"
    yield f"|---|{rule * (len(header) - 1)}"
    for row in rows:
        yield f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |"
    yield ""


def present(results: Results) -> list[str]:
    """Return the measures that at least one method has."""
    found = {measure for estimated in results.estimates for measure in estimated.by_measure}
    return [measure.name for measure in MEASURES if measure.name in found]


def cell(found: Mapping[str, Estimate], measure: str) -> str:
    """Return the estimate of a measure, of those of a method, or a dash."""
    return with_half_width(found[measure], DISPLAYS[measure].factor) if measure in found else DASH


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _csv(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()
