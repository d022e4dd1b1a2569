"""The Experiments board says what its figures are of, and how far their intervals reach."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grafana.queries import queries, resolve
from tests.grafana.committed import board
from tests.processes import TOOL_SECONDS


def panels_on(measure: str) -> list[dict[str, Any]]:
    """The panels that show a measure."""
    shown = [panel for panel in board("experiments.json")["panels"] if panel["type"] != "row"]
    return [panel for panel in shown if f"ecochain_experiment_{measure}" in str(panel.get("targets"))]


def test_panels_say_of_which_tasks_the_latency_is() -> None:
    panels = panels_on("latency_seconds")
    assert len(panels) == 2
    assert all("tasks that may not be put off" in panel["description"] for panel in panels)


def test_intervals_below_zero_are_explained_where_no_figure_can_be() -> None:
    told = "may reach below zero, where no figure can be"
    (misses,) = panels_on("deadline_miss_ratio")
    (cost,) = panels_on("cost_dollars")
    assert told in misses["description"]
    assert told not in cost["description"]


@pytest.mark.servers
def test_no_change_is_told_where_the_reference_may_be_zero(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    (shown,) = [one for one in queries(board("experiments.json")) if one.title.startswith("Energy: full system")]
    expr = resolve(shown.expr, rate_seconds=60, range_seconds=60)
    told = {"expr": expr, "eval_time": "0m", "exp_samples": [sample("certain", 1.0)]}
    case = {"interval": "1m", "input_series": list(inputs()), "promql_expr_test": [told]}
    file = tmp_path / "board.test.yml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": [case]}), encoding="utf-8")
    ended = subprocess.run(
        [promtool, "test", "rules", str(file)], capture_output=True, text=True, timeout=TOOL_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def sample(scenario: str, value: float) -> dict[str, object]:
    """The change of the full system that the board shows."""
    pairs = {"experiment": "baseline", "instance": "a", "job": "ecochain", "method": "full", "scenario": scenario}
    return {"labels": labels(**pairs, statistic="mean"), "value": value}


def inputs() -> Iterator[dict[str, str]]:
    """Twice the reference in each scenario, by how its interval lies."""
    intervals = {"certain": (100, 90, 110), "uncertain": (100, -10, 210), "none": (0, 0, 0)}
    for scenario, reference in intervals.items():
        for statistic, value in zip(("mean", "low", "high"), reference, strict=True):
            for method, times in (("standard", 1), ("full", 2)):
                pairs = {"experiment": "baseline", "instance": "a", "job": "ecochain", "method": method}
                name = f"ecochain_experiment_energy_joules{labels(**pairs, scenario=scenario, statistic=statistic)}"
                yield {"series": name, "values": str(times * value)}


def labels(**pairs: str) -> str:
    """As PromQL writes them."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in pairs.items()) + "}"
