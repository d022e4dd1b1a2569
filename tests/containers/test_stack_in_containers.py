"""The Compose stack, run for real: both images built, started by Compose, watched, killed, replaced and removed."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from tests.containers.engine import Engine, missing, running_engine
from tests.containers.images import bring_images
from tests.containers.stack import SERVICES, WATCHING, WITH_SIMULATOR, Stack, running_fleet, running_host, running_stack
from tests.processes import ending, until

pytestmark = [pytest.mark.servers, pytest.mark.full]

LIFETIME = "ecotrack_lifetime_energy_joules"
BEGAN = "ecotrack_lifetime_start_timestamp_seconds"
SOCKETS = 300
"""Sockets that the test opens: more than open and close by themselves meanwhile."""

RULES_SECONDS = 900.0
"""Longest time in seconds until rules show a change: some are evaluated every four minutes, and one that has just been
evaluated may see half of it at the next."""

DEVICES = ("workshop-1", "search-1")
"""Services that are devices of a fleet."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("containers")
    for each in (folder, folder.parent):
        each.chmod(0o755)  # the containers' users read files below it
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Engine]:
    if lacking := missing():
        pytest.skip(lacking)
    with running_engine(folder / "engine.log") as engine:
        bring_images(engine, folder / "images")
        yield engine


@pytest.fixture(scope="module")
def plain(engine: Engine, folder: Path) -> Iterator[Stack]:
    """Start the stack without a profile."""
    with running_stack(engine, folder / "stack") as running:
        yield running


@pytest.fixture(scope="module")
def stack(plain: Stack) -> Stack:
    """Add the simulator to the running stack, by its profile."""
    plain.up(*WITH_SIMULATOR, profile="sim")
    return plain


@pytest.fixture(scope="module")
def fleet(stack: Stack, folder: Path) -> Iterator[Stack]:
    """Start the watch of a fleet beside the stack, whose images it takes."""
    with running_fleet(stack.engine, folder / "fleet", DEVICES) as running:
        yield running


def test_without_the_profile_no_simulator_runs_and_none_is_missed(plain: Stack) -> None:
    assert plain.services() == {*SERVICES, "receiver"}
    addresses = ("alertmanager:9093", "ecotrack:10110", "prometheus:9090")
    until(lambda: plain.health() == dict.fromkeys(addresses, "up"), "the first scrape of every target")
    states = plain.rule_states("ecochain-alerts")
    assert "EcochainAbsent" in states
    assert set(states.values()) == {"inactive"}


@pytest.mark.parametrize("name", WITH_SIMULATOR)
def test_every_service_is_healthy_and_was_never_restarted(stack: Stack, name: str) -> None:
    container = stack.container(name)
    assert container["State"]["Health"]["Status"] == "healthy"
    assert container["RestartCount"] == 0


@pytest.mark.parametrize("name", WITH_SIMULATOR)
def test_every_service_runs_without_rights(stack: Stack, name: str) -> None:
    status = stack.status(name)
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert {key: int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == dict.fromkeys(
        ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"), 0
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.parametrize("name", WITH_SIMULATOR)
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


def test_prometheus_scrapes_every_service_and_the_simulator_by_its_name(stack: Stack) -> None:
    addresses = ("alertmanager:9093", "ecochain:10111", "ecotrack:10110", "prometheus:9090")
    until(lambda: stack.health() == dict.fromkeys(addresses, "up"), "the first scrape of every target")


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

    until(lambda: bool(exhausted()), "the alert on a used-up budget", timeout=RULES_SECONDS)
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


def test_a_simulator_that_ends_is_missed_and_one_that_is_back_is_not(stack: Stack) -> None:
    def missed() -> set[str]:
        states = stack.rule_states("ecochain-alerts")
        return {name for name in ("EcochainAbsent", "EcochainDown") if states[name] != "inactive"}

    assert not missed()
    stack.engine.docker("kill", "ecotrack-ecochain-1")
    until(lambda: bool(missed()), "an alert on the simulator", timeout=RULES_SECONDS)
    stack.up(*WITH_SIMULATOR, profile="sim")
    until(lambda: not missed(), "the end of the alert", timeout=RULES_SECONDS)


def devices(fleet: Stack, *targets: tuple[str, str]) -> None:
    """List devices for Prometheus, each with its team, in the file that it reads while it runs."""
    groups = [{"targets": [target], "labels": {"team": team}} for target, team in targets]
    (fleet.folder / "targets/ecotrack.yml").write_text(yaml.safe_dump(groups))


def of_devices(fleet: Stack) -> dict[str, str]:
    return {address: health for address, health in fleet.health().items() if address.endswith(":10110")}


def test_a_fleet_is_watched_without_an_exporter_and_a_simulator_of_its_own(fleet: Stack) -> None:
    assert fleet.services() == {*WATCHING, *DEVICES, "receiver"}
    for name in WATCHING:
        assert fleet.container(name)["State"]["Health"]["Status"] == "healthy"
    shipped = {f"{name}.example.org:10110" for name in ("search-1", "search-2", "workshop-1")}
    until(lambda: of_devices(fleet) == dict.fromkeys(shipped, "down"), "the first scrape of every target")


def test_devices_of_a_fleet_are_found_by_a_file_and_recorded_by_team(fleet: Stack) -> None:
    devices(fleet, ("workshop-1:10110", "workshop"), ("search-1:10110", "search"), ("nobody:10110", "search"))
    expected = {"workshop-1:10110": "up", "search-1:10110": "up", "nobody:10110": "down"}
    until(lambda: of_devices(fleet) == expected, "the first scrape of the listed devices")
    seen = {"workshop": 1.0, "search": 1.0}
    until(lambda: fleet.recorded("team:ecotrack_devices:seen") == seen, "both teams", timeout=RULES_SECONDS)
    grams = "team:ecotrack_emissions_grams:rate5m"
    until(
        lambda: fleet.recorded(grams).keys() == {"workshop", "search"}, "the grams of both teams", timeout=RULES_SECONDS
    )
    assert min(fleet.recorded(grams).values()) > 0
    # An hour without the simulator's job would not have it missed: there never was one.
    assert set(fleet.rule_states("ecochain-alerts").values()) == {"inactive"}


def test_a_device_of_a_fleet_that_is_silent_reaches_the_receiver_with_its_team(fleet: Stack) -> None:
    def down() -> list[dict[str, str]]:
        return [one["labels"] for one in fleet.alerts() if one["labels"]["alertname"] == "EcotrackDown"]

    def named() -> set[tuple[str, str]]:
        return {(labels["instance"], labels["team"]) for labels in down()}

    until(lambda: ("nobody:10110", "search") in named(), "the alert on the silent device", timeout=RULES_SECONDS)
    assert not {instance for instance, _ in named()} & {f"{name}:10110" for name in DEVICES}


def test_the_watch_of_a_fleet_can_watch_its_own_machine(fleet: Stack) -> None:
    devices(fleet, ("workshop-1:10110", "workshop"), ("ecotrack:10110", "watch"))
    fleet.up(*WATCHING, "ecotrack", profile="host")
    until(lambda: of_devices(fleet) == {"workshop-1:10110": "up", "ecotrack:10110": "up"}, "the own exporter")


def test_the_addition_for_a_host_gives_a_group_and_programs_and_no_rights(plain: Stack, folder: Path) -> None:
    """A program outside every container, with a name that no other has, is told by that name."""
    name, group = "outside-of-all", 54_321
    program = shutil.copy(shutil.which("bash") or "", folder / name)
    argv = [program, "-c", "while true; do true; done"]
    with running_host(plain.engine, folder / "host", group) as host, ending(subprocess.Popen(argv)):
        status = host.status("ecotrack")
        assert str(group) in status["Groups"].split()
        assert "0" not in status["Uid"].split() + status["Gid"].split() + status["Groups"].split()
        assert int(status["CapBnd"], 16) == int(status["CapEff"], 16) == 0
        seconds = f'ecotrack_process_group_cpu_seconds_total{{group="{name}"}}'
        until(lambda: host.metrics().get(seconds, 0.0) > 0, "the program's time")
