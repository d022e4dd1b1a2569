"""The tasks that runs leave over beside those that they took over, in planted results."""

from pathlib import Path

import msgspec
import pytest

from simulator.experiments.find.results import Results
from simulator.experiments.find.unfinished import LeftOver, left_over
from simulator.experiments.runner import run_experiment
from simulator.experiments.write.report import report
from simulator.run.job import Job, RunResult
from simulator.scenario.schema import Scenario
from tests.simulator.experiments.fake_simulation import fake, request, unseen

OFFERED = 50_000

MEAN_WORK_IN_EDGE = 0.45 * 0.5 + 0.25 * 0.8 + 0.2 * 0.3 + 0.1 * 60.0
"""Mean work of a task of the scenario `edge` in seconds, of which the longest takes 60."""


def planted(folder: Path, net: tuple[int, int, int], **changes: object) -> Results:
    """Return results whose method `full` leaves over so many tasks by seed, and all others none."""

    def told(job: Job) -> RunResult:
        left = net[job.seed - 1] if job.method.name == "full" else 0
        completed = OFFERED - 10 - left
        return msgspec.structs.replace(fake(job), tasks_offered=OFFERED, tasks_dropped=10, tasks_completed=completed)

    return run_experiment(request(folder, experiment="baseline", **changes), unseen, told)[1]


@pytest.mark.parametrize(("net", "word"), [((60, 50, 70), "More"), ((-60, -50, -70), "Fewer")])
def test_the_report_says_what_is_left_over_and_what_it_is_worth(
    tmp_path: Path, net: tuple[int, int, int], word: str
) -> None:
    results = planted(tmp_path, net)
    found = left_over(results)["full"]
    sign = 1 if word == "More" else -1
    assert (found.tasks.mean, found.tasks.high - found.tasks.low > 0.0) == (60 * sign, True)
    assert found.work_ratio == pytest.approx(sign * 60 * 60.0 / (OFFERED * MEAN_WORK_IN_EDGE))
    grams = next(one.by_measure["emissions_grams"].mean for one in results.estimates if one.method == "full")
    assert found.work_ratio is not None
    assert found.grams is not None
    assert found.grams == pytest.approx(found.work_ratio * grams)
    told = report(results, [])
    first = told.split("\n\n")[1]
    share = 60 * 60.0 / (OFFERED * MEAN_WORK_IN_EDGE) * 100
    size = f"(60 ± 25; at most {share:.2g}% of its work, and that share of its emissions is {abs(found.grams):.2g} g)"
    sentence = f"{word} tasks were unfinished at the end of a run than at its beginning under `full` {size}, which no "
    assert sentence in first
    assert told.count(sentence) == 2
    assert "Unfinished tasks, less those at the beginning (per run)" in told
    assert "| 0 ± 0 |\n" in told


def test_what_chance_or_a_single_task_would_leave_is_not_told(tmp_path: Path) -> None:
    for name, net in {"chance": (-60, 50, 70), "one": (1, 1, 1)}.items():
        results = planted(tmp_path / name, net)
        assert left_over(results)["full"].tasks.mean != 0.0
        assert "which no figure counts" not in report(results, [])


def test_runs_of_a_number_of_tasks_and_the_published_model_take_nothing_over(tmp_path: Path) -> None:
    assert left_over(planted(tmp_path / "tasks", (60, 50, 70), tasks=OFFERED)) == {}
    assert left_over(planted(tmp_path / "published", (60, 50, 70), scenario="published")) == {}


def test_the_work_of_a_trace_is_not_guessed(tmp_path: Path) -> None:
    results = planted(tmp_path, (60, 50, 70))
    assert isinstance(results.parameters, Scenario)
    workload = results.parameters.workload
    traced = msgspec.structs.replace(workload.arrivals, kind="trace", file="tasks.csv")
    changed = msgspec.structs.replace(results.parameters, workload=msgspec.structs.replace(workload, arrivals=traced))
    found = left_over(msgspec.structs.replace(results, parameters=changed))["full"]
    assert found == LeftOver(tasks=found.tasks, work_ratio=None, grams=None)
    assert "under `full` (60 ± 25), which no figure counts." in report(
        msgspec.structs.replace(results, parameters=changed), []
    )
