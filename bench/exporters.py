"""The exporters that the benchmarks compare, each a process of its own as users start it, and how to scrape them."""

import contextlib
import http.client
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.processes import free_port, program, running

PROMETHEUS_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
}
LAPTOP = Path(__file__).parent.parent / "docs/examples/laptop.yml"
PROMETHEUS_CLIENT = """
import signal, sys, prometheus_client
prometheus_client.start_http_server(int(sys.argv[1]), "127.0.0.1")
signal.pause()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """An exporter that runs and answers on this loopback port."""

    name: str
    port: int
    process: psutil.Process

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection for scrapes, opened by the first; it waits up to 20 s for an answer."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the living threads, from the scheduler's nanoseconds, not from ticks of 10 ms."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9

    def resident_mib(self) -> float:
        """Return the resident memory of the process in MiB."""
        return float(self.process.memory_info().rss) / 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A whole answer: its HTTP status, the seconds it took, and the size of its body on the wire."""

    status: int
    seconds: float
    size_bytes: int


def scrape(connection: http.client.HTTPConnection) -> Scrape:
    """Ask for the metrics as Prometheus does: gzip, OpenMetrics first.

    Raises OSError or http.client.HTTPException where there is no answer, or less of one than it announced.
    """
    began = time.perf_counter()
    connection.request("GET", "/metrics", headers=PROMETHEUS_HEADERS)
    response = connection.getresponse()
    size_bytes = len(response.read())
    return Scrape(status=response.status, seconds=time.perf_counter() - began, size_bytes=size_bytes)


@contextlib.contextmanager
def ecotrack(interval_seconds: float = 5.0) -> Iterator[Exporter]:
    """Run this project's exporter with its example configuration, sampling at this interval."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "ecotrack.yml"
        config.write_text(f"{LAPTOP.read_text()}\nsampling:\n  interval_seconds: {interval_seconds}\n")
        flags = (f"--config.file={config}", f"--state.dir={folder}/state", f"--web.listen-address=127.0.0.1:{port}")
        argv = (sys.executable, "-m", "exporter", *flags, "--log.level=warning")
        with _started("ecotrack", argv, port) as exporter:
            yield exporter


@contextlib.contextmanager
def node_exporter() -> Iterator[Exporter]:
    """Run Debian's node_exporter with the collectors that it enables itself."""
    port = free_port()
    flags = (f"--web.listen-address=127.0.0.1:{port}", "--log.level=error")
    with _started("node_exporter", (program("prometheus-node-exporter"), *flags), port) as exporter:
        yield exporter


@contextlib.contextmanager
def prometheus_client() -> Iterator[Exporter]:
    """Run prometheus_client's own server, started as its documentation does, with its few default metrics."""
    port = free_port()
    argv = (sys.executable, "-c", PROMETHEUS_CLIENT, str(port))
    with _started("prometheus_client", argv, port) as exporter:
        yield exporter


@contextlib.contextmanager
def _started(name: str, argv: Sequence[str], port: int) -> Iterator[Exporter]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(argv, ready=f"http://127.0.0.1:{port}/metrics", log=Path(folder) / "log") as process,
    ):
        yield Exporter(name=name, port=port, process=psutil.Process(process.pid))
