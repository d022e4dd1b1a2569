"""Alertmanager's configuration: accepted by amtool, needs no secret, and sends each alert where it should go."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.budget import BURN_ALERTS
from prometheus.budget_alerts import budget_alerts, ecoguard_alert
from prometheus.data_quality_alerts import data_quality_alerts, sampling_alerts
from prometheus.exporter_alerts import conduct_alerts, exporter_alerts, presence_alerts
from prometheus.opportunity_alerts import opportunity_alerts
from prometheus.process_alerts import process_alerts
from prometheus.sensor_alerts import sensor_alerts
from prometheus.simulator_alerts import simulator_alerts
from tests.processes import TOOL_SECONDS, program

CONFIG = Path(__file__).parents[2] / "prometheus/alertmanager.yml"
EVERY = (
    *budget_alerts(BURN_ALERTS),
    ecoguard_alert(),
    *data_quality_alerts(),
    *sampling_alerts(),
    *conduct_alerts(),
    *opportunity_alerts(),
    *process_alerts(),
    *sensor_alerts(),
    *exporter_alerts(),
    *presence_alerts(),
    *simulator_alerts(),
)
ALERTS = {alert.name: alert for alert in EVERY}


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
    labels = [f"{key}={value}" for key, value in {"alertname": name, **ALERTS[name].labels}.items()]
    receiver = "simulator" if ALERTS[name].component == "simulator" else "device"
    receiver = "none" if ALERTS[name].severity == "info" and receiver == "device" else receiver
    receiver = "watchdog" if name == "EcotrackWatchdog" else receiver
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels).strip() == receiver


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_information_notifies_nobody() -> None:
    labels = ("alertname=EcotrackGridClean", "severity=info", "component=opportunity", "scope=device")
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", *labels).strip() == "none"


def test_alerts_about_a_simulated_cluster_are_information() -> None:
    assert {alert.severity for alert in simulator_alerts()} == {"info"}


def test_no_receiver_needs_a_secret() -> None:
    assert all(set(receiver) == {"name"} for receiver in configuration()["receivers"])


def test_the_muting_alert_arrives_before_the_first_notification() -> None:
    assert configuration()["route"]["group_wait"] == "30s"
