"""The Compose stack, run for real: both images built, started by Compose, watched, killed, replaced and removed."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.containers.engine import missing, running_engine
from tests.containers.images import bring_images
from tests.containers.stack import SERVICES, Stack, running_stack
from tests.processes import ending, until

pytestmark = [pytest.mark.servers, pytest.mark.full]

LIFETIME = "ecotrack_lifetime_energy_joules"
BEGAN = "ecotrack_lifetime_start_timestamp_seconds"
SOCKETS = 300
"""Sockets that the test opens: more than open and close by themselves meanwhile."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if lacking := missing():
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("containers")
    for each in (folder, folder.parent):
        each.chmod(0o755)  # the containers' users read files below it
    with running_engine(folder / "engine.log") as engine:
        bring_images(engine, folder / "images")
        with running_stack(engine, folder / "stack") as running:
            yield running


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_healthy_and_was_never_restarted(stack: Stack, name: str) -> None:
    container = stack.container(name)
    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["RestartCount"] == 0


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_runs_without_rights(stack: Stack, name: str) -> None:
    status = stack.status(name)
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert {key: int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == dict.fromkeys(
        ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"), 0
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_can_be_written_but_state_and_tmp(stack: Stack, name: str) -> None:
    container = stack.container(name)
    rows = [line.split() for line in Path(f"/proc/{container['State']['Pid']}/mountinfo").read_text().splitlines()]
    writable = {row[4] for row in rows if "rw" in row[5].split(",")}
    state = {mount["Destination"] for mount in container["Mounts"] if mount["RW"]}
    # The kernel's own places, which every container has, and three files of names that the engine keeps.
    engines = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
    others = {place for place in writable if not place.startswith(("/dev", "/proc", "/sys/fs/cgroup", "/host/sys/"))}
    assert others - engines == state | {"/tmp"}  # noqa: S108 - a folder inside the container
    # Engines before 25 make a mount read-only and not those below it; these belong to root, which this user is not.
    for place in (place for place in writable if place.startswith("/host/sys/")):
        found = Path(f"/proc/{container['State']['Pid']}/root{place}").stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o002) == (0, 0, 0), place


def test_prometheus_scrapes_every_service(stack: Stack) -> None:
    def health() -> dict[str, str]:
        found = stack.get("prometheus", "/api/v1/targets?state=active").json()["data"]["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in found}

    until(lambda: health() == dict.fromkeys(SERVICES, "up"), "the first scrape of every target")


def after(stack: Stack, moment: float) -> dict[str, float]:
    """Return the exporter's series of a sample that began after the moment."""
    until(lambda: stack.get("ecotrack", "/api/v1/summary").json()["sampled_at"] > moment, "the next sample")
    return stack.metrics()


def test_the_hosts_bytes_are_counted_and_not_the_containers(stack: Stack) -> None:
    """Between two samples the host's cards carry what is counted; what the container itself answers goes over none."""

    def card_bytes() -> int:
        devices = [path.name for path in Path("/sys/class/net").iterdir() if "/virtual/" not in str(path.resolve())]
        return sum(psutil.net_io_counters(pernic=True)[name].bytes_sent for name in devices)

    def counted(metrics: dict[str, float]) -> float:
        rows = (item for item in metrics.items() if item[0].startswith("ecotrack_network_bytes_total{"))
        return sum(value for name, value in rows if 'direction="transmit"' in name)

    before = card_bytes()
    first = counted(after(stack, time.time()))
    between = card_bytes()
    answered = sum(len(stack.get("ecotrack", "/metrics").content) for _ in range(100))
    until_second = card_bytes()
    second = counted(after(stack, time.time()))
    last = card_bytes()
    assert until_second - between <= second - first <= last - before
    assert answered > 1_000_000
    assert second - first < answered or last - before >= answered


def test_the_hosts_sockets_are_seen(stack: Stack) -> None:
    name = 'ecotrack_sockets{kind="inuse",protocol="tcp"}'
    before = after(stack, time.time())[name]
    with contextlib.ExitStack() as opened:
        for _ in range(SOCKETS):
            opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        assert after(stack, time.time())[name] >= before + SOCKETS / 2


def busy_and_awake() -> tuple[float, float]:
    """Return the seconds that this machine's processors were busy, and those that they were awake."""
    times = psutil.cpu_times()
    busy = times.user + times.nice + times.system + times.irq + times.softirq
    return busy, busy + times.idle + times.iowait + times.steal


def test_the_hosts_processors_are_seen(stack: Stack) -> None:
    """A program outside every container keeps one busy; of some intervals, one at least is told as the host does."""
    errors: list[float] = []
    with ending(subprocess.Popen([sys.executable, "-c", "while True: pass"])):
        after(stack, time.time())
        begin = busy_and_awake()
        for _ in range(6):
            told = after(stack, time.time())["ecotrack_cpu_utilization_ratio"]
            end = busy_and_awake()
            expected = (end[0] - begin[0]) / (end[1] - begin[1])
            assert expected > 0.5 / (psutil.cpu_count() or 1)
            errors.append(abs(told - expected))
            begin = end
    assert min(errors) < 0.1, errors


def test_a_used_up_budget_reaches_the_receiver_with_links(stack: Stack) -> None:
    def exhausted() -> list[dict[str, str]]:
        found = (alert for alert in stack.alerts() if alert["labels"]["alertname"] == "EcotrackBudgetExhausted")
        return [alert["annotations"] for alert in found]

    until(lambda: bool(exhausted()), "the alert on a used-up budget", timeout=900)
    assert exhausted()[0]["summary"] == "ecotrack:10110 has used up its carbon budget for the day"
    assert {"dashboard_url", "runbook_url"} <= exhausted()[0].keys()


def test_totals_survive_a_kill_and_a_new_image(stack: Stack) -> None:
    first = stack.metrics()
    kept = after(stack, time.time())
    stack.engine.docker("kill", "ecotrack-ecotrack-1")
    stack.up("ecotrack")
    killed = stack.metrics()
    assert killed[BEGAN] == kept[BEGAN]
    assert killed[LIFETIME] >= first[LIFETIME] > 0

    old = stack.container("ecotrack")
    stack.label("second")
    stack.compose("build", "ecotrack")
    stack.up("ecotrack")
    new = stack.container("ecotrack")
    assert new["Image"] != old["Image"]
    assert new["Config"]["Labels"]["revision"] == "second"
    replaced = stack.metrics()
    assert replaced[BEGAN] == kept[BEGAN]
    assert replaced[LIFETIME] >= killed[LIFETIME]
