"""A real Prometheus with the committed rules that scrapes both programs, for asking what the boards ask."""

import contextlib
import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from grafana.queries import Query, resolve
from tests.grafana.moving_machine import MovingMachine, moving_machine
from tests.grafana.simulated import running_simulator
from tests.processes import free_port, running, running_prometheus

ROOT = Path(__file__).parents[2]
SCRAPE_SECONDS = 1
STEP_SECONDS = 1
SHOWN_SECONDS = 60
RATE_SECONDS = max(STEP_SECONDS + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
"""As Grafana computes `$__rate_interval` from the panel's resolution and the data source's interval."""

CONFIGURATION = """
sampling: {interval_seconds: 1}
power: {idle_watts: 8, full_watts: 45}
budget: {day_grams: 0.001, week_grams: 1000, month_grams: 4000}
"""
"""A day budget that is exhausted at once, so that there is an alert to show."""

LATE_SECONDS = 4.0
"""More than three intervals, so that the sample which waits for it counts as late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Addresses of the running servers."""

    prometheus: str
    exporter: str
    simulator: str


@contextlib.contextmanager
def running_stack(folder: Path) -> Iterator[Live]:
    """Run two exporters, each on a machine that moves, simulator and Prometheus itself, all scraped every second."""
    with (
        moving_machine(folder / "machine", seed=1) as machine,
        moving_machine(folder / "another-machine", seed=2) as another,
        running_exporter(folder / "exporter", machine) as exporter,
        running_exporter(folder / "another-exporter", another) as neighbour,
        running_simulator(folder) as simulator,
    ):
        config = folder / "prometheus.yml"
        jobs = {"ecotrack": [exporter, neighbour], "ecochain": [simulator]}
        config.write_text(yaml.safe_dump(_configuration(folder, jobs)), encoding="utf-8")
        with running_prometheus(config, folder) as prometheus:
            itself = [{"targets": [prometheus.removeprefix("http://")]}]
            (folder / "others.yml").write_text(yaml.safe_dump(itself), encoding="utf-8")
            live = Live(prometheus=prometheus, exporter=exporter, simulator=simulator)
            # Of a counter that Prometheus has not seen before there is no increase.
            _until_seen(live, f'ecotrack_sample_gaps_total{{instance="{exporter}"}}')
            machine.answer_late(LATE_SECONDS)
            yield live


def _until_seen(live: Live, expr: str) -> None:
    """Return once Prometheus has an answer to the expression."""
    deadline = time.monotonic() + 20.0
    while not series_of(live, expr, instant=True):
        assert time.monotonic() < deadline, f"Prometheus has no answer to {expr}"
        time.sleep(0.2)


@contextlib.contextmanager
def running_exporter(folder: Path, machine: MovingMachine) -> Iterator[str]:
    """Run an exporter with `CONFIGURATION` and fresh state that looks at a machine; yields host and port."""
    folder.mkdir()
    config = folder / "ecotrack.yml"
    config.write_text(CONFIGURATION, encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "exporter", f"--config.file={config}"]
    argv += [f"--web.listen-address={address}", f"--state.dir={folder / 'state'}", *machine.flags]
    with running(argv, ready=f"http://{address}/-/ready", log=folder / "exporter.log"):
        yield address


def finite_values(live: Live, query: Query, instance: str, **chosen: str) -> list[float]:
    """Return the finite samples that Prometheus returns for the query; for a variable, one for each of its values."""
    expr = resolve(
        query.expr,
        rate_seconds=RATE_SECONDS,
        range_seconds=SHOWN_SECONDS,
        values={"instance": instance, **chosen},
    )
    if query.kind == "variable":
        return [1.0 for _ in _get(live, f"label/{query.label}/values", {"match[]": expr})]
    return [
        value for series in series_of(live, expr, instant=query.instant) for value in series if math.isfinite(value)
    ]


def series_of(live: Live, expr: str, *, instant: bool) -> list[list[float]]:
    """Return values of each series that the expression returns, now or over the last half minute."""
    if instant:
        return [[float(series["value"][1])] for series in answer(live, expr)]
    now = time.time()
    span = {"start": str(now - 30), "end": str(now), "step": str(STEP_SECONDS)}
    found = _get(live, "query_range", {"query": expr, **span})
    return [[float(value) for _, value in series["values"]] for series in found["result"]]


def answer(live: Live, expr: str) -> list[dict[str, Any]]:
    """Return labels and value of each series that the expression returns now."""
    found: list[dict[str, Any]] = _get(live, "query", {"query": expr, "time": str(time.time())})["result"]
    return found


def _get(live: Live, path: str, parameters: dict[str, str]) -> Any:
    response = requests.get(f"{live.prometheus}/api/v1/{path}", params=parameters, timeout=10)
    assert response.status_code == 200, f"{parameters}: {response.text}"
    return response.json()["data"]


def _configuration(folder: Path, jobs: Mapping[str, list[str]]) -> dict[str, object]:
    """Return the committed rules, evaluated every second and firing at once, and a scrape every second."""
    rules = folder / "rules"
    rules.mkdir()
    for source in (ROOT / "prometheus" / "rules").glob("*.yml"):
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
        for group in document["groups"]:
            group["interval"] = f"{SCRAPE_SECONDS}s"
            group["rules"] = [
                {key: value for key, value in rule.items() if key not in {"for", "keep_firing_for"}}
                for rule in group["rules"]
            ]
        (rules / source.name).write_text(yaml.safe_dump(document), encoding="utf-8")
    every = f"{SCRAPE_SECONDS}s"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(rules / "*.yml")],
        "scrape_configs": [
            *({"job_name": job, "static_configs": [{"targets": targets}]} for job, targets in jobs.items()),
            {"job_name": "prometheus", "file_sd_configs": [{"files": [str(folder / "others.yml")]}]},
        ],
    }
