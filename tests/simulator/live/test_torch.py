"""A live job whose scenario asks for networks, with torch and without: it loads torch to serve one, and only then."""

import os
import re
from pathlib import Path

import pytest

from simulator.forecast.checkpoint import save
from simulator.forecast.interface import Kind
from simulator.forecast.models.lstm import Lstm
from simulator.forecast.pair import sole_pair
from simulator.scenario import load
from tests.processes import until
from tests.simulator.forecast.courses import course
from tests.simulator.simulator_process import LiveJob, running_job

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LEARNING_SECONDS = 400.0
"""Longest time in which a child learns the series of a site on a busy machine."""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Return a scenario that asks for a network of its own, and for one that has to learn first."""
    pair = sole_pair(Lstm(), "", course(Kind.SOLAR, 60), 1)
    save(tmp_path / "net.npz", pair.heading, pair.model)
    text = (Path(load.__file__).parent / "edge.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    section = "forecast: {supply: best, intensity: published-lstm, checkpoints: [net.npz]}"
    file.write_text(f"{text}\n{section}\n", encoding="utf-8")
    return file


def served(job: LiveJob) -> dict[str, dict[str, object]]:
    """Return the forecasts of the summary by subject, once there are any."""
    found: list[dict[str, object]] = []

    def are_there() -> bool:
        found[:] = job.get("/api/v1/summary").json()["forecasts"]
        return bool(found)

    until(are_there, "forecasts", LEARNING_SECONDS)
    return {str(one["subject"]): one for one in found}


def mapped(job: LiveJob) -> bool:
    return "/torch/" in Path(f"/proc/{job.process.pid}/maps").read_text(encoding="utf-8")


def test_without_torch_the_next_best_is_served_and_named(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\n\nsys.modules['torch'] = None\n", encoding="utf-8")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    )
    with running_job(tmp_path, f"--scenario={scenario}", "--speed=3600") as job:
        forecasts, samples = served(job), job.samples()
        assert not mapped(job)
    lacks = r"net\.npz: LSTM needs torch, which is not installed$"
    assert re.search(lacks, str(forecasts["solar"]["checkpoint_refused"]))
    assert samples['ecochain_forecast_checkpoint_refused{site="site",supply="solar"}'] == 1.0
    assert re.search(lacks.replace("$", ""), job.log.read_text(encoding="utf-8"))
    assert {band["model"] for one in ("solar", "wind") for band in bands(forecasts[one])} <= {"convex", "ridge"}
    assert {(band["model"], band["why"]) for band in bands(forecasts["grid"])} == {
        ("convex", "published LSTM needs torch, which is not installed")
    }
    assert samples["process_resident_memory_bytes"] <= 90 * 2**20


def bands(forecast: dict[str, object]) -> list[dict[str, object]]:
    found = forecast["bands"]
    assert isinstance(found, list)
    return found


def test_with_torch_the_networks_are_served(scenario: Path, tmp_path: Path) -> None:
    with running_job(tmp_path, f"--scenario={scenario}", "--speed=3600") as job:
        assert not mapped(job)
        forecasts = served(job)
        assert mapped(job)
    assert {band["model"] for band in bands(forecasts["solar"])} == {"LSTM"}
    assert {(band["model"], band["why"]) for band in bands(forecasts["grid"])} == {("published LSTM", "as asked for")}
    assert forecasts["solar"]["checkpoint_refused"] == ""
