"""The table of an audit: short where all is well, and with the name of everything that is not."""

from dataclasses import replace

from exporter.audit.checks import findings
from exporter.audit.evidence import Evidence
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
