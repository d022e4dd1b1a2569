"""From an exporter over its budget to the text that a person receives, through real Prometheus and Alertmanager.

The configuration is the committed one, with every interval, `for` and wait shortened (see `stack`).
"""

import contextlib
import itertools
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.processes import TOOL_SECONDS, free_port, program, running_alertmanager, running_prometheus, until
from tests.prometheus import stack
from tests.prometheus.devices import LEAP_GRAMS, LIMIT, serving_devices
from tests.prometheus.test_delay import PROMISED_SECONDS

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("generation")]

# At 8 W and 475 g/kWh a second emits one milligram, so no sample is seen that has used most of the budget, not all.
TINY, AMPLE = 0.0001, 1000.0
EXHAUSTED = "EcotrackBudgetExhausted"
FAILING = 'ecotrack_collector_success{collector="disk"} 0\n'


def is_notified(received: list[dict[str, Any]], name: str, status: str) -> bool:
    return any(alert["labels"]["alertname"] == name and alert["status"] == status for alert in received)


def is_muted_by(alertmanager: str, muted: tuple[str, str], muting: tuple[str, str]) -> bool:
    alerts = stack.active_alerts(alertmanager)
    if muted not in alerts or muting not in alerts:
        return False
    return alerts[muting]["fingerprint"] in alerts[muted]["status"]["inhibitedBy"]


def test_an_exhausted_budget_notifies_once_mutes_the_burn_rate_and_resolves(tmp_path: Path) -> None:
    port = free_port()
    instance = f"127.0.0.1:{port}"
    exhausted, fast = ("EcotrackBudgetExhausted", instance), ("EcotrackDailyBudgetFastBurn", instance)
    with (
        stack.webhook() as (url, received),
        running_alertmanager(stack.write_alertmanager(tmp_path, webhook=url), tmp_path) as alertmanager,
    ):
        config = stack.write_prometheus(
            tmp_path, exporters=[instance], alertmanager=alertmanager.removeprefix("http://")
        )
        with running_prometheus(config, tmp_path):
            with stack.exporter(tmp_path, port=port, day_grams=TINY):
                until(lambda: is_notified(received, exhausted[0], "firing"), "the notification")
                until(lambda: is_muted_by(alertmanager, fast, exhausted), "the muted burn rate")
                while_exhausted = [*received]
            with stack.exporter(tmp_path, port=port, day_grams=AMPLE):
                until(lambda: is_notified(received, exhausted[0], "resolved"), "the recovery")
    # An exporter that is slow to start is told of as one that is down; that has nothing to do with its budget.
    of_budget = [alert for alert in while_exhausted if alert["labels"]["component"] == "budget"]
    assert {(alert["labels"]["alertname"], alert["status"]) for alert in of_budget} == {(exhausted[0], "firing")}
    firing = of_budget[0]
    assert firing["labels"] | {"period": "day", "severity": "critical", "component": "budget"} == firing["labels"]
    assert firing["annotations"]["summary"] == f"{instance} has used up its carbon budget for the day"
    told = re.fullmatch(
        rf"{instance} has used (\d[\d.]*) mg CO2e this day, (\d[\d.e+]*)% of its budget of 100 ug\. "
        r"The budget starts again with the next day\. Postpone what can wait until then\.",
        firing["annotations"]["description"],
    )
    assert told is not None
    # Both are of the same instant, so they agree but for the rounding of each to four digits.
    assert float(told[2]) == pytest.approx(float(told[1]) * 1000, rel=2e-3)
    assert firing["annotations"]["runbook_url"].endswith("/docs/runbooks/budget.md#ecotrackbudgetexhausted")


def test_burn_projection_silence_and_recovery_are_told_and_a_simulator_apart(tmp_path: Path) -> None:
    """Values move at once, and every `for` and wait is short; the windows of the rules are the shipped ones."""
    fast, slow = ("EcotrackDailyBudgetFastBurn", "burning"), ("EcotrackDailyBudgetSlowBurn", "burning")
    overrun = "EcotrackBudgetOverrunProjected"
    with (
        serving_devices(["burning", "projected", "silenced"]) as devices,
        stack.exposition("ecochain_config_last_reload_successful 0\n") as simulator,
        stack.webhook() as (url, received),
        running_alertmanager(stack.write_alertmanager(tmp_path, webhook=url), tmp_path) as alertmanager,
    ):
        address = alertmanager.removeprefix("http://")
        config = stack.write_prometheus(
            tmp_path, exporters=(), alertmanager=address, devices=devices.targets(), simulators=[simulator]
        )
        # Half an hour of projections above the limit is what the alert waits for: it knows of no lower one.
        for name in ("projected", "silenced"):
            devices.by_name[name].projected = 1.2 * LIMIT
        silence = amtool(
            alertmanager, "silence", "add", "instance=silenced", "--author=a test", "--comment=known"
        ).strip()
        with running_prometheus(config, tmp_path) as prometheus:
            seen = "count(count_over_time(ecotrack_emissions_grams_total[5m]) >= 2)"
            until(lambda: stack.values(prometheus, seen) == [3.0], "two samples of each")
            assert about(received, "burning", fast[0]) == []
            devices.by_name["burning"].emitted = LEAP_GRAMS
            until(lambda: is_notified(received, fast[0], "firing"), "the burn")
            until(lambda: is_muted_by(alertmanager, slow, fast), "the muted slow burn")
            until(lambda: about(received, "projected", overrun) == ["firing"], "the projection")
            until(lambda: is_silenced(alertmanager, (overrun, "silenced")), "the silenced projection")
            assert about(received, "silenced", overrun) == []
            amtool(alertmanager, "silence", "expire", silence)
            until(lambda: about(received, "silenced", overrun) == ["firing"], "the projection, not silenced")
            devices.by_name["projected"].projected = 0.8 * LIMIT
            ended = ["firing", "resolved"]
            until(lambda: about(received, "projected", overrun) == ended, "the recovery")
            reload = "EcochainConfigReloadFailed"
            until(lambda: is_notified(received, reload, "firing"), "the simulator's")
    assert not is_notified(received, slow[0], "firing")
    of_simulators = {alert["labels"].get("component") == "simulator" for alert in received}
    assert of_simulators == {True, False}
    for alert in received:
        apart = alert["labels"].get("component") == "simulator"
        assert alert["receiver"] == ("simulator" if apart else "device")


def about(received: list[dict[str, Any]], instance: str, name: str) -> list[str]:
    """Return what has been told of one alert of a device, without repetitions."""
    states = [
        alert["status"]
        for alert in received
        if (alert["labels"].get("instance"), alert["labels"]["alertname"]) == (instance, name)
    ]
    return [state for state, _ in itertools.groupby(states)]


def is_silenced(alertmanager: str, alert: tuple[str, str]) -> bool:
    found = stack.active_alerts(alertmanager).get(alert)
    return found is not None and bool(found["status"]["silencedBy"])


def amtool(alertmanager: str, *arguments: str) -> str:
    argv = [program("amtool"), f"--alertmanager.url={alertmanager}", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True).stdout


@pytest.mark.full
def test_on_the_shipped_clock_a_used_up_budget_arrives_in_two_minutes_and_alone(tmp_path: Path) -> None:
    """Nothing of the shipped files is changed but addresses: the burn that is fast and slow at once stays muted."""
    with (
        serving_devices(["laptop", "quiet"]) as devices,
        stack.webhook() as (url, received),
        running_alertmanager(stack.write_shipped_alertmanager(tmp_path, webhook=url), tmp_path) as alertmanager,
    ):
        address = alertmanager.removeprefix("http://")
        config = stack.write_shipped(tmp_path, targets=devices.targets(), alertmanager=address)
        with running_prometheus(config, tmp_path) as prometheus:
            laptop = devices.by_name["laptop"]
            seen = "count(count_over_time(ecotrack_emissions_grams_total[5m]) >= 2)"
            until(lambda: stack.values(prometheus, seen) == [2.0], "two samples of each")
            laptop.used, laptop.emitted = 1.02 * LIMIT, LEAP_GRAMS
            until(lambda: is_notified(received, EXHAUSTED, "firing"), "the notification")
            muting = (EXHAUSTED, "laptop")
            burns = [(f"EcotrackDailyBudget{burn}Burn", "laptop") for burn in ("Fast", "Slow")]
            until(lambda: all(is_muted_by(alertmanager, one, muting) for one in burns), "the muted burns")
            [since] = stack.values(prometheus, f'ALERTS_FOR_STATE{{alertname="{EXHAUSTED}", instance="laptop"}}')
    budget = [alert for alert in received if alert["labels"]["component"] == "budget"]
    assert {(alert["labels"]["alertname"], alert["labels"]["instance"]) for alert in budget} == {(EXHAUSTED, "laptop")}
    started = datetime.fromisoformat(budget[0]["startsAt"]).timestamp()
    # Prometheus fires at an evaluation, a minute after the first one unless it missed that.
    assert 60 <= round(started - since, 3) <= 80
    assert budget[0]["arrived"] - since <= PROMISED_SECONDS


def test_an_exporter_that_is_down_mutes_its_own_data_quality_alerts(tmp_path: Path) -> None:
    with (
        stack.webhook() as (url, received),
        running_alertmanager(stack.write_alertmanager(tmp_path, webhook=url), tmp_path) as alertmanager,
        stack.exposition(FAILING) as staying,
        contextlib.ExitStack() as leaving,
    ):
        gone = leaving.enter_context(stack.exposition(FAILING))
        failing, down = ("EcotrackCollectorFailing", gone), ("EcotrackDown", gone)
        config = stack.write_prometheus(
            tmp_path, exporters=[staying, gone], alertmanager=alertmanager.removeprefix("http://")
        )
        with running_prometheus(config, tmp_path):
            until(lambda: failing in stack.active_alerts(alertmanager), "the failing collector")
            leaving.close()
            until(lambda: is_notified(received, down[0], "firing"), "the notification")
            until(lambda: is_muted_by(alertmanager, failing, down), "the muted alert")
            other = stack.active_alerts(alertmanager)["EcotrackCollectorFailing", staying]
            assert other["status"]["state"] == "active"
