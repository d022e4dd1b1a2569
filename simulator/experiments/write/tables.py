"""Results as CSV and LaTeX."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from simulator.experiments.find.findings import Findings
from simulator.experiments.find.outcomes import MEASURES
from simulator.experiments.write.display import QUANTITIES, with_half_width

DASH = "-"
"""Stands for what was not measured."""

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


def runs_csv(findings: Findings) -> str:
    """A line per run, with all its figures in SI units; what is missing is empty."""
    names = dict.fromkeys(name for case in findings.cases for run in case.runs for name in run.figures)
    lines = [
        (case.method, str(run.seed), *(_number(run.figures.get(name)) for name in names))
        for case in findings.cases
        for run in case.runs
    ]
    return _csv(("method", "seed", *names), lines)


def summary_csv(findings: Findings) -> str:
    """A line per method and measure: the estimate in SI units, and how well it is known."""
    known = {(one.method, one.measure): one for one in findings.precision}
    lines = []
    for outcome in findings.outcomes:
        for measure, found in outcome.metrics.items():
            how = known[outcome.method, measure]
            figures = (found.mean, found.low, found.high, found.published, how.relative_half_width)
            needed = "" if how.replications_needed is None else str(how.replications_needed)
            digests = (findings.provenance.inputs, findings.provenance.environment)
            lines.append((outcome.method, measure, *(_number(figure) for figure in figures), needed, *digests))
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


def latex_table(findings: Findings) -> str:
    """A booktabs table of means and half-widths of 95% intervals."""
    measures = present(findings)
    heading = " & ".join(["Method", *(latex(QUANTITIES[measure].title) for measure in measures)])
    body = [
        " & ".join([latex(outcome.method), *(latex(cell(findings, index, measure)) for measure in measures)]) + r" \\"
        for index, outcome in enumerate(findings.outcomes)
    ]
    rows = [rf"\begin{{tabular}}{{l{'r' * len(measures)}}}", r"\toprule", heading + r" \\", r"\midrule", *body]
    note = f"% {findings.experiment} on {findings.scenario}: means of {findings.replications} runs, 95% intervals"
    scopes = (f"% {one.heading}: {one.scope}" for name in measures if (one := QUANTITIES[name]).scope)
    made = findings.provenance
    digests = f"% made from inputs {made.inputs} in environment {made.environment}"
    return "\n".join([note, digests, *scopes, *rows, r"\bottomrule", r"\end{tabular}", ""])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, rule: str = "---:|") -> Iterator[str]:
    """The lines of a Markdown table, and an empty one after it; `rule` aligns all but the first column."""
    yield f"| {' | '.join(header)} |"
    yield f"|---|{rule * (len(header) - 1)}"
    for row in rows:
        yield f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |"
    yield ""


def present(findings: Findings) -> list[str]:
    """Measures that at least one method has."""
    found = {measure for outcome in findings.outcomes for measure in outcome.metrics}
    return [measure.name for measure in MEASURES if measure.name in found]


def cell(findings: Findings, index: int, measure: str) -> str:
    """The estimate of a measure for the outcome at `index`, or a dash."""
    estimate = findings.outcomes[index].metrics.get(measure)
    return DASH if estimate is None else with_half_width(estimate, QUANTITIES[measure].factor)


def latex(text: str) -> str:
    """Text with what LaTeX would take for commands escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _csv(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()
