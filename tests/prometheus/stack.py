"""The committed configuration on a short clock, for tests, and what stands at its two ends."""

import contextlib
import gzip
import http.server
import json
import shutil
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
import yaml

from exporter.core.metrics import GZIP_LEVEL
from scripts.native_prometheus import native_configuration
from tests.exporter.exporter_process import zone_at_noon
from tests.processes import join, running

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "prometheus"
ALERT_TIMES = ("for", "keep_firing_for")


def write_prometheus(
    folder: Path,
    *,
    exporters: Sequence[str],
    alertmanager: str,
    devices: Sequence[dict[str, object]] = (),
    simulators: Sequence[str] = (),
) -> Path:
    """Write the committed prometheus.yml and rules with every interval at 1 s and every `for` at 2 s."""
    source = ROOT / "prometheus"
    config = native_configuration(source / "prometheus.yml", {})
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (folder / "rules").mkdir()
    (folder / "targets").mkdir()
    for path in (source / "rules").glob("*.yml"):
        (folder / "rules" / path.name).write_text(yaml.safe_dump(_hurried(yaml.safe_load(path.read_text()))))
    targets = {"ecotrack": exporters, "ecochain": simulators, "alertmanager": [alertmanager], "prometheus": []}
    for name, addresses in targets.items():
        listed = [{"targets": list(addresses)}, *(devices if name == "ecotrack" else ())]
        (folder / "targets" / f"{name}.yml").write_text(yaml.safe_dump(listed))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return folder / "prometheus.yml"


def write_shipped(folder: Path, *, targets: list[dict[str, object]], alertmanager: str, source: Path = SHIPPED) -> Path:
    """Copy prometheus.yml and the rules, and write the files of targets: only addresses differ, and are listed."""
    shutil.copytree(source / "rules", folder / "rules")
    (folder / "targets").mkdir()
    own = [{"targets": [alertmanager]}]
    for name, listed in {"ecotrack": targets, "ecochain": [], "alertmanager": own, "prometheus": []}.items():
        (folder / "targets" / f"{name}.yml").write_text(yaml.safe_dump(listed))
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(native_configuration(source / "prometheus.yml", {})))
    return path


def write_shipped_alertmanager(folder: Path, *, webhook: str, source: Path = SHIPPED) -> Path:
    """Write alertmanager.yml as it is, with a webhook on each receiver but that of the watchdog."""
    config = yaml.safe_load((source / "alertmanager.yml").read_text())
    for receiver in config["receivers"]:
        if receiver["name"] not in {"watchdog", "none"}:
            receiver["webhook_configs"] = [{"url": webhook}]
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def _hurried(rule_file: dict[str, Any]) -> dict[str, Any]:
    for group in rule_file["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule.update({key: "2s" for key in ALERT_TIMES if key in rule})
    return rule_file


def write_alertmanager(folder: Path, *, webhook: str) -> Path:
    """Write the committed alertmanager.yml with a webhook on both its receivers, and waits of 10 s and 1 s.

    On a busy machine rules of two groups see the same sample some seconds apart, and one mutes the other's alerts.
    """
    config = yaml.safe_load((ROOT / "prometheus/alertmanager.yml").read_text())
    for route in (config["route"], *config["route"]["routes"]):
        route["group_interval"] = "1s"
    config["route"]["group_wait"] = "10s"
    for receiver in config["receivers"]:
        if receiver["name"] in {"device", "simulator"}:
            receiver["webhook_configs"] = [{"url": webhook}]
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config))
    return path


class Quiet(http.server.BaseHTTPRequestHandler):
    """Handler of requests that logs nothing."""

    def answer(self, status: int, body: bytes = b"", encoding: str = "") -> None:
        """Send a whole answer, in the type of content that Prometheus takes for an exposition."""
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@contextlib.contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """Run a loopback server on a thread until the block ends; yield its host:port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        join(thread)


@contextlib.contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run a receiver of notifications; yield its URL and the alerts received so far, oldest first.

    Each has the name of Alertmanager's `receiver` and the Unix time at which it `arrived`.
    """
    received: list[dict[str, Any]] = []

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = json.loads(body)
            more = {"receiver": told["receiver"], "arrived": time.time()}
            received.extend(alert | more for alert in told["alerts"])
            self.answer(200)

    with serving(Handler) as address:
        yield f"http://{address}/", received


def exposition(body: str) -> contextlib.AbstractContextManager[str]:
    """Run a scrape target that always answers `body`; yield its host:port."""
    return answering(lambda _path: body)


@contextlib.contextmanager
def answering(answer: Callable[[str], str | None]) -> Iterator[str]:
    """Run scrape targets that answer what `answer` says for the path, or 503 for None; yield their host:port.

    They compress what they answer where that is asked for, as the exporter does.
    """

    class Handler(Quiet):
        def do_GET(self) -> None:
            body = answer(self.path)
            status, content = 503 if body is None else 200, (body or "").encode()
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                self.answer(status, gzip.compress(content, compresslevel=GZIP_LEVEL), "gzip")
            else:
                self.answer(status, content)

    with serving(Handler) as address:
        yield address


@contextlib.contextmanager
def exporter(folder: Path, *, port: int, day_grams: float) -> Iterator[None]:
    """Run the real exporter, sampling every second, with a budget for the day; state stays in `folder`."""
    config = folder / "ecotrack.yml"
    settings = {
        "sampling": {"interval_seconds": 1},
        "power": {"idle_watts": 8, "full_watts": 45},
        "budget": {"day_grams": day_grams, "time_zone": zone_at_noon()},
    }
    config.write_text(yaml.safe_dump(settings))
    argv = [
        sys.executable,
        "-m",
        "exporter",
        f"--config.file={config}",
        f"--state.dir={folder / 'state'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(argv, ready=f"http://127.0.0.1:{port}/-/ready", log=folder / "exporter.log"):
        yield


def values(prometheus: str, query: str) -> list[float]:
    """Return the values that Prometheus answers to an instant query."""
    answer = requests.get(f"{prometheus}/api/v1/query", params={"query": query}, timeout=240).json()
    return [float(one["value"][1]) for one in answer["data"]["result"]]


def active_alerts(alertmanager: str) -> Mapping[tuple[str, str], dict[str, Any]]:
    """Return Alertmanager's alerts by name and instance."""
    answer = requests.get(f"{alertmanager}/api/v2/alerts", timeout=240).json()
    return {(one["labels"]["alertname"], one["labels"].get("instance", "")): one for one in answer}
