"""`ecotrack audit` beside a real exporter and a real Prometheus that has the shipped rules."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from exporter import cli
from exporter.audit.rules import RULES
from tests.processes import free_port, running, running_prometheus, until

pytestmark = pytest.mark.servers

RULE_FILE = Path(__file__).parents[3] / "prometheus" / "rules" / "ecotrack-recording.yml"

CONFIGURATION = """
sampling: {interval_seconds: 1}
power: {idle_watts: 30, full_watts: 45, machine: laptop}
budget: {day_grams: 100, month_grams: 4000}
embodied: {kilograms: 250, lifetime_years: 50, purchased: 2026-01-01}
grid: {price_per_kwh: 0.31, currency: EUR}
"""

MINUTES = 0.25
"""Fifteen samples and scrapes, and as many evaluations."""

RATE = "instance:ecotrack_emissions_grams:rate5m"

AVERAGED = "instance:ecotrack_emissions_grams:rate1h"


def tampered(*records: str) -> Callable[[dict[str, Any]], None]:
    """Return what multiplies rules by 1.01."""

    def change(rule: dict[str, Any]) -> None:
        if rule.get("record") in records:
            rule["expr"] = f"({rule['expr']}) * 1.01"

    return change


@contextlib.contextmanager
def scraped(folder: Path, change: Callable[[dict[str, Any]], None]) -> Iterator[tuple[str, ...]]:
    """Run an exporter and a Prometheus with changed rules, each going on every second; yield the flags of an audit."""
    config = folder / "ecotrack.yml"
    config.write_text(CONFIGURATION, encoding="utf-8")
    rules = yaml.safe_load(RULE_FILE.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            change(rule)
    (folder / "rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [{"job_name": "ecotrack", "static_configs": [{"targets": [address]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    own = (f"--config.file={config}", f"--web.listen-address={address}", f"--state.dir={folder / 'state'}")
    argv = [sys.executable, "-m", "exporter", *own]
    with (
        running(argv, ready=f"http://{address}/-/ready", log=folder / "exporter.log"),
        running_prometheus(folder / "prometheus.yml", folder) as prometheus,
    ):
        until(lambda: _has(prometheus, RATE), "a recorded rate")
        yield (*own, f"--prometheus={prometheus}")


def _has(prometheus: str, expr: str) -> bool:
    answer = requests.get(f"{prometheus}/api/v1/query", params={"query": expr}, timeout=240)
    return bool(answer.json()["data"]["result"])


def audited(flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit status of an audit, and what it found by the name of the check."""
    status = cli.main(["audit", f"--minutes={MINUTES}", "--json", *flags])
    told = json.loads(capsys.readouterr().out)
    return status, {one["check"]: one for one in told["findings"]}


def failures(found: dict[str, dict[str, Any]]) -> set[str]:
    return {check for check, one in found.items() if one["outcome"] == "fails"}


@pytest.mark.usefixtures("generation")
def test_an_honest_exporter_and_its_prometheus_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scraped(tmp_path, lambda _: None) as flags:
        status, found = audited(flags, capsys)
    assert (failures(found), status) == (set(), 0)
    for check in ("energy", "power", "summary", "host_model", "stored_values", "stored_once", RATE, AVERAGED):
        assert found[check]["outcome"] == "holds", found[check]


def test_a_tampered_rule_is_named_and_those_made_of_its_series_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scraped(tmp_path, tampered(RATE)) as flags:
        status, found = audited(flags, capsys)
    assert (failures(found), status) == ({RATE}, 1)
    assert found[RATE]["difference_ratio"] == pytest.approx(0.01, abs=0.003)
    assert found[AVERAGED]["outcome"] == "holds"


@pytest.mark.usefixtures("generation")
def test_each_rule_is_found_out_where_all_are_tampered_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that record nothing here are of groups of processes."""
    with scraped(tmp_path, tampered(*RULES)) as flags:
        _, found = audited(flags, capsys)
    recorded = {rule for rule in RULES if found[rule]["outcome"] != "not checked"}
    assert {rule.partition("_")[0] for rule in RULES.keys() - recorded} == {"device:process"}
    assert failures(found) == recorded
