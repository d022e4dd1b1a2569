"""The queries of the Device carbon board over seven days, asked one after the other as Grafana would send them.

`python -m bench.dashboard_bench [--record]` writes seven days of one exporter's series, scraped every 15 s, and 31 days
of what is recorded from them, into a real Prometheus (promtool makes the blocks), and asks each query of each panel,
annotation and variable for the last seven days, or for the time that its panel shows. Values are made up: counters
rise, gauges wander. Prints the time of the whole board and of its dearest panels. Takes a few minutes.
"""

import argparse
import itertools
import json
import math
import random
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import requests
from prometheus_client.parser import text_string_to_metric_families

from bench.record import record, table
from grafana.geometry import panel_pixels
from grafana.queries import BoardJson, metric_names, panels, queries, resolve
from prometheus.recording import groups
from tests.processes import program, running_prometheus

ROOT = Path(__file__).parent.parent
BOARD = ROOT / "grafana/dashboards/device-carbon.json"
EXPOSITION = ROOT / "tests/golden/exporter.prom"
MOST_POINTS = 11_000
"""Points of a series that Prometheus returns at most; Grafana takes a longer step where there would be more."""

LABELS = {"job": "ecotrack", "instance": "laptop:10110"}

DAY = 86_400
SHOWN = 7 * DAY
SCRAPE_SECONDS, RECORD_SECONDS = 15, 60
SCRAPED_DAYS, RECORDED_DAYS = 8, 31
SPANS = {"": 0, "now/d": DAY, "now/w": 7 * DAY, "now/M": 30 * DAY, "now/y": 365 * DAY}
"""Spans from the beginning of a day, a week, a month or a year on, at their longest; of others the length is given."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "M": 30 * DAY, "y": 365 * DAY}
BLOCK = "240h"
REPEATS = 3
SLOWEST = 12
IMPORT_SECONDS = 900


@dataclass(frozen=True)
class Asked:
    """A query as Grafana sends it: the path of Prometheus' API, its parameters, and the panel that asks."""

    title: str
    path: str
    parameters: Mapping[str, str]


def main() -> None:
    """Fill Prometheus, ask everything, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="dashboard-bench-") as folder:
        end = int(time.time()) // RECORD_SECONDS * RECORD_SECONDS
        series, samples = fill(Path(folder), board, end)
        config = Path(folder) / "prometheus.yml"
        config.write_text("global: {scrape_interval: 15s}\n", encoding="utf-8")
        with running_prometheus(config, Path(folder), "--storage.tsdb.retention.time=60d") as url:
            times = measure(url, list(asked(board, end)))
    figures = describe(times, series, samples)
    print("\n\n".join(figures))
    if options.record:
        record("dashboard", ["Device carbon over seven days: the time of all its queries", *figures])


def describe(times: list[tuple[Asked, float]], series: int, samples: int) -> list[str]:
    """Write the time of the whole board and of its dearest panels."""
    by_panel: dict[str, float] = defaultdict(float)
    for one, seconds in times:
        by_panel[one.title] += seconds
    dearest = sorted(by_panel.items(), key=lambda item: -item[1])[:SLOWEST]
    whole = sum(seconds for _, seconds in times)
    return [
        f"{len(times)} queries, one after the other, the median of {REPEATS} runs each, take **{whole:.2f} s** in sum, "
        f"over {series} series with {samples / 1e6:.1f} million samples of one device.",
        table(("panel", "ms"), [(title, f"{1000 * seconds:.0f}") for title, seconds in dearest]),
    ]


def fill(folder: Path, board: BoardJson, end: int) -> tuple[int, int]:
    """Write the series that the board reads, and make blocks of them; returns how many series and samples."""
    names = {name for query in queries(board) for name in metric_names(query.expr)}
    file, count, samples = folder / "samples.txt", 0, 0
    with file.open("w", encoding="utf-8") as out:
        for name, kind, labels in templates(names):
            step, days = (RECORD_SECONDS, RECORDED_DAYS) if ":" in name else (SCRAPE_SECONDS, SCRAPED_DAYS)
            times = range(end - days * DAY, end + 1, step)
            written = ",".join(f"{label}={json.dumps(value)}" for label, value in {**labels, **LABELS}.items())
            prefix = f"{name}{{{written}}}"
            pairs = zip(times, values(prefix, kind, times), strict=True)
            out.writelines(f"{prefix} {value} {moment}\n" for moment, value in pairs)
            count, samples = count + 1, samples + len(times)
        out.write("# EOF\n")
    argv = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", f"--max-block-duration={BLOCK}"]
    data = folder / "prometheus-data"
    subprocess.run([*argv, str(file), str(data)], check=True, timeout=IMPORT_SECONDS, stdout=subprocess.DEVNULL)
    file.unlink()
    return count, samples


def templates(names: set[str]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Return name, type and own labels of each series among `names`, by the exporter's golden exposition."""
    for family in text_string_to_metric_families(EXPOSITION.read_text(encoding="utf-8")):
        for sample in family.samples:
            if sample.name in names:
                yield sample.name, family.type, sample.labels
    for rule in (rule for group in groups() for rule in group.rules):
        if rule.record in names and rule.record.startswith("instance_period:"):
            yield from ((rule.record, "ratio", {"period": period}) for period in ("day", "week", "month"))
        elif rule.record in names and rule.record.startswith("instance_scope:"):
            yield from ((rule.record, "gauge", {"scope": scope}) for scope in ("host", "network", "embodied"))
        elif rule.record in names:
            yield rule.record, "gauge", {}
    for name in ("up", "scrape_duration_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"):
        yield name, "counter" if name.endswith("_total") else "gauge", {}
    yield from ((name, "gauge", {}) for name in ("process_start_time_seconds", "process_open_fds", "process_max_fds"))
    alert = {"alertname": "EcotrackBudgetExhausted", "component": "budget", "scope": "device", "severity": "critical"}
    yield "ALERTS", "info", {**alert, "alertstate": "firing", "period": "day"}
    yield "ALERTS_FOR_STATE", "timestamp", {**alert, "period": "day"}


def values(prefix: str, kind: str, times: range) -> Iterator[str]:
    """Make up values: counters rise at random, timestamps follow the clock, states hold, and gauges wander."""
    name = prefix.partition("{")[0]
    chance = random.Random(prefix)  # noqa: S311 - loads, not secrets
    if kind == "counter":
        yield from (f"{total:.3f}" for total in itertools.accumulate(chance.random() for _ in times))
    elif name.endswith("_timestamp_seconds") or kind == "timestamp":
        yield from (str(moment - 5) for moment in times)
    elif name.endswith(("_info", "_state")) or kind == "info":
        yield from itertools.repeat("1", len(times))
    else:
        size = 1.0 if kind == "ratio" or name.endswith("_ratio") else 40.0
        yield from (f"{size * (0.5 + 0.3 * math.sin(moment / 3600) + 0.1 * chance.random()):.4f}" for moment in times)


def asked(board: BoardJson, end: int, shown: int = SHOWN) -> Iterator[Asked]:
    """Return every query of the board as Grafana sends it at 1280 px, of the last `shown` seconds."""
    for panel in panels(board):
        span, least = length(panel.get("timeFrom")) or shown, length(panel.get("interval"))
        step = max(SCRAPE_SECONDS, least, math.ceil(span / panel_pixels(panel["gridPos"]["w"]) / 15) * 15)
        for target in panel.get("targets", ()):
            expr = filled(target["expr"], span, step)
            if target.get("instant"):
                yield Asked(panel["title"], "query", {"query": expr, "time": str(end)})
            else:
                yield _over(panel["title"], expr, end - span, end, step)
    for query in queries(board):
        if query.kind == "annotation":
            yield _over("annotations", filled(query.expr, shown, RECORD_SECONDS), end - shown, end, RECORD_SECONDS * 10)
        if query.kind == "variable":
            week = {"start": str(end - shown), "end": str(end), "match[]": filled(query.expr, shown, RECORD_SECONDS)}
            yield Asked("variables", f"label/{query.label}/values", week)


def length(text: str | None) -> int:
    """Return the seconds of a panel's own time range or least interval; 0 where it has none."""
    text = (text or "").removeprefix(">")
    return SPANS[text] if text in SPANS else int(text[:-1]) * UNITS[text[-1]]


def _over(title: str, expr: str, start: int, end: int, step: int) -> Asked:
    step = max(step, math.ceil((end - start) / MOST_POINTS))
    parameters = {"query": expr, "start": str(start // step * step), "end": str(end // step * step), "step": str(step)}
    return Asked(title, "query_range", parameters)


def filled(expr: str, span: int, step: int) -> str:
    """Fill in the board's variables as All and its macros as Grafana computes them."""
    return resolve(expr, rate_seconds=max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS), range_seconds=span)


def measure(url: str, wanted: list[Asked]) -> list[tuple[Asked, float]]:
    """Ask everything a few times, one query after the other; returns the median of each."""
    taken: dict[int, list[float]] = defaultdict(list)
    without: set[str] = set()
    with requests.Session() as session:
        for _ in range(REPEATS):
            for number, one in enumerate(wanted):
                began = time.perf_counter()
                answer = session.get(f"{url}/api/v1/{one.path}", params=one.parameters, timeout=60)
                taken[number].append(time.perf_counter() - began)
                answer.raise_for_status()
                found = answer.json()["data"]
                if not (found if one.path.startswith("label/") else found["result"]):
                    without.add(one.title)
    print(f"without data: {', '.join(sorted(without)) or 'none'}")
    return [(one, median(taken[number])) for number, one in enumerate(wanted)]


if __name__ == "__main__":
    main()
