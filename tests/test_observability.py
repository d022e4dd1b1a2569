"""Both directions: every family of both programs is shown or alerted on somewhere, and every name used exists."""

import json
from pathlib import Path

import yaml

from exporter.core.metrics import Kind
from exporter.exposition.rows import ROWS
from grafana.queries import metric_names, queries
from prometheus.fleet import COUNTS, devices, power, rate5m
from prometheus.sci import SCI
from prometheus.team_limits import LIMIT, PERIOD_END, PERIOD_START
from simulator.live.exposition.rows import ROWS as SIMULATED_ROWS

ROOT = Path(__file__).parent.parent

FROM_ELSEWHERE = {
    "up": "Prometheus: whether the scrape worked",
    "scrape_duration_seconds": "Prometheus: how long it took",
    "ALERTS": "Prometheus: alerts as series",
    "ALERTS_FOR_STATE": "Prometheus: since when an alert's condition holds",
    SCI: "a rule that `ecotrack rules --sci` makes for work of the user's own",
    **dict.fromkeys((LIMIT, PERIOD_START, PERIOD_END), "rules that `ecotrack rules --team-budgets` makes"),
    "process_cpu_seconds_total": "prometheus_client's ProcessCollector",
    "process_resident_memory_bytes": "prometheus_client's ProcessCollector",
    "process_start_time_seconds": "prometheus_client's ProcessCollector",
    "process_open_fds": "prometheus_client's ProcessCollector",
    "process_max_fds": "prometheus_client's ProcessCollector",
}

FAMILIES = {row.name for row in ROWS} | {
    f"{row.name}_bucket" if row.kind is Kind.HISTOGRAM else row.name for row in SIMULATED_ROWS
}
"""Every family of both programs, a histogram by the series that boards read."""

NOT_SHOWN = {
    "ecotrack_network_throughput_bytes_per_second": "boards show the same from the counters, by network device",
    "ecotrack_network_connections": "the collector connections is off by default, and the panel would be empty",
    "ecotrack_config_last_reload_success_timestamp_seconds": "says since when, beside the alert on the state",
    "ecochain_config_last_reload_success_timestamp_seconds": "as the exporter's",
    "ecochain_web_certificate_start_timestamp_seconds": "there only with TLS; a check, the log and queries tell of it",
    "ecochain_web_certificate_expiry_timestamp_seconds": "as its start",
    "ecochain_web_refused_logins_total": "there only with passwords or client certificates; for queries",
    "ecotrack_optimization_savings_grams_per_day": "strategies are off by default, and the panel would be empty",
    "ecotrack_optimization_trial_watts": "a command measures it once; /api/v1/savings has it with its interval",
    "ecotrack_optimization_trial_reduction_ratio": "as the watts of a trial",
    "ecotrack_optimization_applied_settings": "there only while a command runs; its page and JSON tell of each setting",
    "ecotrack_process_group_waiting_bytes": "as the joules that are retired; an audit adds them to those of groups",
    "ecotrack_process_group_waiting_grams": "as the joules that are retired; those that wait are shown",
    "ecotrack_process_group_retired_joules": "for the sum of all groups, which an audit makes",
    "ecotrack_process_group_retired_grams": "as the joules that are retired",
    "ecochain_site_life_cycle_grams_total": "counted only where a scenario asks for it; reports show it",
    "ecochain_scheduler_decision_timestamp_seconds": "for queries: the board shows the decision of the last scrape",
    "ecochain_node_utilization_ratio": "the last step alone; boards read the busy seconds, which no scrape misses",
}
"""Families that no board and no rule uses, with the reason."""


FOR_OTHERS = {rate5m("fleet"), power("fleet"), *(devices(count, "fleet") for count in COUNTS)}
"""Recorded sums over all devices, for queries of the user's own; the board adds up the chosen teams."""


def boards() -> list[dict[str, object]]:
    """Return every committed dashboard."""
    return [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "grafana/dashboards").glob("*.json"))
    ]


def rules() -> list[dict[str, str]]:
    """Return every committed rule."""
    files = sorted((ROOT / "prometheus/rules").glob("*.yml"))
    documents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    return [rule for document in documents for group in document["groups"] for rule in group["rules"]]


def recorded() -> set[str]:
    """Return the names that recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def used() -> dict[str, str]:
    """Return every metric name in a board or a rule, with one place that uses it."""
    places: dict[str, str] = {}
    for board in boards():
        for query in queries(board):
            places |= dict.fromkeys(metric_names(query.expr), f"board {board['title']}: {query.title}")
    for rule in rules():
        places |= dict.fromkeys(metric_names(rule["expr"]), f"rule {rule.get('alert') or rule.get('record')}")
    return places


def test_every_name_used_exists() -> None:
    known = FAMILIES | recorded() | FROM_ELSEWHERE.keys()
    assert {name: place for name, place in used().items() if name not in known} == {}


def test_every_family_is_used() -> None:
    unused = FAMILIES - used().keys() - NOT_SHOWN.keys()
    assert unused == set()


def test_every_recorded_name_is_used() -> None:
    assert recorded() - used().keys() == FOR_OTHERS


def test_the_lists_of_exceptions_hold_only_what_needs_one() -> None:
    assert NOT_SHOWN.keys() <= FAMILIES - used().keys()
    assert FROM_ELSEWHERE.keys() <= used().keys()
