"""Delay of critical budget alerts by the arithmetic of the shipped files, which a page states."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.config import Config
from prometheus.budget import seconds

ROOT = Path(__file__).parents[2]
PROMISED_SECONDS = 120
"""Longest time from the first evaluation at which a critical budget alert's expression holds to its arrival."""

RULE_FILES = sorted((ROOT / "prometheus/rules").glob("*.yml"))


def groups() -> list[dict[str, Any]]:
    return [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]


def budget_rules() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return each budget alert behind its group."""
    return [
        (group, rule)
        for group in groups()
        for rule in group["rules"]
        if rule.get("labels", {}).get("component") == "budget"
    ]


def critical() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(group, rule) for group, rule in budget_rules() if rule["labels"]["severity"] == "critical"]


def matches(matcher: str, labels: dict[str, str]) -> bool:
    found = re.fullmatch(r'(\w+) (=|!=|=~|!~) "(.*)"', matcher)
    assert found is not None, matcher
    value = labels.get(found[1], "")
    holds = re.fullmatch(found[3], value) is not None if "~" in found[2] else value == found[3]
    return holds != found[2].startswith("!")


def route(labels: dict[str, str], node: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the timing of the route that an alert takes, with what it inherits."""
    node = node or yaml.safe_load((ROOT / "prometheus/alertmanager.yml").read_text())["route"]
    for child in node.get("routes", ()):
        if all(matches(one, labels) for one in child["matchers"]):
            return route(labels, {key: value for key, value in node.items() if key != "routes"} | child)
    return node


def held_back(rule: dict[str, Any]) -> float:
    """Return how long Alertmanager keeps an alert at most: one that arrives alone, or after others were sent."""
    taken = route({"alertname": rule["alert"], **rule["labels"]})
    return max(seconds(taken["group_wait"]), seconds(taken["group_interval"]))


@pytest.mark.parametrize(("group", "rule"), critical(), ids=lambda one: one.get("alert", "in"))
def test_a_critical_budget_alert_arrives_in_time_even_where_an_evaluation_is_missed(
    group: dict[str, Any], rule: dict[str, Any]
) -> None:
    interval, hold = seconds(group["interval"]), seconds(rule["for"])
    assert hold % interval == 0, "an alert fires at an evaluation"
    assert hold + interval + held_back(rule) < PROMISED_SECONDS


def test_alerts_that_mute_reach_alertmanager_before_those_that_they_mute() -> None:
    """All are evaluated at one moment, and sent in the order of the file."""
    names = [rule["alert"] for _, rule in budget_rules()]
    assert len({group["name"] for group, _ in budget_rules()}) == 1
    assert names[0] == "EcotrackBudgetExhausted"
    for period in ("Daily", "Monthly"):
        assert names.index(f"Ecotrack{period}BudgetFastBurn") < names.index(f"Ecotrack{period}BudgetSlowBurn")


def test_a_warning_waits_long_enough_to_be_muted() -> None:
    for group, rule in budget_rules():
        taken = route({"alertname": rule["alert"], **rule["labels"]})
        assert seconds(taken["group_wait"]) >= seconds(group["interval"]), rule["alert"]


def test_the_page_states_the_chain_of_the_shipped_files() -> None:
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    rates = {
        rule["record"]: seconds(group["interval"])
        for group in groups()
        for rule in group["rules"]
        if rule.get("record", "").startswith(
            ("instance_period:ecotrack_budget_burn:", "instance_period:ecotrack_budget_consumed:")
        )
    }
    (interval,) = {seconds(group["interval"]) for group, _ in critical()}
    (hold,) = {seconds(rule["for"]) for _, rule in critical()}
    (wait,) = {held_back(rule) for _, rule in critical()}
    seen = (Config().sampling.interval_seconds, seconds(config["global"]["scrape_interval"]))
    before = (*seen, rates["instance_period:ecotrack_budget_consumed:exhausted"], interval)
    burning = (*seen, rates["instance_period:ecotrack_budget_burn:over6_rate1h_rate5m"], interval)
    after = (hold, wait)
    page = (ROOT / "docs/explanation/budget-alerts.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    stated = {row[0]: [int(cell) if cell.isdigit() else None for cell in row[1:]] for row in rows}
    columns = zip(*(stated[name] for name in CHAIN), strict=True)
    used, burn = ([cell for cell in column if cell is not None] for column in columns)
    assert (used[:-1], burn[:-1]) == ([*before, *after], [*burning, *after])
    assert (used[-1], burn[-1]) == (sum(used[:-1]), sum(burn[:-1]))
    assert f"{hold + wait:.0f} seconds after the first evaluation" in " ".join(page.split())


CHAIN = (
    "a sample of the exporter",
    "a scrape",
    "what is recorded of it",
    "the first evaluation at which it holds",
    "`for`",
    "Alertmanager's `group_wait`, or `group_interval` after another alert",
    "together, at worst",
)
"""Rows of the page's table, of which each may take so many seconds for a used-up budget and for a fast burn."""
