"""The sensitivity of a headline, of runs made up so that the answer is known."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from simulator.experiments.find.results import Results
from simulator.experiments.find.sensitivity import Sensitivity
from simulator.experiments.plan.settings import FACTORS
from simulator.experiments.runner import Interrupted, run_experiment
from simulator.run.job import Job, RunResult
from simulator.scenario.schema import Scenario
from tests.simulator.experiments.fake_simulation import bytes_of, fake, interrupted_after, request, unseen
from tests.simulator.scenario.scenarios import edge

RATE = edge().workload.arrivals.rate_per_hour

BY_LOAD = {0.5: 0.2, 1.0: -0.3, 2.0: -0.4}
"""Change of grams by the factor on the load; deadlines halved leave none, and all else has that of the scenario."""


def by_load(job: Job) -> RunResult:
    """Return figures whose grams differ between the methods as BY_LOAD says, and a little by chance."""
    assert isinstance(job.scenario, Scenario)
    alike = fake(msgspec.structs.replace(job, method=msgspec.structs.replace(job.method, name="x")))
    if job.method.name == "least-loaded":
        return alike
    change = BY_LOAD[job.scenario.workload.arrivals.rate_per_hour / RATE]
    tight = job.scenario.workload.classes[0].deadline_seconds < edge().workload.classes[0].deadline_seconds
    noise = 0.001 * float(np.random.default_rng(job.seed).normal())
    late = alike.deadline_miss_ratio + (0.05 + noise if tight else 0.0)
    grams = alike.emissions_grams * (1.0 + (0.0 if tight else change) + noise)
    return msgspec.structs.replace(alike, emissions_grams=grams, deadline_miss_ratio=late)


def found_on(folder: Path, **changes: object) -> tuple[Results, Sensitivity]:
    asked = request(folder, **{"experiment": "sensitivity", "replications": 8} | changes)
    _, results = run_experiment(asked, unseen, by_load)
    assert isinstance(results.sensitivity, Sensitivity)
    return results, results.sensitivity


def test_the_range_and_the_sign_are_those_of_the_runs(tmp_path: Path) -> None:
    _, found = found_on(tmp_path)
    assert (found.method, found.against) == ("shifting", "least-loaded")
    assert found.unchanged.difference is not None
    assert found.unchanged.difference.mean == pytest.approx(-0.3, abs=0.002)
    assert found.low == pytest.approx(-0.4, abs=0.002)
    assert found.high == pytest.approx(0.2, abs=0.002)
    assert found.changes_sign == ["load x 0.5"]
    assert found.not_shown == ["deadlines x 0.5"]


def test_what_moves_the_headline_farthest_comes_first(tmp_path: Path) -> None:
    _, found = found_on(tmp_path)
    order = list(dict.fromkeys(one.parameter for one in found.variations))
    assert order[:2] == ["load", "deadlines"]
    assert order[2:] == sorted(order[2:])
    assert [one.factor for one in found.variations] == [*FACTORS] * len(order)


def test_settings_with_less_service_are_named(tmp_path: Path) -> None:
    results, found = found_on(tmp_path)
    assert [one.setting for one in found.variations if one.serves_less] == ["deadlines x 0.5"]
    assert results.reference is None
    report = (tmp_path / "sensitivity-edge" / "report.md").read_text(encoding="utf-8")
    first = report.splitlines()[2]
    assert re.search(
        r"halved or doubled: -(39|40)\.\d* ± .*% \(`load x 2`\) to \d.* ± .*% \(`load x 0.5`\)\.\*\*", first
    )
    assert "The sign changes with `load x 0.5`." in first
    assert "serves fewer tasks on time than `least-loaded` with `deadlines x 0.5`." in first


def test_parameters_choose_the_settings(tmp_path: Path) -> None:
    results, found = found_on(tmp_path, parameters=("grid", "supply"))
    assert {one.parameter for one in found.variations} == {"grid", "supply"}
    assert len(results.cases) == 2 * (1 + 2 * len(FACTORS))
    assert found.changes_sign == []
    assert found.not_shown == []


def test_an_interrupted_experiment_goes_on_with_what_is_kept(tmp_path: Path) -> None:
    whole, parts = (request(tmp_path / name, experiment="sensitivity") for name in ("whole", "parts"))
    run_experiment(whole, unseen, fake)
    with pytest.raises(Interrupted, match="stopped after 5 of"):
        run_experiment(parts, unseen, interrupted_after(5))
    done: list[int] = []
    run_experiment(parts, lambda one, _: done.append(one), fake)
    assert done[0] == 5
    assert bytes_of(parts.folder) == bytes_of(whole.folder)


def test_one_chosen_parameter_takes_up_the_runs_of_another(tmp_path: Path) -> None:
    """The unchanged scenario is the same run, whatever is varied beside it."""
    found_on(tmp_path, parameters=("grid",))
    done: list[int] = []
    asked = request(tmp_path, experiment="sensitivity", replications=8, parameters=("grid", "load"))
    run_experiment(asked, lambda one, _: done.append(one), by_load)
    assert (done[0], done[-1]) == (2 * 8 * 3, 2 * 8 * 5)
