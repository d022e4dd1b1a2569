"""Alertmanager's configuration: accepted by amtool, needs no secret, and sends each alert where it should go."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import TOOL_SECONDS, program
from tests.prometheus.test_rules import rules

CONFIG = Path(__file__).parents[2] / "prometheus/alertmanager.yml"
ALERTS: dict[str, dict[str, str]] = {rule["alert"]: rule["labels"] for rule in rules("alert")}


def amtool(*arguments: str | Path) -> str:
    argv = [program("amtool"), *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True).stdout


def configuration() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.read_text())
    return loaded


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_amtool_accepts_the_configuration() -> None:
    assert "SUCCESS" in amtool("check-config", CONFIG)


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_reaches_its_receiver(name: str) -> None:
    labels = ALERTS[name]
    receiver = "simulator" if labels["component"] == "simulator" else "device"
    receiver = "none" if labels["severity"] == "info" and receiver == "device" else receiver
    receiver = "watchdog" if name == "EcotrackWatchdog" else receiver
    arguments = [f"{key}={value}" for key, value in {"alertname": name, **labels}.items()]
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *arguments).strip() == receiver


def test_alerts_about_a_simulated_cluster_are_information() -> None:
    assert {labels["severity"] for labels in ALERTS.values() if labels["component"] == "simulator"} == {"info"}


def test_no_receiver_needs_a_secret() -> None:
    assert all(set(receiver) == {"name"} for receiver in configuration()["receivers"])
