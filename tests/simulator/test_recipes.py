"""The commands and code of the how-to pages work as shown."""

import re
import shutil
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import requests

from simulator.energy.weather_file import load_weather
from simulator.experiments.runner import run_experiment
from simulator.experiments.write.openmetrics import simulated_end
from tests.processes import running_prometheus
from tests.simulator.energy.places import greensboro
from tests.simulator.experiments.fake_simulation import fake, request, unseen

HOW_TO = Path(__file__).parents[2] / "docs/how-to"


def blocks(page: str, containing: str) -> list[str]:
    """Return the code on a page that contains a text."""
    found = re.findall(r"```[a-z]*\n(.*?)```", (HOW_TO / page).read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in found if containing in block]


def test_weather_laid_out_as_shown_is_read(tmp_path: Path) -> None:
    (shown,) = blocks("run-the-simulator.md", "-BEGIN HEADER-")
    *heading, last = shown.splitlines()
    hour = datetime.strptime(" ".join(last.split(",")[:4]), "%Y %m %d %H")  # noqa: DTZ007 - local standard time
    more = [hour + timedelta(hours=later) for later in range(1, 24)]
    rows = [last, *(f"{one:%Y},{one.month},{one.day},{one.hour},0.0,5.25,3.00,98.00" for one in more)]
    file = tmp_path / "weather.csv"
    file.write_text("\n".join([*heading, *rows]) + "\n", encoding="utf-8")
    weather = load_weather(file, greensboro(date(2025, 3, 19))).day(0)
    assert weather.air_celsius[[0, 12, 24]] == pytest.approx([6.76, 5.80, 5.25])
    assert np.all(weather.pressure_pascals > 97_000.0)


@pytest.mark.servers
def test_prometheus_started_as_shown_keeps_both_scenarios(tmp_path: Path) -> None:
    (recipe,) = blocks("run-experiments.md", "promtool tsdb create-blocks-from")
    (retention,) = re.findall(r"--storage\.tsdb\.retention\.time=\S+", recipe)
    (configuration,) = re.findall(r"echo '(.*)' >", recipe)
    (tmp_path / "prometheus.yml").write_text(configuration, encoding="utf-8")
    ends = []
    for scenario in ("edge", "published"):
        asked = request(tmp_path, scenario=scenario, experiment="baseline")
        folder, results = run_experiment(asked, unseen, fake)
        load(folder / "metrics.om", tmp_path)
        ends.append(simulated_end(results))
    with running_prometheus(tmp_path / "prometheus.yml", tmp_path, retention) as url:
        for end in ends:
            asked_for = {
                "query": "count(last_over_time(ecochain_experiment_energy_joules[1d]))",
                "time": str(end + 3600),
            }
            answer = requests.get(f"{url}/api/v1/query", params=asked_for, timeout=10).json()
            assert int(answer["data"]["result"][0]["value"][1]) >= 15


def load(metrics: Path, folder: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(metrics), str(folder / "prometheus-data")]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
