"""The table of an audit: short where all is well, and with the name of everything that is not."""

from dataclasses import replace

import pytest

from exporter.audit.checks import findings
from exporter.audit.evidence import PUE, Evidence
from exporter.audit.figures import Figures
from exporter.audit.finding import TOLERANCE, Outcome
from exporter.audit.report import Report, render
from exporter.audit.rules import RULES
from tests.exporter.audit.test_checks import ERROR, world
from tests.exporter.audit.world import scaled_in_store

WRONG = "instance:ecotrack_emissions_grams:rate30m"


def rendered(evidence: Evidence) -> list[str]:
    found = findings(evidence, TOLERANCE)
    report = Report(
        exporter="127.0.0.1:10110",
        prometheus=None,
        ended=1.0,
        seconds=60.0,
        samples=len(evidence.moments),
        power_usage_effectiveness=evidence.published_pues(),
        tolerance_ratio=TOLERANCE,
        passed=not any(one.outcome is Outcome.FAILS for one in found),
        findings=found,
    )
    return render(report).splitlines()


def test_recorded_series_that_hold_are_one_line() -> None:
    lines = rendered(world().evidence())
    (line,) = [one for one in lines if "recorded" in one]
    assert line.startswith("holds  recorded ")
    assert f"{len(RULES)} recorded series, and computed anew (" in line
    assert len(lines) < 40
    assert max(map(len, lines)) < 170


def test_a_recorded_series_that_fails_stands_first_by_its_name() -> None:
    evidence = world().evidence()
    assert evidence.stored is not None
    lines = rendered(replace(evidence, stored=scaled_in_store(evidence.stored, WRONG, ERROR)))
    assert lines[0].startswith(f"fails  {WRONG}  +0.99")
    assert f"{len(RULES) - 1} recorded series" in next(one for one in lines if one.startswith("holds  recorded "))


def test_recorded_series_without_evidence_are_named_unless_all_are() -> None:
    evidence = world().evidence()
    assert evidence.stored is not None
    series = {name: family for name, family in evidence.stored.series.items() if name != WRONG}
    assert f"  {WRONG}" in rendered(replace(evidence, stored=replace(evidence.stored, series=series)))
    assert any(one.endswith(f" {len(RULES)} recorded series") for one in rendered(replace(evidence, stored=None)))


def with_pues(evidence: Evidence, pues: list[float | None]) -> Evidence:
    """Return evidence whose samples tell of these PUEs, one after the other; the last goes on."""
    moments = []
    for number, moment in enumerate(evidence.moments):
        pue = pues[min(number, len(pues) - 1)]
        families = {name: one for name, one in moment.figures.families.items() if name != PUE}
        moments.append(replace(moment, figures=Figures(families if pue is None else {**families, PUE: {(): pue}})))
    return replace(evidence, moments=tuple(moments))


@pytest.mark.parametrize(
    ("pues", "told"), [([1.0], "1"), ([1.4, None, 1.4], "1.4"), ([1.4, 1.25, 1.4], "1.4, then 1.25"), ([None], None)]
)
def test_the_report_says_which_pue_its_figures_rest_on_and_whose_word_that_is(
    pues: list[float | None], told: str | None
) -> None:
    lines = [one for one in rendered(with_pues(world().evidence(), pues)) if "PUE" in one]
    said = "the host's figures rest on a power usage effectiveness (PUE) of {}: the operator's word, not checked"
    assert lines == ([] if told is None else [said.format(told)])
