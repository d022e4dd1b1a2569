"""Experiments from the request to the files: repeatable, resumable, and the same however they are distributed."""

import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import yaml

from exporter.core.config import ConfigError
from simulator.experiments.find.estimates import load_shown_results
from simulator.experiments.run.execution import do_alike
from simulator.experiments.run.journal import locked
from simulator.experiments.run.provenance import program
from simulator.experiments.run.work import Refusal
from simulator.experiments.runner import Interrupted, run_experiment
from simulator.run.job import Job, RunResult
from simulator.scenario.schema import SchedulerSection
from tests.processes import ending, first_line, free_port, until, until_ended
from tests.simulator.experiments.fake_simulation import (
    bytes_of,
    dying,
    fake,
    files_of,
    interrupted_after,
    refusing,
    request,
    unseen,
)
from tests.simulator.scenario.scenarios import edge
from tests.simulator.scenario.test_load import minimal
from tests.simulator.simulator_process import run_once


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    assert files_of(request(tmp_path / "one")) == files_of(request(tmp_path / "other"))


def test_other_seeds_give_other_bytes(tmp_path: Path) -> None:
    one, other = files_of(request(tmp_path / "one")), files_of(request(tmp_path / "other", seed=9))
    assert one["results.json"] != other["results.json"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_workers_change_nothing(tmp_path: Path, workers: int) -> None:
    assert files_of(request(tmp_path / "one")) == files_of(request(tmp_path / "other", workers=workers))


@pytest.mark.slow
def test_real_runs_in_other_processes_give_the_same_bytes(tmp_path: Path) -> None:
    folders = [
        run_experiment(
            request(tmp_path / str(workers), experiment="baseline", replications=2, workers=workers), unseen
        )[0]
        for workers in (1, 2, 4)
    ]
    assert bytes_of(folders[0]) == bytes_of(folders[1]) == bytes_of(folders[2])


@pytest.mark.servers
@pytest.mark.usefixtures("drawn")
def test_a_dask_cluster_gives_the_same_bytes(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.simulator.experiments.run.dask_cluster", str(tmp_path / "dask")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    here, _ = run_experiment(request(tmp_path / "here", experiment="baseline", replications=2), unseen)
    assert bytes_of(here) == bytes_of(tmp_path / "dask" / here.name)


def test_an_interrupted_experiment_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = files_of(request(tmp_path / "whole"))
    asked = request(tmp_path / "parts")
    with pytest.raises(Interrupted, match=r"stopped after 8 of 27 runs; the same command goes on"):
        run_experiment(asked, unseen, interrupted_after(8))
    assert not (asked.folder / "results.json").exists()
    seen = []
    folder, _ = run_experiment(asked, lambda done, total: seen.append((done, total)), fake)
    assert seen == [(done, 27) for done in range(8, 28)]
    assert bytes_of(folder) == whole


def test_a_line_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    whole = files_of(request(tmp_path))
    journal = request(tmp_path).folder / "runs.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    assert files_of(request(tmp_path)) == whole


def test_more_replications_keep_those_that_are_there(tmp_path: Path) -> None:
    files_of(request(tmp_path, replications=2))
    seen: list[int] = []
    run_experiment(request(tmp_path, replications=3), lambda done, _: seen.append(done), fake)
    assert seen[0] == 18


def test_a_policy_of_ones_own_is_tried_before_all_other_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its mistake shows at once, and not after all runs of the reference."""
    (tmp_path / "tried_first.py").write_text("def choose(task, nodes):\n    return (0, 0)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    scenario = edge(scheduler=SchedulerSection(policy="tried_first:choose"))
    ran: list[tuple[str, int]] = []

    def noting(job: Job) -> RunResult:
        ran.append((job.method.name, job.seed))
        return fake(job)

    asked = replace(request(tmp_path, experiment="peers", seed=7), scenario=scenario)
    run_experiment(asked, unseen, noting)
    assert ran[:2] == [("tried_first:choose", 7), ("least-loaded", 7)]
    assert len(ran) == len(set(ran))


def test_a_journal_of_other_inputs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "greenest_of_mine.py"
    policy.write_text("class Greenest:\n    def choose(self, task, nodes):\n        return (0, 0)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    scenario = edge(scheduler=SchedulerSection(policy="greenest_of_mine:Greenest"))
    asked = replace(request(tmp_path, experiment="baseline", replications=2), scenario=scenario)
    done_at_start: list[int] = []
    for _ in range(2):
        seen: list[int] = []
        run_experiment(asked, lambda done, _, seen=seen: seen.append(done), fake)  # type: ignore[misc]
        done_at_start.append(seen[0])
    assert done_at_start == [0, 12]
    policy.write_text(policy.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        run_experiment(asked, unseen, fake)
    assert caught.value.mistakes == [
        f"--output: {asked.folder}/runs.jsonl: was made with other inputs (files): "
        "remove it to begin anew, or choose another folder"
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"inputs": "1", "code": "1"}, "was made with other inputs (code)"),
        ({"inputs": "1", "scenario": "1", "ledger_profile": "1"}, "other inputs (scenario, ledger profile)"),
        ({"environment": "1", "versions": {"python": "3.9.1"}}, "was made with another environment (python 3.9.1)"),
        (
            {"inputs": "1", "compression_profile": "1", "environment": "1", "versions": {"numpy": "1.0"}},
            "other inputs (compression profile) and another environment (numpy 1.0)",
        ),
        (None, "does not say what its results depend on"),
    ],
)
def test_a_journal_of_another_provenance_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, object] | None, told: str
) -> None:
    asked = request(tmp_path, experiment="baseline", replications=2)
    run_experiment(asked, unseen, fake)
    journal = asked.folder / "runs.jsonl"
    head, *lines = journal.read_text().splitlines()
    made = json.loads(head)
    if changes is not None:
        versions = made["versions"] | changes.get("versions", {})
        lines.insert(0, json.dumps(made | changes | {"versions": versions}))
    journal.write_text("\n".join(lines) + "\n")
    before = journal.read_bytes()
    with pytest.raises(ConfigError) as caught:
        run_experiment(asked, unseen, fake)
    assert len(caught.value.mistakes) == 1
    assert told in caught.value.mistakes[0]
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    "line", [f'{{"more": {"[" * 10_000}{"]" * 10_000}}}', '{"key": "\xff"}'], ids=["deep", "no text"]
)
def test_a_line_that_cannot_be_read_is_no_result_and_no_heading(tmp_path: Path, line: str) -> None:
    asked = request(tmp_path, experiment="baseline", replications=2)
    _, made = run_experiment(asked, unseen, fake)
    journal = asked.folder / "runs.jsonl"
    whole = journal.read_bytes()
    with journal.open("ab") as file:
        file.write(f"{line}\n".encode("latin-1"))
    assert run_experiment(asked, unseen, fake)[1].estimates == made.estimates
    journal.write_bytes(f"{line}\n".encode("latin-1") + whole)
    with pytest.raises(ConfigError, match="does not say what its results depend on"):
        run_experiment(asked, unseen, fake)


def test_libraries_that_forecasters_lack_are_told_and_part_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = request(tmp_path, experiment="forecasts", replications=2)
    _, whole = run_experiment(asked, unseen, fake)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ConfigError, match=r"made with another environment \(torch installed\)"):
        run_experiment(asked, unseen, fake)
    without = replace(asked, output=tmp_path / "without")
    caplog.clear()
    folder, found = run_experiment(without, unseen, fake)
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("Not installed: torch; ")
    assert f"> **Warning**: {line}.\n" in (folder / "report.md").read_text(encoding="utf-8")
    assert found.provenance.versions == whole.provenance.versions | {"torch": "absent"}
    # Who asks for no such forecaster depends on no such library.
    _, other = run_experiment(request(tmp_path, replications=2), unseen, fake)
    assert other.provenance.environment == whole.provenance.environment != found.provenance.environment
    monkeypatch.undo()
    with pytest.raises(ConfigError, match=r"made with another environment \(torch absent\)"):
        run_experiment(without, unseen, fake)


def test_a_worker_that_lacks_another_library_to_learn_forecasts_refuses_the_work(tmp_path: Path) -> None:
    asked = request(tmp_path, experiment="forecasts", replications=2)
    works = {case.label: case.seeded(1) for case in asked.cases}
    assert isinstance(do_alike(works["best"], program(), ["torch"], fake), Refusal)
    assert not isinstance(do_alike(works["best"], program(), [], fake), Refusal)


@contextlib.contextmanager
def long_experiment(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start an experiment on two workers that goes on for long, and yield it once a run is finished."""
    command = [sys.executable, "-m", "simulator", "experiment", "scaling", "--scenario", "published"]
    command += ["--replications", "1000", "--tasks", "20000", "--workers", "2", "--output", str(folder)]
    journal = folder / "scaling-published" / "runs.jsonl"
    with ending(subprocess.Popen(command, stderr=subprocess.PIPE, text=True)) as process:
        # Its kernels are compiled first.
        until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 1, "a finished run")
        yield process


@pytest.mark.slow
def test_ctrl_c_ends_workers_and_keeps_what_is_finished(tmp_path: Path) -> None:
    with long_experiment(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=240)
    assert process.returncode == 130
    assert "the same command goes on" in errors
    journal = tmp_path / "scaling-published" / "runs.jsonl"
    kept = [json.loads(line)["figures"] for line in journal.read_text().splitlines()[1:]]
    assert kept
    assert all(kept)


EARLY = """
import os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor
submit = ProcessPoolExecutor.submit
seen = []
def interrupted(self, *arguments):
    future = submit(self, *arguments)
    seen.append(future)
    if len(seen) == 2:
        time.sleep(0.2)  # both workers have begun to load what they need
        os.killpg(0, signal.SIGINT)
    return future
ProcessPoolExecutor.submit = interrupted
from simulator.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_ctrl_c_before_the_workers_are_ready_ends_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-c", EARLY, "experiment", "scaling", "--scenario", "published", "--tasks", "1000"]
    done = subprocess.run(
        [*command, "--replications", "1000", "--workers", "2", "--output", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,  # what is in progress is finished, and compiles
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 130
    last = done.stderr.splitlines()[-1]
    assert "the same command goes on" in last
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_experiment(tmp_path: Path, how: signal.Signals) -> None:
    with long_experiment(tmp_path) as process:
        workers = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(how)
        for worker in workers:
            until_ended(worker)
        _, errors = process.communicate(timeout=240)
    assert process.returncode == -how
    # Its semaphores are removed by a process of Python's, which has nothing to tell the user.
    assert "resource_tracker" not in errors
    assert len(workers) >= 2


@pytest.mark.parametrize("workers", [1, 2])
def test_work_that_cannot_be_done_is_a_mistake_with_its_lines(tmp_path: Path, workers: int) -> None:
    with pytest.raises(ConfigError) as caught:
        run_experiment(request(tmp_path, workers=workers), unseen, refusing)
    assert caught.value.mistakes == [
        "weather.csv: row 3: expected a number",
        "weather.csv: row 4: expected a number",
    ]


def test_a_worker_that_dies_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--workers: a worker ended after \d+ of 27 runs; the same command goes on"):
        run_experiment(request(tmp_path, workers=2), unseen, dying)


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"replications": 0}, "--replications: expected a number >= 2, got 0"),
        ({"replications": 1}, "--replications: expected a number >= 2, got 1"),
        (
            {"experiment": "baselines"},
            "experiment: expected one of baseline, ablation, scaling, peers, forecasts, factorial, sensitivity, slope, "
            'got "baselines"',
        ),
        ({"workers": 0}, "--workers: expected a number >= 1, got 0"),
        ({"seed": -1}, "--seed: expected a number >= 0, got -1"),
        ({"tasks": 0}, "--tasks: expected a number >= 1, got 0"),
        (
            {"experiment": "scaling", "tasks": 500},
            "--tasks: expected none with scaling, which varies the number of tasks itself, got 500",
        ),
        (
            {"workers": 2, "dask": "tcp://127.0.0.1:1"},
            "--workers: expected none beside --dask, whose workers do the runs, got 2",
        ),
        (
            {"reference": "nothing"},
            "--reference: expected one of full, without-forecast, without-dvfs, without-compression, without-ledger, "
            'without-batteries, without-shifting, least-loaded, round-robin, got "nothing"',
        ),
        (
            {"experiment": "scaling", "reference": "4 nodes"},
            "--reference: expected none with scaling, which compares no methods, got 4 nodes",
        ),
        (
            {"experiment": "sensitivity", "scenario": "published"},
            "experiment: expected one that the scenario published has, got sensitivity",
        ),
        (
            {"experiment": "sensitivity", "reference": "joint"},
            "--reference: expected none with sensitivity, which compares the scenario's own policy with least-loaded",
        ),
        (
            {"experiment": "sensitivity", "methods": ("joint",)},
            "--methods: expected none with sensitivity, which compares the scenario's own policy with least-loaded",
        ),
        (
            {"experiment": "sensitivity", "parameters": ("load", "luck")},
            "--parameters: expected some of idle-watts, speeds, load, deadlines, batteries, supply, grid, grid-spread, "
            'got "luck"',
        ),
        (
            {"experiment": "slope", "scenario": "regions"},
            "experiment: expected one that the scenario regions has, got slope",
        ),
        (
            {"experiment": "slope", "scenario": "flexible", "tasks": 500},
            "--tasks: expected none with slope, whose load is constant, got 500",
        ),
        (
            {"experiment": "slope", "scenario": "flexible", "methods": ("10% flexible, within-sites",)},
            "--methods: expected none with slope, whose answer needs all runs, got 10% flexible, within-sites",
        ),
        (
            {"experiment": "peers", "parameters": ("load",)},
            "--parameters: expected none with peers, which varies none",
        ),
        (
            {"experiment": "peers", "scenario": "published", "reference": "single-node:Solar"},
            '--reference: expected one of standard, weighted, got "single-node:Solar"',
        ),
    ],
)
def test_a_bad_request_is_one_line(tmp_path: Path, changes: dict[str, object], mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run_experiment(request(tmp_path, **changes), unseen, fake)
    assert caught.value.mistakes == [mistake]


@pytest.mark.parametrize(
    ("experiment", "first", "some", "other"),
    [
        ("baseline", "least-loaded", ("compression-only", "full"), "full"),
        ("ablation", "full", ("without-dvfs", "round-robin"), "round-robin"),
        ("peers", "least-loaded", ("weighted", "joint"), "joint"),
        ("forecasts", "convex", ("none", "perfect"), "none"),
    ],
)
def test_methods_are_compared_with_whom_one_likes(
    tmp_path: Path, experiment: str, first: str, some: tuple[str, ...], other: str
) -> None:
    rest = [name for name in some if name != other]
    for reference, methods in ((None, [first, *some]), (other, [other, *rest])):
        asked = {"experiment": experiment, "methods": some, "reference": reference}
        _, results = run_experiment(request(tmp_path, **asked), unseen, fake)
        assert results.reference == methods[0]
        assert [one.method for one in results.estimates] == methods
        assert {one.method for one in results.comparisons} == set(methods[1:])


def test_a_file_in_the_place_of_the_output_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    for output in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(ConfigError, match="--output: expected a folder") as caught:
            run_experiment(request(output), unseen, fake)
        assert len(caught.value.mistakes) == 1


def test_a_dask_address_without_an_answer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'^--dask: expected the address of a Dask scheduler, got "nonsense://1"'):
        run_experiment(request(tmp_path, dask="nonsense://1"), unseen, fake)


@pytest.mark.slow
def test_nothing_is_said_of_a_dask_address_but_that_line(tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    for asked in ("bogus", "http://127.0.0.1:1", address):
        ended = run_once("experiment", "baseline", f"--dask={asked}", f"--output={tmp_path}")
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert ended.stderr.startswith(f'ecochain: --dask: expected the address of a Dask scheduler, got "{asked}": ')


@contextlib.contextmanager
def dask_scheduler(workers: int) -> Iterator[str]:
    """Yield the address of a cluster with so many workers."""
    command = [sys.executable, "-m", "tests.simulator.experiments.run.dask_cluster", "--serve", str(workers)]
    with ending(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as process:
        try:
            yield first_line(process)
        finally:
            process.communicate(timeout=240)


@pytest.mark.servers
def test_a_scheduler_without_workers_is_one_line(tmp_path: Path) -> None:
    with dask_scheduler(0) as address:
        ended = run_once("experiment", "baseline", f"--dask={address}", f"--output={tmp_path}")
    assert ended.stderr == f"ecochain: --dask: {address}: expected workers with ecochain, found none in 10 s\n"
    assert ended.returncode == 2


@pytest.mark.servers
@pytest.mark.parametrize("times", [1, pytest.param(50, marks=pytest.mark.full)])
def test_a_policy_that_dask_workers_cannot_import_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Results are on their way while the work is given up, which must say no more than that line, whenever it is."""
    (tmp_path / "policy_at_home.py").write_text("def choose(task, nodes):\n    return None\n", encoding="utf-8")
    scenario = minimal(scheduler={"policy": "policy_at_home:choose"})
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    with dask_scheduler(1) as address:
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        flags = [f"--scenario={tmp_path / 'mine.yaml'}", "--replications=2", f"--output={tmp_path}"]
        for _ in range(times):
            ended = run_once("experiment", "baseline", f"--dask={address}", *flags)
            assert ended.returncode == 2
            told = [line for line in re.split("[\r\n]", ended.stderr) if line and "runs" not in line]
            assert told == [
                "ecochain: --dask: on a worker: scheduler.policy: expected the policy policy_at_home:choose to be "
                "importable: No module named 'policy_at_home'; PYTHONPATH=. has Python look in the current folder"
            ]


@pytest.mark.slow
@pytest.mark.parametrize("name", [".runs.jsonl", "runs.jsonl", ".report.md", "results.json", ".energy.png"])
def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    """A folder stands in its way: unlike a right that was taken away, it also stops the user root."""
    asked = request(tmp_path)
    names = [file.name for file in run_experiment(asked, unseen, fake)[0].iterdir()]
    if name == ".energy.png":
        name = "." + next(one for one in names if one.endswith(".png"))
    (asked.folder / name).unlink(missing_ok=True)
    (asked.folder / name).mkdir()
    with pytest.raises(ConfigError) as caught:
        run_experiment(asked, unseen, fake)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith(f"--output: {asked.folder}/")
    assert mistake.endswith(": cannot be written: Is a directory")


@pytest.mark.slow
def test_scaling_with_a_policy_in_plain_python_is_told_to_take_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scenario = edge(scheduler=SchedulerSection(policy="tests.simulator.scheduling.own.own_policies:Raises"))
    for asked in (request(tmp_path), request(tmp_path, experiment="scaling", replications=2)):
        run_experiment(replace(asked, scenario=scenario), unseen, fake)
    assert [record.getMessage() for record in caplog.records] == [
        "scaling places millions of tasks, which takes long with a policy in plain Python"
    ]


def test_two_runs_do_not_write_into_the_same_folder(tmp_path: Path) -> None:
    asked = request(tmp_path)
    with locked(asked.folder), pytest.raises(ConfigError, match="is in use by another run"):
        run_experiment(asked, unseen, fake)


@pytest.mark.slow
def test_dashboards_find_the_outcomes(tmp_path: Path) -> None:
    run_experiment(request(tmp_path), unseen, fake)
    run_experiment(request(tmp_path, experiment="peers"), unseen, fake)
    found = {(one.experiment, one.method): one for shown in load_shown_results(tmp_path) for one in shown.estimates}
    estimate = found["ablation", "full"].by_measure["energy_joules"]
    assert estimate.low < estimate.mean < estimate.high
    assert found["peers", "joint"].by_measure["regret_ratio"].mean == pytest.approx(0.2)
