"""The page's part on the eco score: the score, what it compares, why it is so, and the machine's own last weeks."""

from collections.abc import Sequence
from html import escape

from exporter.core.html import UNKNOWN, bar, data, scrolling
from exporter.core.units import SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from exporter.eco_score import FACTOR_LABELS, ScoreFactor
from exporter.views.score_basis import ScoreReferenceView, ScoreWeekView
from exporter.views.summary import Summary

_EXPLAINED = {
    ScoreFactor.GRID: "of the world's",
    ScoreFactor.NETWORK: "added by traffic",
    ScoreFactor.POWER: "of its own idle",
    ScoreFactor.IDLE: "of the reference",
}
_WITHOUT_IDLE = "of the reference"


def score_section(summary: Summary) -> str:
    """Build the section."""
    basis = summary.eco_score_basis
    told = f'<p class="dim">{_basis(summary)}</p>'
    return f"{_score(summary)}{told}{_factors(summary)}{_weeks(basis.weeks)}"


def _score(summary: Summary) -> str:
    value = summary.eco_score_ratio
    if value is None:
        return f'<p class="big">{UNKNOWN}</p>'
    shown = data(value, "score", f"{value:.2f}")
    return f'<p class="big">{summary.eco_score_grade} <small>{shown} of 1, over the last hour</small></p>'


def _basis(summary: Summary) -> str:
    """Say what is compared with what, or why there is no score."""
    basis = summary.eco_score_basis
    reference = "" if basis.reference is None else _reference(basis.reference)
    if basis.grams_per_hour is None or basis.counted_seconds is None:
        why = "" if basis.trouble is None else f"No score: {escape(basis.trouble)}."
        return f"{why} {f'It would compare with {reference}.' if reference else ''}"
    minutes = data(basis.counted_seconds, "counted", f"{basis.counted_seconds / SECONDS_PER_MINUTE:.0f} min")
    rate = f"{basis.grams_per_hour:.1f} g CO\u2082e in an hour ({minutes} of the last one are counted)"
    return f"{rate}, against {reference}"


def _reference(reference: ScoreReferenceView) -> str:
    rate = data(reference.grams_per_hour, "reference", f"{reference.grams_per_hour:.2f} g")
    return f"{rate} of a {escape(reference.description)}"


def _factors(summary: Summary) -> str:
    factors = summary.eco_score_factors
    rows = "".join(
        f'<tr><th scope="row">{FACTOR_LABELS[ScoreFactor(name)]}</th>'
        f"<td>{_explained(ScoreFactor(name), factors)}</td>"
        f'<td class="num">\u00d7 {data(value, f"factor-{name}", f"{value:.2f}")}</td></tr>'
        for name, value in factors.items()
    )
    return scrolling("Factors of the eco score", f'<table class="factors">{rows}</table>') if rows else ""


def _explained(factor: ScoreFactor, factors: dict[str, float]) -> str:
    alone = factor is ScoreFactor.POWER and ScoreFactor.IDLE not in factors
    return _WITHOUT_IDLE if alone else _EXPLAINED[factor]


def _weeks(weeks: Sequence[ScoreWeekView]) -> str:
    """Show the last weeks of this machine, which no score is judged by."""
    if not weeks:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{one.monday}</th>'
        f"<td>{bar(one.ratio, f'{one.ratio:.2f}')}</td>"
        f'<td class="num">{one.ratio:.2f} {one.grade}, {_counted(one)}</td></tr>'
        for one in weeks
    )
    head = "By week, from its Monday on, with the hours counted: this machine's own trend, and not the reference:"
    return f'<p class="dim">{head}</p><table class="factors">{rows}</table>'


def _counted(week: ScoreWeekView) -> str:
    if week.counted_seconds < SECONDS_PER_HOUR:
        return f"{week.counted_seconds / SECONDS_PER_MINUTE:.0f} min"
    return f"{week.counted_seconds / SECONDS_PER_HOUR:.0f} h"
