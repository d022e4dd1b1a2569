"""The exporter beside node_exporter and codecarbon, in one run: memory, CPU and time of scrapes, and cost at rest.

All run at once, so that they meet the same machine. ecotrack runs twice: as it comes, and with everything on, which is
every collector that needs no graphics card, each with something to read, a live grid and a journal
(`bench/equipped.py`). Both sample every 5 s, and so does codecarbon, which answers no scrapes; node_exporter takes no
samples.

Scrapes are what Prometheus sends: keep-alive, gzip, OpenMetrics first. ecotrack renders a body once for each sample and
answers with the same bytes until the next, so its 1000 scrapes in a row are mostly such answers. A Prometheus that asks
every 15 s meets a new sample each time: the rows "first scrape after a sample" show what that costs, and the one with a
scrape every 15 s adds what the samples cost. Prints medians of several runs, and ratios; fails on nothing.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.exporters import Exporter, Scrape, codecarbon, ecotrack, ecotrack_with_everything, node_exporter, scrape
from bench.record import record, table

SETTLING_SECONDS = 7.0
"""Longer than an interval, so that the first samples lie before what is measured."""

SHORTEST_INTERVAL = 1.0
PROMETHEUS_INTERVAL = 15.0
FIRST_SCRAPES = 30
BETWEEN_FIRST_SCRAPES = 1.2
"""Longer than the shortest interval by more than a sample's jitter, so that every scrape meets a new sample."""

Started = contextlib.AbstractContextManager[Exporter | None]

USUAL: Sequence[Callable[[], Started]] = (ecotrack, ecotrack_with_everything, node_exporter, codecarbon)
NAMES = ("ecotrack", "ecotrack, everything on", "node_exporter", "codecarbon")

FREQUENT: Sequence[Callable[[], Started]] = (
    lambda: ecotrack(SHORTEST_INTERVAL),
    lambda: ecotrack_with_everything(SHORTEST_INTERVAL),
    node_exporter,
)
"""Those that answer scrapes, with so many samples that each scrape may meet a new one."""

Figures = Mapping[str, float]
"""Figures of what one exporter needed, by the names of `LABELS`; what it does not do is left out."""

LABELS = {
    "resident_mib": "resident memory after the scrapes, MiB",
    "standby_percent_of_core": "CPU while standing by, % of a core",
    "scraped_percent_of_core": "CPU with a scrape every 15 s (standing by + first scrape / 15 s), % of a core",
    "cpu_ms_per_scrape": "CPU per scrape, {scrapes} in a row, ms",
    "p50_ms": "time per scrape, {scrapes} in a row, p50, ms",
    "p99_ms": "time per scrape, {scrapes} in a row, p99, ms",
    "first_cpu_ms": "CPU of the first scrape after a sample, ms",
    "first_p50_ms": "time of the first scrape after a sample, p50, ms",
    "first_slowest_ms": f"time of the first scrape after a sample, slowest of {FIRST_SCRAPES}, ms",
    "body_kib": "body on the wire, KiB",
    "start_cpu_seconds": "CPU to start, s",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the command line."""

    runs: int
    scrapes: int
    standby: float
    record: bool


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs, of which the medians are shown (default: 5)")
    parser.add_argument("--scrapes", type=int, default=1000, help="scrapes of each exporter (default: 1000)")
    parser.add_argument("--standby", type=float, default=60.0, help="seconds to stand by (default: 60)")
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = Options(**vars(parser.parse_args()))
    runs = [measure(options) for _ in range(options.runs)]
    medians = {name: _medians([run[name] for run in runs]) for name in NAMES}
    head = ("figure", *NAMES, "ecotrack : node_exporter", "ecotrack : codecarbon")
    text = table(head, _rows(medians, options))
    print(text)
    if options.record:
        title = f"ecotrack beside node_exporter and codecarbon, medians of {options.runs} runs"
        record("exporter", [title, text, f"Standing by took {options.standby:g} s in each run, all at once."])


def measure(options: Options) -> Mapping[str, Figures]:
    """Return the figures of one run, by the names of the exporters."""
    with contextlib.ExitStack() as stack:
        entered = [stack.enter_context(start()) for start in USUAL]
        exporters = {name: one for name, one in zip(NAMES, entered, strict=True) if one is not None}
        time.sleep(SETTLING_SECONDS)
        figures: dict[str, dict[str, float]] = {
            name: {"start_cpu_seconds": one.cpu_seconds()} for name, one in exporters.items()
        }
        for name, share in _standby(exporters, options.standby).items():
            figures[name]["standby_percent_of_core"] = 100 * share
        for name, one in exporters.items():
            if one.port is not None:
                figures[name] |= _in_a_row(one, options.scrapes)
            figures[name]["resident_mib"] = one.resident_mib()
    with contextlib.ExitStack() as stack:
        entered = [stack.enter_context(start()) for start in FREQUENT]
        exporters = {name: one for name, one in zip(NAMES, entered, strict=False) if one is not None}
        for name, first in _first_scrapes(exporters).items():
            figures[name] |= first
            scraped = figures[name]["standby_percent_of_core"] + first["first_cpu_ms"] / 10 / PROMETHEUS_INTERVAL
            figures[name]["scraped_percent_of_core"] = scraped
    return {name: figures.get(name, {}) for name in NAMES}


def _standby(exporters: Mapping[str, Exporter], seconds: float) -> Mapping[str, float]:
    """Return the CPU seconds per second of each, without a scrape."""
    before = {name: one.cpu_seconds() for name, one in exporters.items()}
    time.sleep(seconds)
    return {name: (one.cpu_seconds() - before[name]) / seconds for name, one in exporters.items()}


def _in_a_row(exporter: Exporter, count: int) -> Figures:
    """Scrape so many times on one connection that is kept."""
    before = exporter.cpu_seconds()
    with contextlib.closing(exporter.connect()) as connection:
        scrapes = [scrape(connection) for _ in range(count)]
    cpu = exporter.cpu_seconds() - before
    return {
        "cpu_ms_per_scrape": 1000 * cpu / count,
        "p50_ms": 1000 * statistics.median(one.seconds for one in scrapes),
        "p99_ms": 1000 * statistics.quantiles((one.seconds for one in scrapes), n=100)[98],
        "body_kib": scrapes[-1].size_bytes / 1024,
    }


def _first_scrapes(exporters: Mapping[str, Exporter]) -> Mapping[str, Figures]:
    """Scrape each so seldom that a scrape meets a new sample; the CPU is that of a scrape, without the samples'."""
    time.sleep(SETTLING_SECONDS)
    standby = _standby(exporters, FIRST_SCRAPES * BETWEEN_FIRST_SCRAPES)
    before, began = {name: one.cpu_seconds() for name, one in exporters.items()}, time.monotonic()
    found: dict[str, list[Scrape]] = {name: [] for name in exporters}
    with contextlib.ExitStack() as stack:
        connections = {name: stack.enter_context(contextlib.closing(one.connect())) for name, one in exporters.items()}
        for _ in range(FIRST_SCRAPES):
            for name, connection in connections.items():
                found[name].append(scrape(connection))
            time.sleep(BETWEEN_FIRST_SCRAPES)
    seconds = time.monotonic() - began
    figures = {}
    for name, one in exporters.items():
        cpu = one.cpu_seconds() - before[name] - standby[name] * seconds
        times = [each.seconds for each in found[name]]
        figures[name] = {
            "first_cpu_ms": 1000 * cpu / FIRST_SCRAPES,
            "first_p50_ms": 1000 * statistics.median(times),
            "first_slowest_ms": 1000 * max(times),
        }
    return figures


def _medians(runs: Sequence[Figures]) -> Figures:
    known = {name: [run[name] for run in runs if name in run] for name in LABELS}
    return {name: statistics.median(found) for name, found in known.items() if found}


def _rows(medians: Mapping[str, Figures], options: Options) -> Iterator[tuple[str, ...]]:
    """Yield each figure of all exporters, and the ratios of ecotrack's to those of the others."""
    for figure, label in LABELS.items():
        found = [medians[name].get(figure) for name in NAMES]
        own, _, *others = found
        ratios = ["-" if not own or not other else f"{own / other:.2f}" for other in others]
        shown = ["-" if one is None else f"{one:.3g}" for one in found]
        yield label.format(scrapes=options.scrapes), *shown, *ratios


if __name__ == "__main__":
    main()
