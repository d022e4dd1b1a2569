"""An agent on a device sends what it scrapes on, and the rules and alerts of the receiver work with that.

The shipped configuration runs on a short clock, and the receiver as docs/how-to/send-from-small-devices.md says.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from prometheus.exporter_alerts import SENT_BEFORE
from prometheus.recording import SCOPE_RATE
from tests.processes import free_port, running_alertmanager, until
from tests.prometheus import stack
from tests.prometheus.agents import (
    LABELS,
    SHIPPED,
    network_to,
    running_agent,
    running_central,
    times,
    write_agent,
)
from tests.prometheus.devices import LIMIT, Device

PAGE = (Path(__file__).parents[2] / "docs/how-to/send-from-small-devices.md").read_text(encoding="utf-8")
OUTAGE_SECONDS = 12
HURRIED = {"10m": "20s", "1h": "30s", "1d": "10m"}
LOOKBACK_SECONDS = 15
"""As `HURRIED`: the time for which a last value is shown, longer than samples wait on a busy machine."""

UP = 'up{job="ecotrack"}'

RETENTION_SECONDS = 15
SHORT_RETENTION = (
    f"--storage.agent.retention.max-time={RETENTION_SECONDS}s",
    "--storage.agent.retention.min-time=1s",
    f"--storage.agent.wal-truncate-frequency={RETENTION_SECONDS // 2}s",
)
"""An agent that keeps for seconds what the default keeps for four hours, and looks as often in that time."""

MORE_THAN_A_QUEUE = 1500
"""Series of a device, such that the queue of the shipped agent does not hold one scrape: what waits is in the log."""

FLUSH = "--storage.remote.flush-deadline=1s"
"""At its end an agent tries for so long to send what it has; by default for a minute."""


def of_the_receiver() -> dict[str, Any]:
    """Return what the page says that the configuration of a receiver needs."""
    found = re.search(r"```yaml\n# of the receiver\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    needed: dict[str, Any] = yaml.safe_load(found[1])
    return needed


def receiving(folder: Path, alertmanager: str = "127.0.0.1:9") -> Path:
    """Write the committed configuration on a short clock, with what the page says that a receiver needs.

    A device is silent after seconds: EcotrackSilent looks as far back as `HURRIED` says.
    """
    path = stack.write_prometheus(folder, exporters=(), alertmanager=alertmanager)
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | of_the_receiver()))
    hurry(folder / "rules")
    return path


def hurry(rules: Path) -> None:
    """Let EcotrackSilent look back for seconds, in the rules of a folder."""
    file = rules / "ecotrack-alerts.yml"
    document = yaml.safe_load(file.read_text())
    for rule in (rule for group in document["groups"] for rule in group["rules"]):
        if rule.get("alert") == "EcotrackSilent":
            for ago in SENT_BEFORE:
                rule["expr"] = rule["expr"].replace(f"offset {ago}", f"offset {HURRIED[ago]}")
    file.write_text(yaml.safe_dump(document))


def test_the_shipped_agent_and_the_alert_name_the_device_alike() -> None:
    [job] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["scrape_configs"]
    assert {"job": job["job_name"]} | job["static_configs"][0]["labels"] == LABELS
    assert HURRIED.keys() == set(SENT_BEFORE)


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_what_an_agent_scrapes_while_the_receiver_is_away_arrives_afterwards(tmp_path: Path) -> None:
    """A second receiver, which is never away, tells what there was to arrive."""
    away, steady = tmp_path / "away", tmp_path / "steady"
    steady.mkdir()
    away.mkdir()
    plain = tmp_path / "plain.yml"
    plain.write_text("{}", encoding="utf-8")
    with (
        stack.exposition("ecotrack_config_last_reload_successful 1\n") as exporter,
        running_central(receiving(away), away, port=free_port()) as central,
        running_central(plain, steady, port=free_port()) as other,
        network_to(central) as network,
        running_agent(write_agent(tmp_path, exporter=exporter, receivers=[network.url, other]), tmp_path),
    ):
        until(lambda: len(times(central, UP, 600)) >= 3, "the first samples")
        network.break_off()
        before = times(central, UP, 600)[-1]
        until(lambda: times(other, UP, 600)[-1] > before + OUTAGE_SECONDS, "what is scraped in the outage")
        assert times(central, UP, 600)[-1] < before + OUTAGE_SECONDS / 2
        network.is_up = True
        last = times(other, UP, 600)[-1]
        until(lambda: times(central, UP, 600)[-1] >= last, "what has been kept")
        assert until_then(central, last) == until_then(other, last)
        asked = {"match[]": "ecotrack_config_last_reload_successful"}
        [told] = requests.get(f"{central}/api/v1/series", params=asked, timeout=240).json()["data"]
        assert told == {"__name__": "ecotrack_config_last_reload_successful", **LABELS}


def until_then(server: str, moment: float) -> list[float]:
    return [at for at in times(server, UP, 600) if at <= moment]


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize(("needed", "lost"), [(True, False), (False, True)], ids=["as the page says", "without"])
def test_a_prometheus_takes_old_samples_only_with_the_setting_of_the_page(
    tmp_path: Path, needed: bool, lost: bool
) -> None:
    """Of a database whose blocks are of ten seconds, samples of more than five are old; of two hours, of one."""
    with (
        stack.exposition("one 1\n") as exporter,
        stack.exposition("another 1\n") as other,
        running_central(
            central_configuration(tmp_path, other, needed=needed),
            tmp_path,
            port=free_port(),
            flags=["--storage.tsdb.min-block-duration=10s"],
        ) as central,
        network_to(central) as network,
        running_agent(write_agent(tmp_path, exporter=exporter, receivers=[network.url]), tmp_path),
    ):
        until(lambda: len(times(central, UP, 600)) >= 3, "the first samples")
        network.break_off()
        before = times(central, UP, 600)[-1]
        until(lambda: times(central, OTHER, 600)[-1] > before + 2 * OUTAGE_SECONDS, "newer samples of others")
        network.is_up = True
        until(lambda: times(central, UP, 600)[-1] > before + 2 * OUTAGE_SECONDS, "the samples after the outage")
        until(lambda: times(central, OTHER, 600)[-1] > before + 4 * OUTAGE_SECONDS, "the old ones, if they come")
        in_outage = [at for at in times(central, UP, 600) if before < at < before + OUTAGE_SECONDS]
        assert (len(in_outage) < OUTAGE_SECONDS / 2) == lost


OTHER = 'up{job="other"}'


def central_configuration(folder: Path, scraped: str, *, needed: bool) -> Path:
    """Write a receiver that scrapes a target of its own, with or without what the page says that it needs."""
    job = {"job_name": "other", "static_configs": [{"targets": [scraped]}]}
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
    path = folder / "central.yml"
    path.write_text(yaml.safe_dump(config | (of_the_receiver() if needed else {})), encoding="utf-8")
    return path


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_alerts_fire_on_what_an_agent_sends_and_on_its_silence(tmp_path: Path) -> None:
    laptop = Device("laptop", used=1.02 * LIMIT)
    with (
        stack.answering(lambda _path: laptop.exposition() if laptop.answers else None) as exporter,
        stack.webhook() as (url, told),
        running_alertmanager(stack.write_alertmanager(tmp_path, webhook=url), tmp_path) as alertmanager,
    ):
        config = receiving(tmp_path, alertmanager.removeprefix("http://"))
        with running_central(
            config, tmp_path, port=free_port(), flags=[f"--query.lookback-delta={LOOKBACK_SECONDS}s"]
        ) as central:
            with running_agent(write_agent(tmp_path, exporter=exporter, receivers=[central]), tmp_path):
                until(lambda: is_told(told, "EcotrackBudgetExhausted", "firing"), "the budget that is used up")
                until(lambda: stack.values(central, f"count({SCOPE_RATE})") == [1.0], "the recorded series")
                laptop.answers = False
                until(lambda: is_told(told, "EcotrackDown", "firing"), "the exporter that does not answer")
                laptop.answers = True
                until(lambda: is_told(told, "EcotrackDown", "resolved"), "the exporter that answers again")
                assert not is_told(told, "EcotrackSilent", "firing")
            until(lambda: is_told(told, "EcotrackSilent", "firing"), "the agent that sends nothing")
            with running_agent(write_agent(tmp_path, exporter=exporter, receivers=[central]), tmp_path):
                until(lambda: is_told(told, "EcotrackSilent", "resolved"), "the agent that sends again")
    [silent] = [one for one in told if one["labels"]["alertname"] == "EcotrackSilent" and one["status"] == "firing"][:1]
    assert silent["labels"] | LABELS == silent["labels"]
    assert silent["annotations"]["summary"] == "The agent of laptop has stopped sending"


def is_told(told: list[dict[str, Any]], name: str, status: str) -> bool:
    return any((one["labels"]["alertname"], one["status"]) == (name, status) for one in told)


@pytest.mark.full
@pytest.mark.servers
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("restarts", [True, False], ids=["a restart", "twice the retention"])
def test_what_an_agent_loses(tmp_path: Path, restarts: bool) -> None:
    """A second receiver, which is never away, tells what there was to lose."""
    plain = tmp_path / "plain.yml"
    plain.write_text("{}", encoding="utf-8")
    retention = [] if restarts else SHORT_RETENTION
    many = "".join(f'one{{number="{number}"}} 1\n' for number in range(MORE_THAN_A_QUEUE))
    away, steady = tmp_path / "away", tmp_path / "steady"
    away.mkdir()
    steady.mkdir()
    with (
        stack.exposition(many) as exporter,
        running_central(plain, away, port=free_port()) as central,
        running_central(plain, steady, port=free_port()) as other,
        network_to(central) as network,
    ):
        config = write_agent(tmp_path, exporter=exporter, receivers=[network.url, other])
        with running_agent(config, tmp_path, *retention, FLUSH):
            until(lambda: len(times(central, UP, 600)) >= 2 * RETENTION_SECONDS, "a log of several files")
            network.break_off()
            before = times(central, UP, 600)[-1]
            until(lambda: times(other, UP, 600)[-1] > before + 2 * RETENTION_SECONDS, "the outage")
            network.is_up = not restarts
            if not restarts:
                until(lambda: times(central, UP, 600)[-1] > before + 2 * RETENTION_SECONDS, "what follows it")
        if restarts:
            network.is_up = True
            with running_agent(config, tmp_path, FLUSH):
                until(lambda: times(central, UP, 600)[-1] > before + 2 * RETENTION_SECONDS, "what follows it")
        arrived, scraped = (
            [at for at in times(server, UP, 600) if before + 2 < at < before + 2 * RETENTION_SECONDS - 2]
            for server in (central, other)
        )
        assert len(scraped) > RETENTION_SECONDS
        assert len(arrived) < len(scraped) / 4
