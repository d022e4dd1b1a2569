"""The slope of made-up costs, and what the report says of it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from simulator.experiments.find.estimates import load_shown_results
from simulator.experiments.find.results import Results, results_of
from simulator.experiments.find.slope import COST, PUBLISHED_SLOPE, Slope
from simulator.experiments.plan.work import Procurement
from simulator.experiments.run.provenance import provenance_of
from simulator.experiments.write.output import write_results
from simulator.experiments.write.report import report
from tests.simulator.experiments.fake_simulation import request


def found(folder: Path, per_percent: Sequence[float]) -> tuple[Results, list[Slope]]:
    """Return the results where each year of weather has a slope, and sites by themselves have half of it."""
    asked = request(folder, experiment="slope", scenario="flexible", replications=len(per_percent))
    runs = []
    for case in asked.cases:
        assert isinstance(case.work, Procurement)
        part = 1.0 if case.work.between_sites else 0.5
        runs.append([{COST: 200.0 + 100.0 * case.size * part * one} for one in per_percent])
    results = results_of(asked, asked.cases, runs, provenance_of(asked.scenario))
    assert isinstance(results.slopes, list)
    return results, results.slopes


def test_the_slope_is_that_of_the_costs(tmp_path: Path) -> None:
    _, (between, within) = found(tmp_path, [-1.0, -1.2, -1.4])
    assert between.per_percent.mean == pytest.approx(-1.2)
    assert within.per_percent.mean == pytest.approx(-0.6)
    assert between.rigid.mean == within.rigid.mean == pytest.approx(200.0)
    assert between.is_published
    assert not within.is_published


@pytest.mark.parametrize(
    ("per_percent", "told"),
    [
        ([PUBLISHED_SLOPE, PUBLISHED_SLOPE - 0.01], "**Sign and order of magnitude are as published: "),
        ([-0.1, -0.101], "**The sign is as published; the order of magnitude, within a factor of 3, is not: "),
        ([-10.0, -10.1], "**The sign is as published; the order of magnitude, within a factor of 3, is not: "),
        ([-1.0, 1.0], "**The published slope was not found: the sign is not certain: "),
        ([1.0, 1.01], "**The published slope was not found: the sign is the other one: "),
    ],
)
def test_the_report_begins_with_the_answer(tmp_path: Path, per_percent: Sequence[float], told: str) -> None:
    results, _ = found(tmp_path, per_percent)
    lines = report(results, []).splitlines()
    assert lines[2].startswith(told)
    assert "published: -1.29 ± 0.07" in lines[2]


@pytest.mark.usefixtures("drawn")
def test_all_files_are_written_where_no_measure_of_the_dashboards_is_there(tmp_path: Path) -> None:
    results, slopes = found(tmp_path, [-1.0, -1.2, -1.4])
    write_results(tmp_path, results)
    kept = msgspec.json.decode((tmp_path / "results.json").read_bytes())
    assert msgspec.convert(kept["slopes"], list[Slope]) == slopes
    assert len((tmp_path / "runs.csv").read_text(encoding="utf-8").splitlines()) == 1 + 3 * len(results.cases)
    assert load_shown_results(tmp_path)[0].experiment == "slope"


def test_the_report_speaks_of_no_tasks(tmp_path: Path) -> None:
    results, _ = found(tmp_path, [-1.0, -1.2])
    told = report(results, [])
    assert "Every share was solved with the seeds 1 and 2; each a year of weather." in told
    assert "tasks" not in told
