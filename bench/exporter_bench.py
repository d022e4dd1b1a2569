"""The exporter beside node_exporter, in one run: memory, CPU and time of 1000 scrapes, and the cost of standing by.

Scrapes are what Prometheus sends: keep-alive, gzip, OpenMetrics first. Prints figures and ratios; fails on nothing.
"""

import argparse
import contextlib
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.record import record
from tests.processes import free_port, program, running

HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one exporter needed."""

    name: str
    start_cpu_seconds: float
    resident_mib: float
    cpu_ms_per_scrape: float
    p50_ms: float
    p99_ms: float
    body_kib: float
    standby_percent_of_core: float


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scrapes", type=int, default=1000, help="scrapes of each exporter (default: 1000)")
    parser.add_argument("--standby", type=float, default=60.0, help="seconds to stand by (default: 60)")
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = [
            measure("ecotrack", _ecotrack(Path(folder)), Path(folder), options),
            measure("node_exporter", _node_exporter(), Path(folder), options),
        ]
    print(table(figures))
    if options.record:
        record("exporter", [f"ecotrack beside node_exporter, {options.scrapes} scrapes", table(figures)])


def measure(name: str, command: tuple[list[str], int], folder: Path, options: argparse.Namespace) -> Figures:
    """Start the exporter, let it stand by, scrape it, and read its own counters."""
    argv, port = command
    with running(argv, ready=f"http://127.0.0.1:{port}/metrics", log=folder / f"{name}.log") as started:
        process = psutil.Process(started.pid)
        time.sleep(2.0)
        start_cpu = _cpu(process)
        time.sleep(options.standby)
        standby = (_cpu(process) - start_cpu) / options.standby
        before = _cpu(process)
        times, size = _scrape(port, options.scrapes)
        spent = _cpu(process) - before
        return Figures(
            name=name,
            start_cpu_seconds=start_cpu,
            resident_mib=process.memory_info().rss / 2**20,
            cpu_ms_per_scrape=1000 * spent / options.scrapes,
            p50_ms=1000 * statistics.median(times),
            p99_ms=1000 * statistics.quantiles(times, n=100)[98],
            body_kib=size / 1024,
            standby_percent_of_core=100 * standby,
        )


def _ecotrack(folder: Path) -> tuple[list[str], int]:
    port = free_port()
    flags = [f"--web.listen-address=127.0.0.1:{port}", f"--state.dir={folder / 'state'}", "--log.level=warning"]
    example = Path(__file__).parent.parent / "docs/examples/laptop.yml"
    return [sys.executable, "-m", "exporter", f"--config.file={example}", *flags], port


def _node_exporter() -> tuple[list[str], int]:
    port = free_port()
    return [program("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], port


def _scrape(port: int, count: int) -> tuple[list[float], int]:
    """Seconds of each scrape, and the size of the last body on the wire."""
    times: list[float] = []
    body = b""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for _ in range(count):
            began = time.perf_counter()
            connection.request("GET", "/metrics", headers=HEADERS)
            body = connection.getresponse().read()
            times.append(time.perf_counter() - began)
    return times, len(body)


def _cpu(process: psutil.Process) -> float:
    """CPU seconds so far, from the scheduler's nanoseconds rather than from ticks of 10 ms."""
    tasks = Path(f"/proc/{process.pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def table(figures: list[Figures]) -> str:
    """The figures as Markdown, with the ratio of the first to the second."""
    first, second = figures
    rows = ["| figure | " + " | ".join(one.name for one in figures) + " | ratio |", "|---|---|---|---|"]
    for label, values in _columns(first, second):
        ratio = f"{values[0] / values[1]:.2f}" if values[1] else "-"
        rows.append(f"| {label} | {values[0]:.3g} | {values[1]:.3g} | {ratio} |")
    return "\n".join(rows)


def _columns(first: Figures, second: Figures) -> Iterator[tuple[str, tuple[float, float]]]:
    labels = {
        "resident_mib": "resident memory after the scrapes, MiB",
        "cpu_ms_per_scrape": "CPU per scrape, ms",
        "p50_ms": "scrape p50, ms",
        "p99_ms": "scrape p99, ms",
        "body_kib": "body on the wire, KiB",
        "standby_percent_of_core": "CPU while standing by, % of a core",
        "start_cpu_seconds": "CPU to start, s",
    }
    for field, label in labels.items():
        yield label, (getattr(first, field), getattr(second, field))


if __name__ == "__main__":
    main()
