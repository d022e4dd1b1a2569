"""`make up` and `make down` as a user meets them: real programs, started, watched and stopped."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
import yaml

from scripts.native_prometheus import write_native_configuration
from scripts.services import services
from scripts.supervisor import is_busy, program_of
from tests.grafana.simulated import KEPT_RESULTS
from tests.processes import ending, free_port, until

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("ecotrack", "ecochain", "alertmanager", "prometheus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One supervisor, its ports and what it has printed so far."""

    process: subprocess.Popen[bytes]
    state: Path
    ports: Mapping[str, int]

    @property
    def output(self) -> str:
        return (self.state / "output").read_text()

    def url(self, name: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def busy(self) -> set[str]:
        return {name for name, port in self.ports.items() if is_busy(port)}


def command(state: Path, ports: Mapping[str, int]) -> list[str]:
    flags = [f"--{name}-port={port}" for name, port in ports.items()]
    return [sys.executable, "-m", "scripts.up", f"--state-dir={state}", *flags]


def run_up(state: Path, *flags: str, ports: Mapping[str, int] | None = None) -> subprocess.CompletedProcess[str]:
    argv = [*command(state, ports or {}), *flags]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


@contextlib.contextmanager
def launched(state: Path, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    ports = {name: free_port() for name in (*NAMES, "grafana")}
    state.mkdir(exist_ok=True)
    argv = command(state, ports)
    with (
        (state / "output").open("wb") as output,
        ending(subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)) as process,
    ):
        stack = Stack(process=process, state=state, ports=ports)
        until(lambda: "Ctrl-C" in stack.output or process.poll() is not None, "the stack")
        assert process.poll() is None, stack.output
        yield stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with launched(tmp_path / "state") as running:
        yield running


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def child_named(stack: Stack, program: str) -> int:
    return next(pid for pid in children(stack.process.pid) if Path(f"/proc/{pid}/exe").readlink().name == program)


@pytest.mark.servers
def test_every_service_answers_and_ctrl_c_stops_them_all(stack: Stack) -> None:
    for name in NAMES:
        assert f"http://127.0.0.1:{stack.ports[name]}/" in stack.output
    targets = stack.url("prometheus", "/api/v1/targets?state=active")

    def all_up() -> bool:
        active = requests.get(targets, timeout=240).json()["data"]["activeTargets"]
        return {(target["labels"]["job"], target["health"]) for target in active} == {(n, "up") for n in NAMES}

    until(all_up, "a scrape of every service")
    managers = requests.get(stack.url("prometheus", "/api/v1/alertmanagers"), timeout=240).json()["data"]
    assert [each["url"] for each in managers["activeAlertmanagers"]] == [stack.url("alertmanager", "/api/v2/alerts")]
    rules = requests.get(stack.url("prometheus", "/api/v1/rules"), timeout=240).json()["data"]["groups"]
    assert {group["name"] for group in rules} >= {"ecotrack-budget-alerts", "ecochain-alerts"}

    def links() -> set[str]:
        alerts = requests.get(stack.url("prometheus", "/api/v1/alerts"), timeout=240).json()["data"]["alerts"]
        return {alert["annotations"]["dashboard_url"] for alert in alerts}

    until(lambda: bool(links()), "the alert that always fires")
    assert all(requests.get(link, timeout=240).ok for link in links())

    stack.process.send_signal(signal.SIGINT)
    assert stack.process.wait(240) == 0
    assert stack.output.endswith("All stopped.\n")
    assert stack.busy() == set()


@pytest.mark.servers
def test_the_exporter_runs_by_the_configuration_that_the_environment_names(tmp_path: Path) -> None:
    config = tmp_path / "my {own}.yml"
    config.write_text("budget: {day_grams: 77}\n")
    with launched(tmp_path / "state", {**os.environ, "PATH": str(tmp_path), "ECOTRACK_CONFIG": str(config)}) as stack:
        metrics = requests.get(stack.url("ecotrack", "/metrics"), timeout=240).text
    assert 'ecotrack_budget_limit_grams{period="day"} 77' in metrics


@pytest.mark.servers
def test_the_exporter_gets_the_flags_that_the_environment_names(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path), "ECOTRACK_FLAGS": "--collector.processes"}
    with launched(tmp_path / "state", environment) as stack:
        told = requests.get(stack.url("ecotrack", "/api/v1/processes"), timeout=240).json()
    assert told["groups"] is not None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--collector.process", "ecotrack: unrecognized arguments: --collector.process; see --help\n"),
        ("'--collector.processes", 'make up: ECOTRACK_FLAGS: no closing quotation in "\'--collector.processes"\n'),
    ],
)
def test_a_flag_that_the_exporter_has_not_is_one_line_and_nothing_starts(tmp_path: Path, flags: str, said: str) -> None:
    done = run_up(tmp_path / "state", f"--exporter-flags={flags}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not (tmp_path / "state").exists()


def test_a_flag_with_spaces_and_braces_arrives_as_it_was_given() -> None:
    row, *_ = services(sys.executable, ROOT, ["--path.procfs=my {own} proc"])
    assert row.arguments[-1].format() == "--path.procfs=my {own} proc"


BAD_CONFIGURATIONS = [
    (None, "cannot be read: No such file or directory"),
    (
        "power: {idle: 5}",
        "power.idle: unknown key; known here: preset, machine, tdp_watts, pue, idle_watts, full_watts; "
        "did you mean idle_watts?",
    ),
]


@pytest.mark.parametrize(("text", "said"), BAD_CONFIGURATIONS, ids=["missing", "bad"])
def test_a_configuration_that_cannot_be_used_is_one_line_and_nothing_starts(
    tmp_path: Path, text: str | None, said: str
) -> None:
    config = tmp_path / "ecotrack.yml"
    if text is not None:
        config.write_text(text)
    done = run_up(tmp_path / "state", f"--config-file={config}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"make up: {config}: {said}\n")
    assert not (tmp_path / "state").exists()


@pytest.mark.servers
def test_the_simulator_shows_the_results_that_the_environment_names(tmp_path: Path) -> None:
    results = tmp_path / "my {own} results"
    shutil.copytree(KEPT_RESULTS / "baseline-edge", results / "mine")
    environment = {**os.environ, "PATH": str(tmp_path), "ECOCHAIN_EXPERIMENTS": str(results)}
    with launched(tmp_path / "state", environment) as stack:
        metrics = requests.get(stack.url("ecochain", "/metrics"), timeout=240).text
    assert 'ecochain_experiment_energy_joules{experiment="baseline",method="full",scenario="edge"' in metrics


def test_a_folder_without_results_is_one_line_and_nothing_starts(tmp_path: Path) -> None:
    done = run_up(tmp_path / "state", f"--experiments={tmp_path}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"make up: {tmp_path}: expected folders with a results.json, got none\n"
    assert not (tmp_path / "state").exists()


@pytest.mark.servers
def test_a_second_start_is_refused_and_make_down_stops_the_first(stack: Stack) -> None:
    second = run_up(stack.state)
    assert second.returncode == 2
    assert second.stderr == (f"make up: already running as process {stack.process.pid}; `make down` stops it\n")
    assert stack.busy() == set(NAMES)

    down = run_up(stack.state, "--stop")
    assert (down.returncode, down.stdout) == (0, "Stopped.\n")
    assert stack.process.wait(240) == 0
    assert stack.busy() == set()


@pytest.mark.servers
def test_when_a_service_dies_the_rest_is_stopped_and_its_log_shown(stack: Stack) -> None:
    os.kill(child_named(stack, "prometheus"), signal.SIGKILL)
    assert stack.process.wait(240) == 1
    assert "\nprometheus ended with exit status -9; the end of" in stack.output
    assert stack.busy() == set()


@pytest.mark.servers
def test_services_do_not_outlive_a_killed_supervisor(stack: Stack) -> None:
    stack.process.kill()
    stack.process.wait(240)
    until(lambda: stack.busy() == set(), "the end of the services")
    assert run_up(stack.state, "--stop").stdout == "Nothing is running.\n"


@pytest.mark.servers
def test_missing_programs_are_named_and_this_projects_own_run_alone(tmp_path: Path) -> None:
    with launched(tmp_path / "state", {**os.environ, "PATH": str(tmp_path)}) as stack:
        assert stack.busy() == {"ecotrack", "ecochain"}
        assert "apt-get install prometheus-alertmanager" in stack.output


@pytest.mark.servers
def test_a_busy_port_is_one_line_and_nothing_is_left_running(tmp_path: Path) -> None:
    ports = {name: free_port() for name in NAMES}
    with socket.create_server(("127.0.0.1", ports["prometheus"])):
        done = run_up(tmp_path, ports=ports)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"make up: port {ports['prometheus']} for prometheus is already in use; "
        "free it, or choose another: make up PROMETHEUS_PORT=...\n"
    )
    assert not is_busy(ports["ecotrack"])


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", ""])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    done = run_up(tmp_path, f"--prometheus-port={port}")
    assert done.returncode == 2
    assert done.stderr == f"make up: PROMETHEUS_PORT: expected a port from 1 to 65535, got {port!r}\n"


def test_a_process_that_only_has_the_recorded_number_is_left_alone(tmp_path: Path) -> None:
    with ending(subprocess.Popen(["sleep", "60"])) as stranger:
        (tmp_path / "up.pid").write_text(str(stranger.pid))
        down = run_up(tmp_path, "--stop")
        alive = stranger.poll() is None
    assert (down.returncode, down.stdout) == (0, "Nothing is running.\n")
    assert alive


def test_targets_become_native_addresses(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "rules").mkdir(parents=True)
    (source / "targets").mkdir()
    (source / "prometheus.yml").write_text("scrape_configs: []\n")
    group = {"targets": ["ecotrack:10110", "grafana:3000", "192.0.2.7:10110"], "labels": {"site": "desk"}}
    (source / "targets" / "all.yml").write_text(yaml.safe_dump([group]))

    addresses = {"ecotrack": ["127.0.0.1:20110"], "grafana": []}
    for _ in range(2):  # the second time over the files of the first
        write_native_configuration(source, tmp_path / "native", addresses)

    written = yaml.safe_load((tmp_path / "native" / "targets" / "all.yml").read_text())
    assert written == [{"targets": ["127.0.0.1:20110", "192.0.2.7:10110"], "labels": {"site": "desk"}}]


@pytest.mark.parametrize("addresses", [[], ["127.0.0.1:20111"]])
def test_what_compose_finds_by_its_name_is_listed_natively(tmp_path: Path, addresses: list[str]) -> None:
    write_native_configuration(ROOT / "prometheus", tmp_path, {"ecochain": addresses})
    written = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    shipped = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in written["scrape_configs"]}
    assert "dns_sd_configs" not in "".join(map(str, jobs.values()))
    assert jobs["ecochain"]["static_configs"] == [{"targets": addresses}]
    for job in (job for job in shipped["scrape_configs"] if job["job_name"] != "ecochain"):
        assert jobs[job["job_name"]] == job
    assert {**written, "scrape_configs": []} == {**shipped, "scrape_configs": []}


def native_links(folder: Path, grafana: list[str]) -> dict[str, str]:
    """Return where each alert of the native stack leads to, as a template, with Grafana at these addresses."""
    addresses = {"ecotrack": ["127.0.0.1:20110"], "prometheus": ["127.0.0.1:20090"], "grafana": grafana}
    write_native_configuration(ROOT / "prometheus", folder, addresses)
    groups = [
        group for path in (folder / "rules").glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"]
    ]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 50
    return {alert["alert"]: alert["annotations"]["dashboard_url"] for alert in alerts}


def test_alerts_lead_to_grafana_on_its_own_port_where_it_runs(tmp_path: Path) -> None:
    assert all(
        link.startswith("http://127.0.0.1:20300/d/eco") for link in native_links(tmp_path, ["127.0.0.1:20300"]).values()
    )


def test_alerts_lead_to_a_page_that_answers_where_no_grafana_runs(tmp_path: Path) -> None:
    links = native_links(tmp_path, [])
    assert set(links.values()) == {"http://{{ $labels.instance }}/", "http://127.0.0.1:20090/"}
    assert links["EcotrackBudgetExhausted"] == links["EcochainDown"] == "http://{{ $labels.instance }}/"
    assert links["EcotrackWatchdog"] == "http://127.0.0.1:20090/"


@pytest.mark.servers
def test_the_exporter_runs_alone_where_nothing_else_is_asked_for(tmp_path: Path) -> None:
    with launched(tmp_path / "state", {**os.environ, "ONLY": "ecotrack"}) as stack:
        assert stack.busy() == {"ecotrack"}
        assert "ecochain" not in stack.output


def test_a_service_that_nobody_knows_is_one_line_and_nothing_starts(tmp_path: Path) -> None:
    done = run_up(tmp_path / "state", "--only=ecotrack,ecotrak")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "make up: ONLY: expected names out of ecotrack, ecochain, alertmanager, prometheus, grafana, got 'ecotrak'\n"
    )


def test_a_service_whose_packages_are_missing_counts_as_not_installed() -> None:
    (simulator,) = (row for row in services(sys.executable, KEPT_RESULTS) if row.name == "ecochain")
    assert program_of(simulator) == sys.executable
    assert program_of(replace(simulator, modules=("numpy", "no_such_package"))) is None


def test_what_starts_the_stack_needs_none_of_the_simulators_packages() -> None:
    code = "import sys, scripts.up; print(*{name.partition('.')[0] for name in sys.modules})"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    assert not {"numpy", "numba", "scipy", "pvlib", "matplotlib", "torch"} & set(done.stdout.split())


def test_make_refuses_a_service_that_does_not_exist_before_it_installs_anything() -> None:
    rows = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    (line,) = (row for row in rows if row.startswith("services :="))
    assert set(line.partition(":=")[2].split()) == {row.name for row in services(sys.executable, ROOT)}
    argv = ["make", "up", "ONLY=ecotrack,nosuch"]
    environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    ended = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("make up: ONLY: expected names out of ")


@pytest.mark.parametrize(
    ("only", "stamp", "programs"),
    [
        ("", ".venv/run.stamp", ["prometheus-alertmanager", "prometheus", "'grafana?'"]),
        ("ecotrack", ".venv/base.stamp", []),
        ("ecotrack,prometheus,alertmanager", ".venv/base.stamp", ["prometheus", "prometheus-alertmanager"]),
        ("ecochain,grafana", ".venv/run.stamp", ["'grafana?'"]),
    ],
)
def test_make_installs_what_the_services_asked_for_need(only: str, stamp: str, programs: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    argv = ["make", "--dry-run", "up", f"ONLY={only}"]
    ended = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=True)
    lines = ended.stdout.splitlines()
    assert next(line for line in lines if ".stamp" in line).split(" || ")[0].endswith(stamp)
    (installed,) = (line.split()[1:] for line in lines if line.startswith("scripts/install-packages"))
    assert sorted(installed) == sorted(programs)


@pytest.mark.parametrize(("candidate", "asked"), [("12.1.1", True), ("(none)", False), ("", False)])
def test_grafana_is_installed_where_a_source_of_packages_has_it(tmp_path: Path, candidate: str, asked: bool) -> None:
    """Programs in place of the system's say what apt knows, and that the user is not root, who is told what to do."""
    policy = f'[ -z "{candidate}" ] || printf "grafana:\\n  Candidate: {candidate}\\n"'
    for name, text in {"apt-cache": policy, "apt-get": "exit 1", "id": "echo 1000"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    argv = [str(ROOT / "scripts/install-packages"), "grafana?"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(argv, env=environment, timeout=240, check=True, capture_output=True, text=True)
    assert ("Not installed: grafana " in done.stderr) is asked
