"""The Experiments board says what its figures are of, shows their intervals as they are, and the best method first."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from grafana.experiments.charts import BELOW, FROM_ZERO, WITHIN, WITHIN_BELOW, ends
from grafana.queries import panels
from tests.grafana.committed import board
from tests.processes import TOOL_SECONDS

INTERVALS: Mapping[str, tuple[float, float]] = {
    "above": (2, 3),
    "across": (-1, 2),
    "below": (-3, -2),
    "from-zero": (0, 2),
    "certain": (2, 2),
    "nothing": (0, 0),
}
"""Low and high end by method."""

BARS: Mapping[str, Mapping[str, float]] = {
    FROM_ZERO: {"above": 2, "certain": 2},
    WITHIN: {"above": 1, "across": 2, "from-zero": 2},
    BELOW: {"below": -2},
    WITHIN_BELOW: {"across": -1, "below": -1},
}
"""Return the parts that are drawn: end to end they reach from zero to the far end of the interval."""


def shown(kind: str) -> list[dict[str, Any]]:
    """Return the panels of a type."""
    return [dict(panel) for panel in panels(board("experiments.json")) if panel["type"] == kind]


def steps(panel: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the options of the panel's transformations of one kind."""
    return [one["options"] for one in panel["transformations"] if one["id"] == name]


@pytest.mark.parametrize("kind", ["barchart", "trend"])
def test_panels_say_of_which_tasks_the_latency_is(kind: str) -> None:
    found = [panel for panel in shown(kind) if panel["title"] in {"Latency", "Latency of more tasks"}]
    assert len(found) == 1
    assert "tasks that are not deferrable" in found[0]["description"]


def test_intervals_below_zero_are_explained_where_no_figure_can_be() -> None:
    descriptions = {panel["title"]: panel["description"] for panel in shown("barchart")}
    told = "reaches below zero is cut off there"
    assert told in descriptions["Deadlines missed"]
    assert told not in descriptions["Net cost"]


def test_the_best_method_stands_first() -> None:
    order = {panel["title"]: steps(panel, "sortBy")[0]["sort"][0]["desc"] for panel in shown("barchart")}
    assert len(order) > 10
    assert {title for title, most_first in order.items() if most_first} == {"Renewable share"}


def test_curves_run_over_numbers_in_ascending_order() -> None:
    for panel in shown("trend"):
        (converted,), (ordered,) = steps(panel, "convertFieldType"), steps(panel, "sortBy")
        assert converted["conversions"] == [{"targetField": panel["options"]["xField"], "destinationType": "number"}]
        assert ordered["sort"] == [{"field": panel["options"]["xField"], "desc": False}]


def test_one_experiment_and_one_scenario_are_shown_at_a_time() -> None:
    variables = {one["name"]: one for one in board("experiments.json")["templating"]["list"]}
    first = {name: variables[name]["current"]["value"] for name in ("experiment", "scenario")}
    assert first == {"experiment": "baseline", "scenario": "edge"}
    assert not any(variables[name].get("multi") or variables[name].get("includeAll") for name in first)


@pytest.mark.servers
def test_bars_reach_from_zero_through_the_interval(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    told = [
        {"expr": target.expr, "eval_time": "0m", "exp_samples": list(samples(BARS[target.legend]))}
        for target in ends("max by (method) (low)", "max by (method) (high)", signed=True)
    ]
    case = {"interval": "1m", "input_series": list(inputs()), "promql_expr_test": told}
    file = tmp_path / "board.test.yml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": [case]}), encoding="utf-8")
    ended = subprocess.run(
        [promtool, "test", "rules", str(file)], capture_output=True, text=True, timeout=TOOL_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def samples(by_method: Mapping[str, float]) -> Iterator[dict[str, object]]:
    """Return the values of an expression."""
    for method, value in by_method.items():
        yield {"labels": f'{{method="{method}"}}', "value": value}


def inputs() -> Iterator[dict[str, str]]:
    """Return the ends as series."""
    for method, pair in INTERVALS.items():
        for name, value in zip(("low", "high"), pair, strict=True):
            yield {"series": f'{name}{{method="{method}"}}', "values": str(value)}
