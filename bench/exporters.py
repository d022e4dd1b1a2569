"""The exporters that the benchmarks compare, each a process of its own as users start it, and how to scrape them."""

import contextlib
import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil
import yaml

from bench.environments import interpreter
from bench.equipped import equipped_machine
from tests.processes import ending, first_line, free_port, program, running, until

PROMETHEUS_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
}
LAPTOP = Path(__file__).parent.parent / "docs/examples/laptop.yml"
ALWAYS_THERE = ("cpu", "memory", "disk", "network", "sockstat", "connections", "rapl", "hwmon", "meter")
CPUCLOCK_SCHED = 2
"""Kind of a process's clock in the number that the kernel knows it by (include/linux/posix-timers_types.h)."""

CODECARBON_TRACKER = """
import signal
from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(
    country_iso_code="FRA", measure_power_secs=5, save_to_file=False, log_level="error", allow_multiple_runs=True
)
tracker.start()
print("ready", flush=True)
signal.pause()
"""
PROMETHEUS_CLIENT = """
import signal, sys, prometheus_client
prometheus_client.start_http_server(int(sys.argv[1]), "127.0.0.1")
signal.pause()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """An exporter that runs and answers on this loopback port; None where it answers no scrapes."""

    name: str
    port: int | None
    process: psutil.Process

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection for scrapes, opened by the first; it waits up to 20 s for an answer."""
        assert self.port is not None
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def cpu_seconds(self) -> float:
        """Return the CPU time so far: of all threads in nanoseconds, of ended children in ticks of 10 ms."""
        own = time.clock_gettime(~self.process.pid << 3 | CPUCLOCK_SCHED)
        times = self.process.cpu_times()
        return own + float(times.children_user + times.children_system)

    def resident_mib(self) -> float:
        """Return the memory of the process in MiB."""
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
def ecotrack(interval_seconds: float | None = None) -> Iterator[Exporter]:
    """Run this project's exporter without a configuration; or with its example one, sampling this often."""
    config = None if interval_seconds is None else _laptop(interval_seconds)
    with _ecotrack("ecotrack", config) as exporter:
        yield exporter


@contextlib.contextmanager
def ecotrack_with_everything(interval_seconds: float = 5.0) -> Iterator[Exporter]:
    """Run this project's exporter with every collector on but that of NVIDIA's cards, a live grid and a journal.

    Each has something to read. Raises RuntimeError where a sensor that is always there is not read.
    """
    with equipped_machine() as machine:
        config = _laptop(interval_seconds, machine.config)
        with _ecotrack("ecotrack, everything on", config, before=machine.before, flags=machine.flags) as exporter:
            _require_sensors(exporter, *ALWAYS_THERE, *(("ipmi",) if machine.before else ()))
            yield exporter


@contextlib.contextmanager
def node_exporter() -> Iterator[Exporter]:
    """Run Debian's node_exporter with the collectors that it enables itself."""
    port = free_port()
    flags = (f"--web.listen-address=127.0.0.1:{port}", "--log.level=error")
    with _started("node_exporter", (program("prometheus-node-exporter"), *flags), port) as exporter:
        yield exporter


@contextlib.contextmanager
def codecarbon() -> Iterator[Exporter | None]:
    """Run codecarbon's offline tracker as a process of its own, measuring every 5 s; None where not installed.

    It answers no scrapes.
    """
    python = interpreter("codecarbon")
    if python is None:
        yield None
        return
    command = subprocess.Popen([python, "-c", CODECARBON_TRACKER], stdout=subprocess.PIPE, text=True)
    with ending(command) as process:
        first_line(process)
        yield Exporter(name="codecarbon", port=None, process=psutil.Process(process.pid))


@contextlib.contextmanager
def prometheus_client() -> Iterator[Exporter]:
    """Run prometheus_client's own server, started as its documentation does, with its few default metrics."""
    port = free_port()
    argv = (sys.executable, "-c", PROMETHEUS_CLIENT, str(port))
    with _started("prometheus_client", argv, port) as exporter:
        yield exporter


@contextlib.contextmanager
def _ecotrack(
    name: str, config: str | None, *, before: Sequence[str] = (), flags: Sequence[str] = ()
) -> Iterator[Exporter]:
    port = free_port()
    python = interpreter("ecotrack")
    if python is None:
        raise RuntimeError("the libraries of the exporter cannot be installed")
    with tempfile.TemporaryDirectory() as folder:
        own = [f"--state.dir={folder}/state", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warning"]
        if config is not None:
            file = Path(folder) / "ecotrack.yml"
            file.write_text(config)
            own.append(f"--config.file={file}")
        with _started(name, (*before, str(python), "-m", "exporter", *own, *flags), port) as exporter:
            yield exporter


def _laptop(interval_seconds: float, more: Mapping[str, object] = MappingProxyType({})) -> str:
    """Return the example configuration of a laptop that samples this often, with some sections replaced."""
    sections: dict[str, object] = yaml.safe_load(LAPTOP.read_text())
    return yaml.safe_dump(sections | {"sampling": {"interval_seconds": interval_seconds}} | dict(more))


def _require_sensors(exporter: Exporter, *names: str) -> None:
    """Return once each of these sources is read."""

    def is_read() -> bool:
        with contextlib.closing(exporter.connect()) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return all(f'ecotrack_collector_success{{collector="{name}"}} 1.0' in text for name in names)

    until(is_read, f"{', '.join(names)} to be read")


@contextlib.contextmanager
def _started(name: str, argv: Sequence[str], port: int) -> Iterator[Exporter]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(argv, ready=f"http://127.0.0.1:{port}/metrics", log=Path(folder) / "log") as process,
    ):
        yield Exporter(name=name, port=port, process=psutil.Process(process.pid))
