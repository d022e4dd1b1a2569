"""The Experiments board says what its figures are of, shows their intervals as they are, and the best method first."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from grafana.experiments.charts import (
    AFTER_MARK,
    FROM_ZERO,
    MARK_SHARE,
    PAST_MARK,
    PUBLISHED,
    SLIT_SHARE,
    UP_TO_MARK,
    WITHIN,
    WITHIN_BELOW,
    WITHIN_PAST_MARK,
    parts,
)
from grafana.lint.sizes import header_is_one_line
from grafana.panels import Target
from grafana.queries import panels
from simulator.experiments.plan.catalogue import EXPERIMENTS
from tests.grafana.committed import board
from tests.processes import running_prometheus, until
from tests.prometheus.stack import exposition

INTERVALS: Mapping[str, tuple[float, float, float | None]] = {
    "above": (40, 60, None),
    "across": (-20, 40, None),
    "below": (-60, -40, None),
    "from-zero": (0, 40, None),
    "certain": (40, 40, None),
    "nothing": (0, 0, None),
    "mark before": (40, 60, 20),
    "mark within": (40, 60, 50),
    "mark beyond": (40, 60, 90),
    "mark on the other side": (40, 60, -30),
    "mark across": (-20, 40, 10),
    "mark below, before": (-60, -40, -20),
    "mark below, within": (-60, -40, -50),
    "mark below, beyond": (-60, -40, -90),
    "mark at zero": (40, 60, 0),
    "mark at the near end": (40, 60, 40),
    "mark at the far end": (40, 60, 60),
}
"""Low and high end by method, and the published figure of some. The bars' span is 120."""


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
@pytest.mark.parametrize("signed", [True, False])
def test_parts_lie_end_to_end_and_the_mark_where_the_figure_is(signed: bool, tmp_path: Path) -> None:
    """Whatever is drawn reaches from zero to the far end of interval and mark, with the mark in its place."""
    chosen = {name: one for name, one in INTERVALS.items() if signed or (one[0] >= 0 and (one[2] or 0) >= 0)}
    targets = parts(*(f"max by (method) ({name})" for name in ("low", "high", "published")), signed=signed)
    stacks = answers(tmp_path, chosen, targets)
    span = max(high for _, high, _ in chosen.values()) - (min(low for low, _, _ in chosen.values()) if signed else 0)
    mark, slit = MARK_SHARE * span, SLIT_SHARE * span
    room = 1.001 * slit  # a mark at zero has a slit before it, too
    for method, (low, high, published) in chosen.items():
        # A legend leaves the other parts of an interval out, also where all of them lie below zero.
        assert published is not None or (WITHIN in dict(stacks[method])) is (high > low)
        for side in (1, -1):
            segments = [(name, side * value) for name, value in stacks[method] if side * value > 0]
            near, far = max(0.0, min(side * low, side * high)), max(0.0, side * low, side * high)
            marked = published is not None and (side * published > 0 or (published == 0 and side > 0))
            at = max(0.0, abs(published or 0.0) - mark / 2)
            ends = [far, at + mark + slit] if marked else [far]
            assert sum(length for _, length in segments) == pytest.approx(max(ends), abs=room), method
            reached = 0.0
            for name, length in segments:
                start, reached = reached, reached + length
                if name == PUBLISHED:
                    assert marked
                    assert start == pytest.approx(at, abs=room)
                    assert length == pytest.approx(mark)
                elif name in {WITHIN, WITHIN_BELOW, WITHIN_PAST_MARK}:
                    assert near - room <= start
                    assert reached <= far + room
                elif name in {FROM_ZERO, PAST_MARK}:
                    assert reached <= near + room
            assert (PUBLISHED in dict(segments)) is marked


def answers(
    folder: Path, chosen: Mapping[str, tuple[float, float, float | None]], targets: Sequence[Target]
) -> Mapping[str, list[tuple[str, float]]]:
    """Return what a Prometheus answers to the targets, by method: the parts in the order of the targets."""
    lines = [
        f'{name}{{method="{method}"}} {value}'
        for method, one in chosen.items()
        for name, value in zip(("low", "high", "published"), one, strict=True)
        if value is not None
    ]
    with exposition("\n".join(sorted(lines)) + "\n") as address:
        config = folder / "prometheus.yml"
        scrapes = [{"job_name": "a", "static_configs": [{"targets": [address]}]}]
        config.write_text(
            json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": scrapes})
        )
        with running_prometheus(config, folder) as url:
            # All are asked about one moment: a busy machine may miss the next scrape.
            moments: list[float] = []

            def are_there() -> bool:
                moments.append(time.time())
                return bool(asked(url, "low", moments[-1]))

            until(are_there, "the figures")
            found: dict[str, list[tuple[str, float]]] = {method: [] for method in chosen}
            for target in targets:
                for one in asked(url, target.expr, moments[-1]):
                    found[one["metric"]["method"]].append((target.legend, float(one["value"][1])))
            return found


def asked(url: str, expr: str, moment: float) -> list[dict[str, Any]]:
    """Return the series of an expression at a moment."""
    response = requests.post(f"{url}/api/v1/query", data={"query": expr, "time": f"{moment:.3f}"}, timeout=240)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]["result"]
    return found


def test_marks_are_seen_and_what_only_makes_room_for_them_is_not() -> None:
    (energy,) = [panel for panel in shown("barchart") if panel["title"] == "Energy"]
    config = {
        (one["matcher"]["options"], item["id"]): item["value"]
        for one in energy["fieldConfig"]["overrides"]
        for item in one["properties"]
    }
    assert config[UP_TO_MARK, "custom.fillOpacity"] == config[AFTER_MARK, "custom.fillOpacity"] == 0
    assert (PUBLISHED, "custom.fillOpacity") not in config
    named = {legend for legend in (FROM_ZERO, WITHIN, PUBLISHED) if (legend, "custom.hideFrom") not in config}
    assert named == {FROM_ZERO, WITHIN, PUBLISHED}


SCENARIOS = sorted(one.stem for one in (Path(__file__).parents[2] / "simulator" / "scenario").glob("*.yaml"))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_header_is_one_line_whatever_is_chosen(experiment: str, scenario: str) -> None:
    chosen = json.loads(json.dumps(board("experiments.json")))
    for variable in chosen["templating"]["list"]:
        given = {"experiment": experiment, "scenario": scenario}.get(variable["name"])
        if given is not None:
            variable["current"]["text"] = given
    assert list(header_is_one_line(chosen)) == []
