"""The first paragraph of a report, over planted results: what is no saving at equal service comes first."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from simulator.experiments.find.results import Results
from simulator.experiments.find.service import Rivalry
from simulator.experiments.find.statistics import Interval
from simulator.experiments.runner import run_experiment
from simulator.experiments.write.report import report
from simulator.experiments.write.sections.methods import methods_of
from simulator.experiments.write.sections.verdict import LATENCY, verdict
from simulator.run.job import Job, RunResult
from simulator.scenario.schema import Scenario
from simulator.scenario.supply import LifeCycleSection
from tests.simulator.experiments.fake_simulation import fake, request, unseen

LATE = {
    "equal": (0.001, 0.002, 0.003),
    "less": (0.1, 0.11, 0.12),
    "not shown": (0.0, 0.004, 0.02),
}
"""Shares of late tasks by seed: as many as the reference's within the margin, more, and on both sides of it."""

GRAMS = {"less": (88.0, 90.0, 92.0), "more": (108.0, 110.0, 112.0), "not shown": (80.0, 100.0, 130.0)}
"""Emissions by seed; those of the reference are 100 g each."""


def planted(folder: Path, emissions: str, service: str, **changes: object) -> Results:
    """Return results of which the method in question emits and serves as told, beside a reference that does neither."""

    def told(job: Job) -> RunResult:
        own = job.method.name == "full"
        return msgspec.structs.replace(
            fake(job),
            emissions_grams=GRAMS[emissions][job.seed - 1] if own else 100.0,
            deadline_miss_ratio=LATE[service][job.seed - 1] if own else 0.001,
        )

    return run_experiment(request(folder, experiment="baseline", **changes), unseen, told)[1]


def paragraph(results: Results) -> str:
    """Return the paragraph alone."""
    return "\n".join(verdict(results, methods_of(results))).strip()


TOLD = {
    ("less", "equal"): "`full` emits less than X and serves as many tasks on time: ",
    ("less", "less"): (
        "`full` serves fewer tasks on time than X, so that it emits less is no saving at equal service: "
    ),
    ("less", "not shown"): (
        "`full` is not shown to serve as many tasks on time as X, so that it emits less may be no saving at equal "
        "service: "
    ),
    ("more", "equal"): "`full` emits more than X and serves as many tasks on time: ",
    ("more", "less"): "`full` emits more than X and serves fewer tasks on time: ",
    ("more", "not shown"): "`full` emits more than X and is not shown to serve as many tasks on time: ",
    ("not shown", "equal"): "`full` is not shown to emit less than X, and serves as many tasks on time: ",
    ("not shown", "less"): "`full` is not shown to emit less than X, and serves fewer tasks on time: ",
    ("not shown", "not shown"): "`full` is shown neither to emit less than X nor to serve as many tasks on time: ",
}


@pytest.mark.parametrize(("emissions", "service"), TOLD, ids="-".join)
def test_the_first_sentence_says_what_the_runs_show(tmp_path: Path, emissions: str, service: str) -> None:
    results = planted(tmp_path, emissions, service)
    told = paragraph(results)
    first = re.match(r"[*]{2}(.*?)[*]{2} ", told)
    assert first is not None
    parts = r"`least-loaded` \(with the same compression, every node awake[^)]*\)"
    assert re.sub(parts, "X", first[1]).startswith(TOLD[emissions, service])
    # Both figures, with their intervals.
    assert re.search(r"carbon emissions -?[0-9.]+ ± [0-9.]+%, ", first[1])
    assert re.search(r"late or dropped tasks [0-9.]+ ± [0-9.]+ points, latency -?[0-9.]+ ± [0-9.]+%\.$", first[1])
    assert "over 3 paired runs" in told
    assert "is at most 0.5 points" in told
    assert report(results, []).split("\n\n")[1] == told


def test_a_saving_is_told_after_all_that_is_none(tmp_path: Path) -> None:
    """Whoever reads one sentence reads the worst news, even where the reference has better."""
    results = planted(tmp_path, "less", "equal")
    reference, *others = results.rivalries
    lost = replace(others[-1], serves_less=True)
    told = paragraph(replace(results, rivalries=[reference, *others[:-1], lost]))
    assert told.startswith(f"**`full` serves fewer tasks on time than `{lost.against}` (")
    assert told.index("no saving at equal service") < told.index("emits less than `least-loaded`")
    # Of savings the reference comes first.
    savings = paragraph(results)
    places = [savings.index(f"than `{one.against}`") for one in results.rivalries]
    assert places == sorted(places)


def test_a_simple_method_that_stands_alone_was_not_chosen(tmp_path: Path) -> None:
    """So that it flatters nobody; `peers` has others."""
    two = paragraph(planted(tmp_path / "two", "less", "equal"))
    assert "chosen by these runs, which flatters it" in two
    alone = paragraph(planted(tmp_path / "alone", "less", "equal", methods=("full",)))
    assert "the only simple method of this report with equal service: the experiment `peers` has others)" in alone
    assert "flatters" not in alone


def test_without_the_emissions_of_a_rival_nothing_is_shown(tmp_path: Path) -> None:
    results = planted(tmp_path, "less", "equal")
    bare = Rivalry(method="full", against="least-loaded", comparisons=[], serves_less=False)
    assert paragraph(replace(results, rivalries=[bare])).startswith("**`full` is not shown to emit less than ")


def test_without_an_opponent_the_report_claims_nothing(tmp_path: Path) -> None:
    alone = planted(tmp_path / "alone", "less", "equal", reference="full", methods=("energy-aware-only",))
    assert paragraph(alone).startswith("**`full` ran beside none of the methods that it is held against: ")
    absent = planted(tmp_path / "absent", "less", "equal", methods=("standard",))
    assert paragraph(absent).startswith("**`full`, which this experiment is about, was not run: ")
    for results in (alone, absent):
        assert "emits" not in paragraph(results)
        assert "No cluster was measured" in paragraph(results)


def test_the_paragraph_says_what_was_not_measured(tmp_path: Path) -> None:
    told = paragraph(planted(tmp_path, "less", "equal"))
    assert "the weather is synthetic, and the grid's intensity is generated." in told
    published = planted(tmp_path, "less", "equal", scenario="published")
    assert "it is the published model, whose nodes never queue" in paragraph(published)


def test_the_paragraph_says_what_counts_as_emissions(tmp_path: Path) -> None:
    results = planted(tmp_path, "less", "equal")
    assert "counts as free of them, and the making of devices is not counted." in paragraph(results)
    assert isinstance(results.parameters, Scenario)
    counted = replace(results, parameters=replace(results.parameters, life_cycle=LifeCycleSection()))
    assert "and the making of panels, turbines and batteries stands in a column of its own." in paragraph(counted)
    published = planted(tmp_path / "published", "less", "equal", scenario="published")
    assert "give counts as free of emissions, and the making of devices is not counted." in paragraph(published)


def test_a_saving_is_told_with_the_latency_that_it_costs(tmp_path: Path) -> None:
    """A task may be on time and still take twice as long as under the reference, which other measures do not show."""
    results = planted(tmp_path, "less", "equal")
    slower = Interval(mean=1.5, low=1.25, high=1.75)
    found = [replace(one, relative=slower) if one.measure == LATENCY else one for one in results.comparisons]
    first = paragraph(replace(results, comparisons=found)).split("** ")[0]
    assert first.endswith("points, latency 150 ± 25%.")


def test_an_experiment_that_judges_no_method_has_no_such_paragraph(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="scaling"), unseen, fake)
    assert paragraph(results) == ""
