"""The live job as a process: it starts, runs at its speed, shows the same everywhere, and stops when told to."""

import re
import signal
from pathlib import Path

import pytest

from simulator.scenario import load
from tests.processes import until
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


def test_summary_page_and_metrics_tell_of_the_same_run(tmp_path: Path) -> None:
    with running_job(tmp_path, "--seed=5", "--speed=0.01") as job:
        samples, summary, page = job.samples(), job.get("/api/v1/summary").json(), job.get("/").text
    assert [name for name in samples if name.startswith("ecochain_run_info") and 'seed="5"' in name]
    assert summary["clock_seconds"] == samples["ecochain_clock_seconds_total"] == 1.0
    assert 'value="1.0">2025-03-20 00:00</data>' in page


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


@pytest.mark.parametrize("section", ["", "forecast: {}"])
def test_a_live_run_takes_little_memory(tmp_path: Path, section: str) -> None:
    text = (Path(load.__file__).parent / "edge.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(f"{text}\n{section}\n", encoding="utf-8")
    with running_job(tmp_path, f"--scenario={tmp_path / 'mine.yaml'}", "--speed=12000") as job:
        until(lambda: job.samples()["ecochain_clock_seconds_total"] > 3 * 86_400.0, "three simulated days", 240.0)
        until(lambda: any("forecast_skill" in name for name in job.samples()), "the skill of forecasts", 240.0)
        for _ in range(1000):
            resident = job.samples()["process_resident_memory_bytes"]
        mapped = Path(f"/proc/{job.process.pid}/maps").read_text(encoding="utf-8")
    assert resident <= 80 * 2**20
    assert [name for name in ("h5py", "llvmlite", "pandas", "scipy", "torch") if f"/{name}/" in mapped] == []
