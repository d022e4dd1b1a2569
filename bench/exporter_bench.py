"""The exporter beside node_exporter, in one run: memory, CPU and time of 1000 scrapes, and the cost of standing by.

Scrapes are what Prometheus sends: keep-alive, gzip, OpenMetrics first. ecotrack renders a body once for each sample and
answers with the same bytes until the next, so its 1000 scrapes in a row are mostly such answers. A Prometheus that asks
every 15 s meets a new sample each time: the rows "first scrape after a sample" show what that costs, and the one with a
scrape every 15 s adds what the samples cost; node_exporter takes none. Prints figures and ratios; fails on nothing.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.exporters import Exporter, Scrape, ecotrack, node_exporter, scrape
from bench.record import record, table

SETTLING_SECONDS = 2.0
SHORTEST_INTERVAL = 1.0
PROMETHEUS_INTERVAL = 15.0
FIRST_SCRAPES = 30
BETWEEN_FIRST_SCRAPES = 1.2
"""Longer than the shortest interval by more than a sample's jitter, so that every scrape meets a new sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Needs of one exporter."""

    start_cpu_seconds: float
    resident_mib: float
    cpu_ms_per_scrape: float
    p50_ms: float
    p99_ms: float
    first_cpu_ms: float
    first_p50_ms: float
    first_slowest_ms: float
    body_kib: float
    standby_percent_of_core: float
    scraped_percent_of_core: float


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scrapes", type=int, default=1000, help="scrapes of each exporter (default: 1000)")
    parser.add_argument("--standby", type=float, default=60.0, help="seconds to stand by (default: 60)")
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    figures = [
        measure(ecotrack(), ecotrack(SHORTEST_INTERVAL), options),
        measure(node_exporter(), node_exporter(), options),
    ]
    text = table(("figure", "ecotrack", "node_exporter", "ratio"), _rows(*figures, scrapes=options.scrapes))
    print(text)
    if options.record:
        record("exporter", [f"ecotrack beside node_exporter, {options.scrapes} scrapes", text])


def measure(
    usual: contextlib.AbstractContextManager[Exporter],
    frequent: contextlib.AbstractContextManager[Exporter],
    options: argparse.Namespace,
) -> Figures:
    """Read an exporter's own counters: with its `usual` interval, then with `frequent` samples."""
    with usual as exporter:
        time.sleep(SETTLING_SECONDS)
        start_cpu = exporter.cpu_seconds()
        standby = _standby(exporter, options.standby)
        before = exporter.cpu_seconds()
        scrapes = _scrape(exporter, options.scrapes)
        cpu = exporter.cpu_seconds() - before
        resident_mib = exporter.resident_mib()
    with frequent as exporter:
        first_cpu, first_scrapes = _first_scrapes(exporter)
    return Figures(
        start_cpu_seconds=start_cpu,
        resident_mib=resident_mib,
        cpu_ms_per_scrape=1000 * cpu / options.scrapes,
        p50_ms=1000 * statistics.median(one.seconds for one in scrapes),
        p99_ms=1000 * statistics.quantiles((one.seconds for one in scrapes), n=100)[98],
        first_cpu_ms=1000 * first_cpu,
        first_p50_ms=1000 * statistics.median(one.seconds for one in first_scrapes),
        first_slowest_ms=1000 * max(one.seconds for one in first_scrapes),
        body_kib=scrapes[-1].size_bytes / 1024,
        standby_percent_of_core=100 * standby,
        scraped_percent_of_core=100 * (standby + first_cpu / PROMETHEUS_INTERVAL),
    )


def _standby(exporter: Exporter, seconds: float) -> float:
    """Return the CPU seconds per second without a scrape."""
    before = exporter.cpu_seconds()
    time.sleep(seconds)
    return (exporter.cpu_seconds() - before) / seconds


def _scrape(exporter: Exporter, count: int, pause_seconds: float = 0.0) -> list[Scrape]:
    """Scrape on one connection that is kept, and pause after each scrape."""
    scrapes = []
    with contextlib.closing(exporter.connect()) as connection:
        for _ in range(count):
            scrapes.append(scrape(connection))
            time.sleep(pause_seconds)
    return scrapes


def _first_scrapes(exporter: Exporter) -> tuple[float, list[Scrape]]:
    """Return the CPU seconds of one scrape that meets a new sample, without the cost of samples, and those scrapes."""
    time.sleep(SETTLING_SECONDS)
    standby = _standby(exporter, FIRST_SCRAPES * BETWEEN_FIRST_SCRAPES)
    before, began = exporter.cpu_seconds(), time.monotonic()
    scrapes = _scrape(exporter, FIRST_SCRAPES, BETWEEN_FIRST_SCRAPES)
    cpu = exporter.cpu_seconds() - before - standby * (time.monotonic() - began)
    return cpu / FIRST_SCRAPES, scrapes


def _rows(first: Figures, second: Figures, *, scrapes: int) -> Iterator[tuple[str, ...]]:
    """Yield the figures, with the ratio of the first exporter's to the second's."""
    labels = {
        "resident_mib": "resident memory after the scrapes, MiB",
        "cpu_ms_per_scrape": f"CPU per scrape, {scrapes} in a row, ms",
        "p50_ms": f"time per scrape, {scrapes} in a row, p50, ms",
        "p99_ms": f"time per scrape, {scrapes} in a row, p99, ms",
        "first_cpu_ms": "CPU of the first scrape after a sample, ms",
        "first_p50_ms": "time of the first scrape after a sample, p50, ms",
        "first_slowest_ms": f"time of the first scrape after a sample, slowest of {FIRST_SCRAPES}, ms",
        "body_kib": "body on the wire, KiB",
        "standby_percent_of_core": "CPU while standing by, % of a core",
        "scraped_percent_of_core": "CPU with a scrape every 15 s (standing by + first scrape / 15 s), % of a core",
        "start_cpu_seconds": "CPU to start, s",
    }
    for field, label in labels.items():
        one, other = getattr(first, field), getattr(second, field)
        yield label, f"{one:.3g}", f"{other:.3g}", f"{one / other:.2f}" if other else "-"


if __name__ == "__main__":
    main()
