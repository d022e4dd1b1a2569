"""Findings of an audit, as a table for people and as JSON."""

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap

import msgspec

from exporter.audit.finding import Finding, Outcome
from exporter.audit.result import AuditResult
from exporter.core.units import UnixSeconds


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of an audit, with what it looked at, and when it ended in Unix seconds.

    `power_usage_effectiveness` has each PUE that the exporter published meanwhile; nothing is compared with them.
    """

    exporter: str
    prometheus: str | None
    ended: float
    seconds: float
    samples: int
    power_usage_effectiveness: list[float]
    tolerance_ratio: float
    passed: bool
    findings: list[Finding]

    def count(self, outcome: Outcome) -> int:
        """Return the number of checks with an outcome."""
        return sum(one.outcome is outcome for one in self.findings)

    def result(self) -> AuditResult:
        """Return what the running exporter shows of it."""
        return AuditResult(
            ended=UnixSeconds(self.ended),
            holds=self.count(Outcome.HOLDS),
            fails=self.count(Outcome.FAILS),
            not_checked=self.count(Outcome.NOT_CHECKED),
            differences={one.check: _size(one.difference_ratio) for one in self.findings if one.told is not None},
        )


def _size(difference: float | None) -> float:
    """Return a difference without its sign; one that is no number is all of the figure."""
    return abs(difference) if difference is not None and math.isfinite(difference) else 1.0


MOST_COLUMNS = 110
"""Length of a line that lists checks."""


def render(report: Report) -> str:
    """Render the checks in aligned columns, those that fail first; those not made follow by their reason."""
    made = [one for one in report.findings if one.outcome is not Outcome.NOT_CHECKED]
    holding = [one for one in made if _is_recorded(one.check) and one.outcome is Outcome.HOLDS]
    shown = [one for one in made if one not in holding]
    rows = [_row(one) for one in sorted(shown, key=lambda one: one.outcome is not Outcome.FAILS)]
    if holding:
        rows.append(_row_of_recorded(holding))
    # The long name of a recorded series that fails sets no width for all others.
    widths = [max((len(row[column]) for row in rows if not _is_recorded(row[1])), default=0) for column in range(5)]
    parts = [[_line(row, widths) for row in rows], list(_not_made(report.findings)), list(_foot(report))]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _is_recorded(check: str) -> bool:
    return ":" in check


def _row_of_recorded(holding: Sequence[Finding]) -> tuple[str, ...]:
    """Return one row for all recorded series that hold: that of the one furthest apart."""
    worst = max(holding, key=lambda one: _size(one.difference_ratio))
    outcome, check, *figures, _ = _row(worst)
    return outcome, "recorded", *figures, f"{_series(len(holding))}, and computed anew ({check})"


def _series(count: int) -> str:
    return f"{count} recorded series"


def _not_made(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the reasons for which checks were not made, each with the checks.

    Recorded series are told by their number where the reason is that of all.
    """
    reasons: dict[str, list[str]] = {}
    for one in findings:
        if one.outcome is Outcome.NOT_CHECKED:
            reasons.setdefault(one.reason, []).append(one.check)
    recorded = sum(_is_recorded(one.check) for one in findings)
    for reason, checks in reasons.items():
        names = [one for one in checks if not _is_recorded(one)]
        if len(checks) - len(names) == recorded > 0:
            names.append(_series(recorded))
        else:
            names = checks
        yield f"{Outcome.NOT_CHECKED}: {reason}"
        yield from wrap(", ".join(names), MOST_COLUMNS, initial_indent="  ", subsequent_indent="  ")


def _line(row: tuple[str, ...], widths: Sequence[int]) -> str:
    """Align words to the left, and figures to the right."""
    words = [f"{one:<{width}}" for one, width in zip(row[:2], widths[:2], strict=True)]
    figures = [f"{one:>{width}}" for one, width in zip(row[2:5], widths[2:], strict=True)]
    return "  ".join((*words, *figures, row[5])).rstrip()


def _foot(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{report.count(one)} {one}" for one in (Outcome.FAILS, Outcome.HOLDS, Outcome.NOT_CHECKED))
    yield f"{len(report.findings)} checks: {counts}; tolerance {100.0 * report.tolerance_ratio:g}%"
    yield f"{report.samples} samples of {report.exporter} in {report.seconds:.0f} s"
    if pue := ", then ".join(f"{one:g}" for one in report.power_usage_effectiveness):
        yield f"the host's figures rest on a power usage effectiveness (PUE) of {pue}: the operator's word, not checked"


def _row(one: Finding) -> tuple[str, ...]:
    place = f" ({one.what})" if one.what else ""
    figures = [_figure(value, one.unit) for value in (one.told, one.found)]
    difference = "" if one.difference_ratio is None else f"{one.difference_ratio:+.3%}"
    return one.outcome, one.check, difference, *figures, f"{one.about}{place}"


def _figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.6g} {unit}".rstrip()
