"""The live job as a process: it starts, runs at its speed, shows the same everywhere, and stops when told to."""

import re
import signal
from pathlib import Path

import msgspec
import pytest

from simulator.assembly.layout import first_day_of
from simulator.cli import DEFAULT_SCENARIO
from simulator.experiments.find.estimates import RESULTS_FILE
from simulator.scenario import load
from simulator.scenario.schema import Scenario
from tests.exporter.core.test_manager import bound, next_news
from tests.processes import until
from tests.simulator.live.golden_snapshot import golden_results
from tests.simulator.simulator_process import run_once, running_job

pytestmark = pytest.mark.servers


def test_time_passes_and_counters_never_fall(tmp_path: Path) -> None:
    with running_job(tmp_path, "--speed=3600") as job:
        before = job.samples()
        until(lambda: job.samples()["ecochain_clock_seconds_total"] > 7200.0, "two simulated hours")
        after = job.samples()
    counters = {name for name in before if re.match(r"ecochain_\w+_(total|bucket|count|sum)(\{|$)", name)}
    assert counters
    assert [name for name in counters if after[name] < before[name]] == []
    done = 'ecochain_scheduler_tasks_total{outcome="on_time",task_class="vision"}'
    assert after[done] > before[done]
    assert after["ecochain_clock_timestamp_seconds"] - before["ecochain_clock_timestamp_seconds"] == pytest.approx(
        after["ecochain_clock_seconds_total"] - before["ecochain_clock_seconds_total"]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("speed", ["60", "max"])
def test_it_stops_cleanly_at_any_speed(tmp_path: Path, number: signal.Signals, speed: str) -> None:
    with running_job(tmp_path, f"--speed={speed}") as job:
        before = job.samples()["ecochain_clock_seconds_total"]
        until(lambda: job.samples()["ecochain_clock_seconds_total"] > before, "the clock")
        job.process.send_signal(number)
        assert job.process.wait(timeout=240) == 0
    assert "msg=stopped" in job.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_that_it_stops_before_its_first_step(tmp_path: Path, number: signal.Signals) -> None:
    """It does not wait for the weather of the first day, or a compiler."""
    with running_job(tmp_path, "--speed=max", ready="/-/healthy") as job:
        job.process.send_signal(number)
        assert job.process.wait(timeout=240) == 0
    lines = job.log.read_text().splitlines()
    assert "msg=stopped" in lines[-1]
    assert len([line for line in lines if "listening on" in line]) == 1


def test_a_service_manager_hears_of_its_life(tmp_path: Path) -> None:
    with bound(str(tmp_path / "notify")) as manager, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        patch.setenv("WATCHDOG_USEC", "2000000")
        with running_job(tmp_path, "--speed=60") as job:
            assert next_news(manager) == "READY=1"
            assert [manager.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            job.process.send_signal(signal.SIGTERM)
            assert next_news(manager) == "STOPPING=1"
            assert job.process.wait(240) == 0


def test_summary_page_and_metrics_tell_of_the_same_run(tmp_path: Path) -> None:
    with running_job(tmp_path, "--seed=5", "--speed=0.01") as job:
        samples, summary, page = job.samples(), job.get("/api/v1/summary").json(), job.get("/").text
    assert [name for name in samples if name.startswith("ecochain_run_info") and 'seed="5"' in name]
    assert summary["clock_seconds"] == samples["ecochain_clock_seconds_total"] == 1.0
    scenario = load.load_scenario(DEFAULT_SCENARIO)
    assert isinstance(scenario, Scenario)
    assert f'value="1.0">{first_day_of(scenario, 5)} 00:00</data>' in page


def test_results_of_experiments_are_shown_beside_it(tmp_path: Path) -> None:
    results = tmp_path / "results"
    ended = run_once("experiment", "baseline", "--replications=2", "--scenario=published", f"--output={results}")
    assert (ended.returncode, ended.stderr.count("Traceback")) == (0, 0), ended.stderr
    assert str(results) in ended.stdout
    assert "baseline on published: 10 of 10 runs" in ended.stderr
    with running_job(tmp_path, f"--experiments={results}") as job:
        samples = job.samples()
    labels = 'experiment="baseline",method="full",scenario="published",statistic="mean"'
    assert samples[f"ecochain_experiment_energy_joules{{{labels}}}"] > 0.0


def test_a_hangup_shows_new_results_and_names_what_needs_a_restart(tmp_path: Path) -> None:
    """The run goes on as it was; the results of experiments beside it are read again."""
    scenario, results = tmp_path / "mine.yaml", tmp_path / "results"
    edge = (Path(load.__file__).parent / "edge.yaml").read_text(encoding="utf-8")
    scenario.write_text(edge, encoding="utf-8")
    results.mkdir()
    good, good_at = "ecochain_config_last_reload_successful", "ecochain_config_last_reload_success_timestamp_seconds"

    def tell(method: str) -> None:
        shown = golden_results()
        told = msgspec.structs.replace(
            shown,
            estimates=[msgspec.structs.replace(shown.estimates[0], method=method)],
            changes=[],
            serving_less=None,
            front=[],
        )
        (results / RESULTS_FILE).write_bytes(msgspec.json.encode(told))

    tell("before")
    with running_job(tmp_path, f"--scenario={scenario}", f"--experiments={results}", "--speed=1") as job:

        def hung_up(told: str) -> None:
            seen = job.log.read_text().count(told)
            job.process.send_signal(signal.SIGHUP)
            until(lambda: job.log.read_text().count(told) > seen, told)

        def methods() -> set[str]:
            names = (re.search(r'^ecochain_experiment_.*method="([^"]*)"', name) for name in job.samples())
            return {found[1] for found in names if found is not None}

        first = job.samples()
        assert (first[good], methods()) == (1.0, {"before"})
        hung_up("the configuration is as it is in force")
        tell("after")
        scenario.write_text(f"{edge}\nscheduler: {{policy: round-robin}}\n", encoding="utf-8")
        hung_up("in force: results of experiments; needs a restart: scheduler")
        until(lambda: methods() == {"after"}, "the new results")
        scenario.write_text("nodes: 3\n", encoding="utf-8")
        hung_up("the configuration cannot be used; the one in force stays")
        until(lambda: job.samples()[good] == 0.0, "the failure")
        assert methods() == {"after"}
        scenario.write_text(edge, encoding="utf-8")
        hung_up("the configuration is as it is in force")
        until(lambda: job.samples()[good] == 1.0, "the success")
        clock = "ecochain_clock_seconds_total"
        until(lambda: job.samples()[clock] > first[clock], "the clock")
        last = job.samples()
    assert last[good_at] > first[good_at]
    counters = {name for name in first if re.match(r"ecochain_\w+_(total|bucket|count|sum)(\{|$)", name)}
    assert [name for name in counters if last[name] < first[name]] == []


@pytest.mark.parametrize("section", ["", "forecast: {}"])
def test_a_live_run_takes_little_memory(tmp_path: Path, section: str) -> None:
    text = (Path(load.__file__).parent / "edge.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(f"{text}\n{section}\n", encoding="utf-8")
    with running_job(tmp_path, f"--scenario={tmp_path / 'mine.yaml'}", "--speed=12000") as job:
        until(lambda: job.samples()["ecochain_clock_seconds_total"] > 3 * 86_400.0, "three simulated days")
        until(lambda: any("forecast_skill" in name for name in job.samples()), "the skill of forecasts")
        for _ in range(1000):
            resident = job.samples()["process_resident_memory_bytes"]
        mapped = Path(f"/proc/{job.process.pid}/maps").read_text(encoding="utf-8")
    assert resident <= 80 * 2**20
    assert [name for name in ("h5py", "llvmlite", "pandas", "scipy", "torch") if f"/{name}/" in mapped] == []
