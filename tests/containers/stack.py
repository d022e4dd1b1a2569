"""The stack of docker-compose.yml in a real engine, with a program beside Alertmanager that receives its alerts."""

import contextlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import yaml

from tests.containers.engine import Engine
from tests.processes import free_port, series, until

ROOT = Path(__file__).resolve().parents[2]
WATCHING = ("alertmanager", "prometheus")
SERVICES = ("ecotrack", *WATCHING)
"""Services that start without a profile, but Grafana, of which Debian has no package."""

WITH_SIMULATOR = (*SERVICES, "ecochain")
"""Services that start with the profile `sim`."""

ADDITIONS = ROOT / "docs/examples/compose"

CONFIGURATION = {"power": {"idle_watts": 8, "full_watts": 45}, "budget": {"day_grams": 0.01}}
"""A budget that is used up within a minute."""

RECEIVER = """\
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A running stack: its engine, the ports of its services on loopback, and the files beside docker-compose.yml.

    `project` is Compose's name of it, `additions` are shipped files that change it, and `variables` what they read;
    `devices` are services of the test, each an exporter that the shipped files do not know.
    """

    engine: Engine
    ports: Mapping[str, int]
    folder: Path
    project: str = "ecotrack"
    additions: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` with the shipped files and the one of the test."""
        files = [ROOT / "docker-compose.yml", *self.additions, self.folder / "override.yml"]
        flags = [f"--project-name={self.project}", *(f"--file={path}" for path in files)]
        variables = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        variables |= {"ECOTRACK_CONFIG": str(self.folder / "ecotrack.yml"), **self.variables}
        return self.engine.docker("compose", "--progress=plain", *flags, *arguments, variables=variables)

    def up(self, *services: str, profile: str = "") -> None:
        """Start these services; return once they and what they need are healthy."""
        flags = [f"--profile={profile}"] if profile else []
        self.compose(*flags, "up", "--detach", "--pull=never", "--wait", "--wait-timeout=900", *services)

    def label(self, revision: str) -> None:
        """Give the images that are built from now on another label, and so another id."""
        built: dict[str, Any] = {"network": "host", "labels": {"revision": revision}}
        receiver = {
            "image": "ecotrack:local",
            "network_mode": "service:alertmanager",
            "entrypoint": ["/opt/ecotrack/bin/python", "-c", RECEIVER],
            "command": [],
            "init": True,  # a program that is the first of its container ignores the request to stop
            "healthcheck": {"disable": True},
        }
        mounted = {"volumes": [f"{self.folder / 'alertmanager.yml'}:/etc/alertmanager/alertmanager.yml:ro"]}
        services = {"ecotrack": {"build": built}, "ecochain": {"build": built}}
        device: dict[str, Any] = {"image": "ecotrack:local", "init": True}
        services |= dict.fromkeys(self.devices, device)
        document = {"services": services | {"alertmanager": mounted, "receiver": receiver}}
        (self.folder / "override.yml").write_text(yaml.safe_dump(document))

    def get(self, name: str, path: str) -> requests.Response:
        """Return the answer of a service on the port that is published on loopback."""
        answer = requests.get(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=240)
        answer.raise_for_status()
        return answer

    def metrics(self) -> dict[str, float]:
        """Return the exporter's series by name."""
        return series(self.get("ecotrack", "/metrics").text)

    def container(self, name: str) -> dict[str, Any]:
        """Return what the engine says of a service's container."""
        found: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", f"{self.project}-{name}-1"))
        return found[0]

    def status(self, name: str) -> dict[str, str]:
        """Return /proc/PID/status of the program that the container runs below its init."""
        init = self.container(name)["State"]["Pid"]
        (program,) = children_of(init)
        rows = (line.partition(":") for line in Path(f"/proc/{program}/status").read_text().splitlines())
        return {key: value.strip() for key, _, value in rows}

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that Alertmanager has sent to the receiver."""
        lines = self.engine.docker("logs", f"{self.project}-receiver-1").splitlines()
        return [alert for line in lines if line for alert in json.loads(line)["alerts"]]

    def health(self) -> dict[str, str]:
        """Return what Prometheus says of each target that it scrapes, by the target's address."""
        found = self.get("prometheus", "/api/v1/targets?state=active").json()["data"]["activeTargets"]
        return {target["labels"]["instance"]: target["health"] for target in found}

    def rule_states(self, group: str) -> dict[str, str]:
        """Return the state of each alert of a group, as of an evaluation that begins from now on."""
        began = time.time()

        def found() -> dict[str, Any]:
            groups = self.get("prometheus", "/api/v1/rules?type=alert").json()["data"]["groups"]
            (one,) = (one for one in groups if one["name"] == group)
            return dict(one)

        until(lambda: datetime.fromisoformat(found()["lastEvaluation"]).timestamp() > began, "an evaluation")
        return {rule["name"]: rule["state"] for rule in found()["rules"]}

    def recorded(self, query: str) -> dict[str, float]:
        """Return the values that Prometheus has now for a query, by the label `team`."""
        answer = self.get("prometheus", f"/api/v1/query?query={quote(query)}").json()["data"]["result"]
        return {one["metric"].get("team", ""): float(one["value"][1]) for one in answer}

    def services(self) -> set[str]:
        """Return the names of the services that have a container."""
        return set(self.compose("ps", "--all", "--services").split())


def children_of(number: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


@contextlib.contextmanager
def running_stack(engine: Engine, folder: Path) -> Iterator[Stack]:
    """Build both images and bring the stack up, as without a profile; at the end nothing of it is left."""
    stack = _prepared(Stack(engine=engine, ports=_ports(), folder=folder))
    with _removed(stack):
        stack.compose("build", "ecotrack", "ecochain")
        _start(stack, *SERVICES)
        yield stack


@contextlib.contextmanager
def running_fleet(engine: Engine, folder: Path, devices: tuple[str, ...]) -> Iterator[Stack]:
    """Bring the watch of a fleet up, beside these devices; the folder `targets` has the files as they are shipped."""
    variables = {"PROMETHEUS_TARGETS": str(folder / "targets")}
    fleet = Stack(
        engine=engine,
        ports=_ports(),
        folder=folder,
        project="fleet",
        additions=(ADDITIONS / "fleet.yml",),
        variables=variables,
        devices=devices,
    )
    _prepared(fleet)
    shutil.copytree(ADDITIONS / "fleet-targets", folder / "targets")
    with _removed(fleet):
        _start(fleet, *WATCHING, *devices)
        yield fleet


@contextlib.contextmanager
def running_host(engine: Engine, folder: Path, group: int) -> Iterator[Stack]:
    """Bring up the exporter alone, as the addition for a host changes it, in a further group of the host."""
    variables = {"ECOTRACK_POWER_GROUP": str(group)}
    additions = (ADDITIONS / "host.yml",)
    host = Stack(engine=engine, ports=_ports(), folder=folder, project="host", additions=additions, variables=variables)
    with _removed(_prepared(host)):
        host.up("ecotrack")
        yield host


def _ports() -> dict[str, int]:
    return {name: free_port() for name in (*WITH_SIMULATOR, "grafana")}


def _prepared(stack: Stack) -> Stack:
    """Write what the stack reads, and remove what a run of it that was killed has left."""
    folder = stack.folder
    folder.mkdir()
    (folder / "ecotrack.yml").write_text(yaml.safe_dump(CONFIGURATION))
    (folder / "alertmanager.yml").write_text(_with_a_receiver((ROOT / "prometheus/alertmanager.yml").read_text()))
    folder.chmod(0o755)  # the containers' users read the two files
    stack.label("first")
    stack.compose("--profile=*", "down", "--volumes", "--remove-orphans")
    return stack


def _start(stack: Stack, *services: str) -> None:
    stack.up(*services)
    stack.compose("up", "--detach", "--pull=never", "--no-deps", "receiver")


@contextlib.contextmanager
def _removed(stack: Stack) -> Iterator[None]:
    """Remove the stack at the end of the block, and fail if anything of it is left."""
    try:
        yield
    finally:
        stack.compose("--profile=*", "down", "--volumes", "--remove-orphans", "--timeout=60")
    own = f"--filter=label=com.docker.compose.project={stack.project}"
    assert stack.engine.docker("ps", "--all", "--quiet", own) == ""
    assert stack.engine.docker("volume", "ls", "--quiet", own) == ""
    assert stack.engine.docker("network", "ls", "--quiet", own) == ""


def _with_a_receiver(shipped: str) -> str:
    """Return the shipped configuration with its example of a program of one's own switched on."""
    document = yaml.safe_load(shipped)
    (device,) = (receiver for receiver in document["receivers"] if receiver["name"] == "device")
    device["webhook_configs"] = [{"url": "http://127.0.0.1:8080/alerts", "send_resolved": True}]
    text: str = yaml.safe_dump(document)
    return text
