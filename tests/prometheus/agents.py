"""The shipped agent on a short clock, and a Prometheus that receives what agents send."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.processes import TOOL_SECONDS, free_port, program, running
from tests.prometheus import stack

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "prometheus/agent.yml"
HOP_BY_HOP = {"host", "connection", "content-length"}
"""Headers of a request that are about one connection only."""

LABELS = {"job": "ecotrack", "instance": "laptop", "team": "workshop", "sent_by": "agent"}
"""Labels that the shipped configuration gives all series."""

VMAGENT = ("-promscrape.config.strictParse=false", "-remoteWrite.queues=1")
"""Flags by which vmagent reads the shipped configuration, whose `remote_write` it does not know, and sends one request
at a time: one that is under way when it is killed is lost."""


def write_agent(folder: Path, *, exporter: str, receivers: Sequence[str], seconds: int = 1) -> Path:
    """Write the shipped agent.yml with a scrape every so many seconds and other addresses."""
    config: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": f"{seconds}s", "scrape_timeout": f"{seconds}s"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [exporter]
    [shipped] = config["remote_write"]
    queue = shipped["queue_config"] | {"batch_send_deadline": "1s"}
    config["remote_write"] = [shipped | {"url": f"{url}/api/v1/write", "queue_config": queue} for url in receivers]
    path = folder / "agent.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


@contextlib.contextmanager
def running_agent(config: Path, folder: Path, *flags: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run Prometheus as an agent with what `folder` keeps of an earlier one; yield its base URL and its process."""
    address = f"127.0.0.1:{free_port()}"
    argv = [
        program("prometheus"),
        agent_flag(),
        f"--config.file={config}",
        f"--storage.agent.path={folder / 'agent-data'}",
        f"--web.listen-address={address}",
        *flags,
    ]
    with running(argv, ready=f"http://{address}/-/ready", log=folder / "agent.log") as process:
        yield f"http://{address}", process


@contextlib.contextmanager
def running_vmagent(
    config: Path, folder: Path, receivers: Sequence[str]
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run vmagent with what `folder` keeps of an earlier one; yield its base URL and its process."""
    address = f"127.0.0.1:{free_port()}"
    argv = [
        program("vmagent"),
        *VMAGENT,
        f"-promscrape.config={config}",
        f"-remoteWrite.tmpDataPath={folder / 'vmagent-data'}",
        f"-httpListenAddr={address}",
        *(f"-remoteWrite.url={url}/api/v1/write" for url in receivers),
    ]
    with running(argv, ready=f"http://{address}/health", log=folder / "vmagent.log") as process:
        yield f"http://{address}", process


def agent_flag() -> str:
    """Return the flag that makes the installed Prometheus an agent: it has another name from version 3 on."""
    argv = [program("prometheus"), "--help"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    return "--agent" if "--[no-]agent " in told.stdout + told.stderr else "--enable-feature=agent"


@contextlib.contextmanager
def running_central(config: Path, folder: Path, *, port: int, flags: Sequence[str] = ()) -> Iterator[str]:
    """Run a Prometheus that receives remote write, with what `folder` keeps of an earlier one; yield its base URL."""
    url = f"http://127.0.0.1:{port}"
    argv = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'central-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        *flags,
    ]
    with running(argv, ready=f"{url}/-/ready", log=folder / "central.log"):
        yield url


@dataclass
class Network:
    """The way from an agent to its receiver, at `url`; while it is down, connections break."""

    url: str = ""
    is_up: bool = True
    passing: threading.Lock = field(default_factory=threading.Lock)

    def break_off(self) -> None:
        """Let nothing through from here on, once what is under way has arrived."""
        with self.passing:
            self.is_up = False


@contextlib.contextmanager
def network_to(receiver: str) -> Iterator[Network]:
    """Pass remote write on to the receiver until the block ends."""
    network = Network()

    class Handler(stack.Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            with network.passing:
                if not network.is_up:
                    self.close_connection = True
                    return
                answer = requests.post(f"{receiver}{self.path}", data=body, headers=headers, timeout=240)
            self.answer(answer.status_code, answer.content)

    with stack.serving(Handler) as address:
        network.url = f"http://{address}"
        yield network


def times(server: str, selector: str, seconds: int) -> list[float]:
    """Return the times of the samples of the one series over the last so many seconds, or none."""
    asked = {"query": f"{selector}[{seconds}s]"}
    found = requests.get(f"{server}/api/v1/query", params=asked, timeout=240).json()["data"]["result"]
    return [at for one in found for at, _ in one["values"]]
