"""The stack of docker-compose.yml in a real engine, with a program beside Alertmanager that receives its alerts."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.containers.engine import Engine
from tests.processes import free_port, series

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("ecotrack", "ecochain", "alertmanager", "prometheus")
"""All but Grafana, of which Debian has no package."""

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
    """A running stack: its engine, the ports of its services on loopback, and the files beside docker-compose.yml."""

    engine: Engine
    ports: Mapping[str, int]
    folder: Path

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` with the shipped file and the one of the test."""
        files = ["--file", str(ROOT / "docker-compose.yml"), "--file", str(self.folder / "override.yml")]
        variables = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        variables["ECOTRACK_CONFIG"] = str(self.folder / "ecotrack.yml")
        return self.engine.docker("compose", "--progress=plain", *files, *arguments, variables=variables)

    def up(self, *services: str) -> None:
        """Start these services; return once they and what they need are healthy."""
        self.compose("up", "--detach", "--pull=never", "--wait", "--wait-timeout=900", *services)

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
        found: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", f"ecotrack-{name}-1"))
        return found[0]

    def status(self, name: str) -> dict[str, str]:
        """Return /proc/PID/status of the program that the container runs below its init."""
        init = self.container(name)["State"]["Pid"]
        (program,) = children_of(init)
        rows = (line.partition(":") for line in Path(f"/proc/{program}/status").read_text().splitlines())
        return {key: value.strip() for key, _, value in rows}

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that Alertmanager has sent to the receiver."""
        lines = self.engine.docker("logs", "ecotrack-receiver-1").splitlines()
        return [alert for line in lines if line for alert in json.loads(line)["alerts"]]


def children_of(number: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


@contextlib.contextmanager
def running_stack(engine: Engine, folder: Path) -> Iterator[Stack]:
    """Build both images and bring the stack up; at the end remove everything, and fail if anything is left."""
    ports = {name: free_port() for name in (*SERVICES, "grafana")}
    folder.mkdir()
    (folder / "ecotrack.yml").write_text(yaml.safe_dump(CONFIGURATION))
    (folder / "alertmanager.yml").write_text(_with_a_receiver((ROOT / "prometheus/alertmanager.yml").read_text()))
    folder.chmod(0o755)  # the containers' users read the two files
    stack = Stack(engine=engine, ports=ports, folder=folder)
    stack.label("first")
    stack.compose("down", "--volumes", "--remove-orphans")  # what a run that was killed has left
    stack.compose("build", "ecotrack", "ecochain")
    try:
        stack.up(*SERVICES)
        stack.compose("up", "--detach", "--pull=never", "--no-deps", "receiver")
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout=60")
    assert engine.docker("ps", "--all", "--quiet") == ""
    assert engine.docker("volume", "ls", "--quiet") == ""
    assert engine.docker("network", "ls", "--format={{.Name}}").split() == ["host", "none"]


def _with_a_receiver(shipped: str) -> str:
    """Return the shipped configuration with its example of a program of one's own switched on."""
    document = yaml.safe_load(shipped)
    (device,) = (receiver for receiver in document["receivers"] if receiver["name"] == "device")
    device["webhook_configs"] = [{"url": "http://127.0.0.1:8080/alerts", "send_resolved": True}]
    text: str = yaml.safe_dump(document)
    return text
