"""The committed rules: generated without drift, accepted by promtool, tested, documented, and naming real metrics."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from exporter.config import load_config
from exporter.core.metrics import Kind
from exporter.core.units import BytesPerSecond
from exporter.exposition.rows import ROWS
from prometheus.alert import Links
from prometheus.budget import seconds
from prometheus.files import generated
from prometheus.reach import machine
from prometheus.recording import KEPT_INTERVAL, WINDOWS
from prometheus.simulator_alerts import (
    HIGHEST_MISS_RATIO,
    LOWEST_RENEWABLE_SHARE,
    LOWEST_UTILISATION,
    SIMULATED_DAY_SECONDS,
)
from prometheus.simulator_recording import COUNTERS, LONG_WINDOW
from prometheus.team_limits import LIMIT, PERIOD_END, PERIOD_START
from simulator.live.exposition.rows import ROWS as SIMULATED_ROWS
from tests.processes import TOOL_SECONDS, program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "prometheus"
RULE_FILES = sorted((FOLDER / "rules").glob("*.yml"))
TEST_FILES = sorted((FOLDER / "tests").glob("*.test.yml"))

PROMETHEUS_OWN = {"up", "scrape_duration_seconds"}
PROGRAMS_OWN = {"process_start_time_seconds"}
TARGET_LABELS = {"job", "instance"}
SENT_BY = "sent_by"
"""Target label that `prometheus/agent.yml` sets."""

LOOKBACK = "5m"


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    argv = [program("promtool"), *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)


def rule_groups() -> Iterator[dict[str, Any]]:
    for path in RULE_FILES:
        yield from yaml.safe_load(path.read_text())["groups"]


def rules(kind: str) -> list[dict[str, Any]]:
    """Return all rules of one kind, `record` or `alert`."""
    return [rule for group in rule_groups() for rule in group["rules"] if kind in rule]


def selectors(node: promql.Expr) -> Iterator[promql.VectorSelector]:
    """Yield every vector selector inside an expression."""
    if isinstance(node, promql.VectorSelector):
        yield node
    elif isinstance(node, promql.MatrixSelector):
        yield node.vector_selector
    elif isinstance(node, promql.BinaryExpr):
        yield from selectors(node.lhs)
        yield from selectors(node.rhs)
    elif isinstance(node, promql.Call):
        for argument in node.args:
            yield from selectors(argument)
    elif isinstance(node, (promql.AggregateExpr, promql.ParenExpr, promql.UnaryExpr, promql.SubqueryExpr)):
        yield from selectors(node.expr)


def queries() -> Iterator[str]:
    """Yield every PromQL text: the expressions, and the look-ups inside annotations."""
    for rule in rules("record") + rules("alert"):
        yield rule["expr"]
        for text in rule.get("annotations", {}).values():
            for look_up in re.findall(r"query \(printf `([^`]*)`", text):
                yield look_up.replace("%q", '"x"')


def test_committed_files_are_what_the_tables_generate() -> None:
    example = machine(load_config(ROOT / "docs/examples/laptop.yml"), BytesPerSecond(100e6 / 8))
    for path, text in generated(ROOT, example, Links()).items():
        assert (ROOT / path).read_text() == text, f"{path} differs: run `python -m prometheus`"


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("arguments", [("check", "rules", *RULE_FILES), ("check", "config", FOLDER / "prometheus.yml")])
def test_promtool_accepts(arguments: tuple[str | Path, ...]) -> None:
    result = promtool(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stdout + result.stderr


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_promtool_cases_pass(path: Path) -> None:
    result = promtool("test", "rules", path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_cases_evaluate_groups_in_the_order_of_the_rules() -> None:
    """Promtool evaluates a group that the order of its file leaves out at any moment, before what it reads or after."""
    for path in TEST_FILES:
        cases = yaml.safe_load(path.read_text())
        files = [yaml.safe_load((path.parent / name).read_text()) for name in cases["rule_files"]]
        assert cases["group_eval_order"] == [group["name"] for file in files for group in file["groups"]], path.name


def test_every_alert_has_a_case_that_fires_and_one_that_stays_quiet() -> None:
    cases = [
        case
        for path in TEST_FILES
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", [])
    ]
    names = {rule["alert"] for rule in rules("alert")}
    assert names == {case["alertname"] for case in cases if case["exp_alerts"]}
    # The watchdog has no quiet state: it fires whatever the data.
    assert names - {"EcotrackWatchdog"} == {case["alertname"] for case in cases if not case["exp_alerts"]}


def test_every_alert_has_its_labels_and_annotations_and_no_value_in_a_label() -> None:
    for rule in rules("alert"):
        assert set(rule["labels"]) == {"severity", "component", "scope"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
        assert not any("{{" in value for value in rule["labels"].values())
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url"}


def test_every_runbook_anchor_exists_and_every_section_belongs_to_an_alert() -> None:
    linked = {rule["annotations"]["runbook_url"] for rule in rules("alert")}
    headings = {
        f"{Links().runbooks}/{page.name}#{heading.lower()}"
        for page in (ROOT / "docs/runbooks").glob("*.md")
        for heading in re.findall(r"^## (Eco(?:track|chain)\w+)$", page.read_text(), re.MULTILINE)
    }
    assert linked == headings


def test_every_alert_leads_to_a_board_that_exists_and_the_simulators_to_that_of_its_subject() -> None:
    boards = {json.loads(path.read_text())["uid"] for path in (ROOT / "grafana/dashboards").rglob("*.json")}
    for rule in rules("alert"):
        board = rule["annotations"]["dashboard_url"].split("/d/")[1].split("/")[0]
        names = " ".join(one.name or "" for one in selectors(promql.parse(rule["expr"])))
        subjects = {f"ecochain-{subject}" for subject in re.findall(r"ecochain_([a-z]+)_", names)}
        assert {board} <= boards
        assert not subjects & boards or board in subjects, rule["alert"]


def test_every_series_and_label_in_a_rule_exists() -> None:
    labels = {row.name: {*row.labels, *TARGET_LABELS} for row in ROWS}
    labels |= {row.name: {*row.labels, *TARGET_LABELS} for row in SIMULATED_ROWS}
    labels |= {
        f"{row.name}_bucket": {*row.labels, "le", *TARGET_LABELS}
        for row in SIMULATED_ROWS
        if row.kind is Kind.HISTOGRAM
    }
    labels |= {name: {*TARGET_LABELS, SENT_BY} for name in PROMETHEUS_OWN}
    labels |= dict.fromkeys(PROGRAMS_OWN, TARGET_LABELS)
    labels |= {name: {"team", "period"} for name in (LIMIT, PERIOD_START, PERIOD_END)}
    derived = {"group", "period", "reason", "scope", "team", *TARGET_LABELS}
    labels |= {rule["record"]: derived for rule in rules("record")}
    labels |= {counter.rate: {*counter.labels, *TARGET_LABELS} for counter in COUNTERS}
    used = [selector for query in queries() for selector in selectors(promql.parse(query))]
    assert len(used) > len(rules("record"))
    for selector in used:
        assert selector.name in labels, f"{selector.name} is no metric of the exporter and no recorded series"
        unknown = {matcher.name for matcher in selector.matchers.matchers} - labels[selector.name]
        assert not unknown, f"{selector.name} has no label {unknown}"


def test_only_metrics_that_every_target_has_are_selected_by_job() -> None:
    for query in (rule["expr"] for rule in rules("record") + rules("alert")):
        for selector in selectors(promql.parse(query)):
            named = any(matcher.name == "job" for matcher in selector.matchers.matchers)
            assert named == (selector.name in PROMETHEUS_OWN), query


def test_a_simulated_counter_is_read_by_the_recorded_rates_alone() -> None:
    """Any other reader would be wrong by the speed of the simulated clock."""
    read = {
        selector.name: rule.get("record", rule.get("alert"))
        for rule in rules("record") + rules("alert")
        for selector in selectors(promql.parse(rule["expr"]))
        if re.match(r"ecochain_\w+_(total|bucket)$", selector.name or "")
    }
    clock = read.pop("ecochain_clock_seconds_total")
    assert clock is not None and clock.startswith("instance:ecochain_clock_seconds:")
    assert read == {f"{counter.name}{counter.suffix}": counter.rate for counter in COUNTERS}


def test_the_simulators_runbook_names_the_thresholds_in_force() -> None:
    page = (ROOT / "docs/runbooks/simulator.md").read_text()
    assert f"More than {HIGHEST_MISS_RATIO:.0%} of the tasks" in page
    assert f"Less than {LOWEST_RENEWABLE_SHARE:.0%} of the electricity" in page
    assert f"busy for less than {LOWEST_UTILISATION:.0%} of the time" in page
    slowest = SIMULATED_DAY_SECONDS / seconds(LONG_WINDOW)
    assert f"a simulator slower than {slowest:g}" in " ".join(page.split())


def test_recorded_series_never_age_out_between_evaluations() -> None:
    """A series recorded more rarely than Prometheus looks back is read over a longer window, by alerts and boards."""
    lookback = promql.parse_duration(LOOKBACK)
    rare = [group for group in rule_groups() if promql.parse_duration(group["interval"]) >= lookback]
    assert {group["name"] for group in rare} == {"ecotrack-kept", "ecotrack-device-quality"}
    boards = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "grafana/dashboards").glob("*.json"))
    read = []
    for group in rare:
        others = [rule["expr"] for one in rule_groups() if one["name"] != group["name"] for rule in one["rules"]]
        for record in (rule["record"] for rule in group["rules"] if "record" in rule):
            for after in re.findall(rf"{record}(?:{{[^}}]*}})?(\[\w+\])?", "\n".join([*others, boards])):
                assert promql.parse_duration(after.strip("[]")) > promql.parse_duration(group["interval"]), record
                read.append(record)
    assert {"instance:ecotrack_emissions_grams:rate3d", "instance:ecotrack_power_band:ratio"} < set(read)
    assert len(set(read)) >= 11


def test_a_window_is_averaged_over_the_interval_at_which_its_rate_is_recorded() -> None:
    interval = next(
        promql.parse_duration(group["interval"])
        for group in rule_groups()
        for rule in group["rules"]
        if rule.get("record") == "instance:ecotrack_emissions_grams:rate5m"
    )
    exprs = {rule["record"]: rule["expr"] for rule in rules("record")}
    assert len(WINDOWS) == 7
    for window in WINDOWS[1:]:
        expr = exprs[f"instance:ecotrack_emissions_grams:rate{window}"]
        looked_at, values = map(float, re.findall(r"\[(\d+)ms\]\) / (\d+)$", expr)[0])
        length = promql.parse_duration(window).total_seconds()
        assert values == length / interval.total_seconds()
        # As many values lie in it with both ends as with one, at whichever moment of an interval they are taken.
        assert looked_at == 1000 * length - 1


def test_alerts_that_mute_or_are_muted_share_one_for_and_end_together_or_after_what_they_mute() -> None:
    budget, quality = (
        [rule for rule in rules("alert") if rule["labels"]["component"] == component or rule["alert"] == muting]
        for component, muting in (("budget", "EcotrackBudgetExhausted"), ("data-quality", "EcotrackDown"))
    )
    exhausted, *others = budget
    assert exhausted["alert"] == "EcotrackBudgetExhausted"
    for muting_or_muted in (others, quality):
        assert len({(rule["for"], rule.get("keep_firing_for")) for rule in muting_or_muted}) == 1
    assert exhausted["for"] == others[0]["for"]
    stays, muted_stay = (promql.parse_duration(rule["keep_firing_for"]) for rule in (exhausted, others[0]))
    assert stays > muted_stay + promql.parse_duration(KEPT_INTERVAL)
