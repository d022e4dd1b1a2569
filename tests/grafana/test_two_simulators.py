"""Rows and series of two simulators beside each other name the policy and the scenario of each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from grafana.draw.frames import legend
from grafana.queries import queries, resolve
from tests.grafana.committed import board
from tests.prometheus.test_rules import promtool

RULES = Path(__file__).parents[2] / "prometheus/rules/ecochain-recording.yml"

MINUTES = 4
STEPS = 4 * MINUTES
"""Scrapes of 15 s; the rules need two minutes of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A simulator with one node, roof, that is busy for a share of the time."""

    instance: str
    policy: str
    scenario: str
    busy: float

    def told(self, *, alone: bool) -> dict[str, str]:
        """Return labels from which the name of the node's series is made."""
        return {"instance": self.instance, "node": "roof"} | (
            {} if alone else {"run": f", {self.policy} on {self.scenario}"}
        )

    def series(self) -> Iterator[tuple[str, dict[str, str], str]]:
        """Return the series that it exports: name, labels, and values in promtool's notation."""
        whose = {"job": "ecochain", "instance": self.instance}
        node = whose | {"node": "roof"}
        yield "ecochain_run_info", whose | {"scenario": self.scenario, "seed": "1"}, f"1x{STEPS}"
        yield "ecochain_scheduler_policy_info", whose | {"policy": self.policy}, f"1x{STEPS}"
        yield "ecochain_node_info", node | {"device": "pi", "supply": "solar"}, f"1x{STEPS}"
        yield "ecochain_clock_seconds_total", whose, f"0+900x{STEPS}"
        yield "ecochain_node_busy_seconds_total", node, f"0+{900 * self.busy:g}x{STEPS}"


RUNS = (
    Run(instance="a", policy="shifting", scenario="edge", busy=0.25),
    Run(instance="b", policy="round-robin", scenario="edge", busy=0.5),
    Run(instance="c", policy="shifting", scenario="mine", busy=0.75),
)


def written(labels: dict[str, str]) -> str:
    """Write labels as PromQL does."""
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


@pytest.mark.servers
@pytest.mark.parametrize("shown", [RUNS, RUNS[1:2]])
def test_series_of_the_same_node_are_told_apart_where_there_are_several(tmp_path: Path, shown: Sequence[Run]) -> None:
    (query,) = [one for one in queries(board("edge-cluster.json")) if one.title == "Utilisation"]
    chosen = {"instance": "|".join(run.instance for run in shown)}
    expr = resolve(query.expr, rate_seconds=60, range_seconds=60, values=chosen)
    told = [run.told(alone=len(shown) == 1) for run in shown]
    case = {
        "interval": "15s",
        "input_series": [
            {"series": f"{name}{written(labels)}", "values": values}
            for run in RUNS
            for name, labels, values in run.series()
        ],
        "promql_expr_test": [
            {
                "expr": f"sum by (instance, node, run) (round({expr}, 1e-6))",
                "eval_time": f"{MINUTES}m",
                "exp_samples": [
                    {"labels": written(labels), "value": run.busy} for labels, run in zip(told, shown, strict=True)
                ],
            }
        ],
    }
    file = tmp_path / "two.test.yml"
    content = {"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": [case]}
    file.write_text(json.dumps(content), encoding="utf-8")
    ended = promtool("test", "rules", file)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len({legend(query.legend, labels) for labels in told}) == len(shown)


@pytest.mark.parametrize("name", ["edge-cluster.json", "scheduler.json"])
def test_no_series_of_a_run_is_named_by_its_address_alone(name: str) -> None:
    legends = {query.title: query.legend for query in queries(board(name)) if "{{instance}}" in query.legend}
    processes = {"Scrapes by Prometheus", *(title for title in legends if title.startswith("Simulator: "))}
    assert legends.keys() - processes == set()


@pytest.mark.parametrize(("name", "titles"), [("edge-cluster.json", {"Nodes", "Whole clusters", "What runs"})])
def test_rows_of_runs_have_columns_for_policy_and_scenario(name: str, titles: set[str]) -> None:
    rows = [panel for row in board(name)["panels"] for panel in (row, *row.get("panels", ()))]
    headings = {
        panel["title"]: [*panel["transformations"][1]["options"]["renameByName"].values()]
        for panel in rows
        if panel["title"] in titles and panel["type"] == "table"
    }
    assert headings.keys() == titles
    assert all({"Policy", "Scenario"} <= set(one) for one in headings.values())
