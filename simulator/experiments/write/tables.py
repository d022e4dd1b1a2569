"""Results as CSV and LaTeX."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from simulator.experiments.find.estimates import MEASURES
from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS, with_half_width

DASH = "-"
"""Text in place of a missing figure."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "\u00d7": r"$\times$",
    "\u2082": r"\textsubscript{2}",
    "⁻": r"\textsuperscript{-}",
} | {digit: rf"\textsuperscript{{{value}}}" for value, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}


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
            how = known[estimated.method, measure]
            figures = (found.mean, found.low, found.high, found.published, how.relative_half_width)
            needed = "" if how.replications_needed is None else str(how.replications_needed)
            digests = (results.provenance.inputs, results.provenance.environment)
            lines.append((estimated.method, measure, *(_number(figure) for figure in figures), needed, *digests))
    header = (
        "method",
        "measure",
        "mean",
        "low",
        "high",
        "published",
        "relative_half_width",
        "replications_for_5_percent",
        "inputs_sha256",
        "environment_sha256",
    )
    return _csv(header, lines)


def latex_table(results: Results) -> str:
    """Return a booktabs table of means and half-widths of 95% intervals."""
    measures = present(results)
    heading = " & ".join(["Method", *(latex(DISPLAYS[measure].title) for measure in measures)])
    body = [
        " & ".join([latex(estimated.method), *(latex(cell(results, index, measure)) for measure in measures)]) + r" \\"
        for index, estimated in enumerate(results.estimates)
    ]
    rows = [rf"\begin{{tabular}}{{l{'r' * len(measures)}}}", r"\toprule", heading + r" \\", r"\midrule", *body]
    note = f"% {results.experiment} on {results.scenario}: means of {results.replications} runs, 95% intervals"
    scopes = (f"% {one.heading}: {one.scope}" for name in measures if (one := DISPLAYS[name]).scope)
    made = results.provenance
    digests = f"% made from inputs {made.inputs} in environment {made.environment}"
    return "\n".join([note, digests, *scopes, *rows, r"\bottomrule", r"\end{tabular}", ""])


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


def cell(results: Results, index: int, measure: str) -> str:
    """Return the estimate of a measure for the method at `index`, or a dash."""
    estimate = results.estimates[index].by_measure.get(measure)
    return DASH if estimate is None else with_half_width(estimate, DISPLAYS[measure].factor)


def latex(text: str) -> str:
    """Escape the characters that LaTeX would take for commands."""
    return "".join(_LATEX.get(character, character) for character in text)


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _csv(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()
