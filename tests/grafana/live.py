"""A real Prometheus with the committed rules that scrapes both programs, for asking what the boards ask."""

import contextlib
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import requests
import yaml

from exporter.budget import Period
from exporter.core.units import Grams
from grafana.carbon_budget.names import FORECAST, INTENSITY
from grafana.queries import Query, resolve
from prometheus.files import LIMITS_FILE, recording_yaml
from prometheus.fleet import SEEN_AT, rate5m
from prometheus.recording import CONSUMED, emission_rate
from prometheus.sci import functional_unit, sci_groups
from prometheus.team_limits import TeamLimits, limit_groups
from prometheus.weeks import GRAMS, JOULES
from tests.grafana.fake_grid import fake_grid
from tests.grafana.moving_machine import MovingMachine, moving_machine
from tests.grafana.simulated import running_simulator
from tests.kept_audit import keep_audit
from tests.kept_proof import keep_proof, last_hour
from tests.processes import TOOL_SECONDS, free_port, program, running, running_prometheus, until

ROOT = Path(__file__).parents[2]
SCRAPE_SECONDS = 1
STEP_SECONDS = 1
SHOWN_SECONDS = 60
RATE_SECONDS = max(STEP_SECONDS + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
"""As Grafana computes `$__rate_interval` from the panel's resolution and the data source's interval."""

CONFIGURATION = """
sampling: {interval_seconds: 1}
power: {idle_watts: 8, full_watts: 45, machine: laptop}
budget: {day_grams: 0.001, week_grams: 1000, month_grams: 4000}
embodied: {kilograms: 250, lifetime_years: 50, purchased: 2026-01-01}
attribution: {by: cgroup, share_limit: 0.0001}
"""
"""A day budget that is exhausted at once, and a share that many programs exceed, so that there are alerts to show."""

PROGRAMS = ("--collector.processes", "--collector.process_bytes")
"""Flags that tell programs apart; the bytes of the made-up machine's are not told, since its sockets are not here."""

WORK = functional_unit("samples=ecotrack_samples_total")
"""Work of which a Software Carbon Intensity is recorded."""

GRID = """
grid: {{price_per_kwh: 0.31, currency: EUR, live: {{provider: uk, zone: GB, url: "{url}"}}}}
"""
"""A live grid, and a price."""

HOURS_TO_THE_CLEANEST = 10.0
"""Far enough for now to be dirty, of which an alert tells."""

PAST = "past.om"
"""File of the samples of other days, in the folder of the stack."""

AT_ONCE = {"batch_send_deadline": "1s", "max_shards": 1, "max_samples_per_send": 2000, "capacity": 10_000}
"""A queue of remote write that keeps no sample for longer than the scrapes here are apart, and with one sender, so that
they go in the order in which Prometheus has taken them."""

TEAM = "lab"
TEAM_LIMITS = TeamLimits(zone=UTC, grams={TEAM: {period: Grams(1e-6) for period in (Period.DAY, Period.MONTH)}})
"""Limits that the team exceeds at once, so that there are alerts to show."""

LIFETIMES = {14: 0.0, 7: 1e-9}
"""Totals since recording began, in grams and in joules, of days before now: less than the exporter soon has."""

GAPS = "ecotrack_sample_gaps_total"
"""Counter of samples that came late, which boards show for half a minute."""

LATE_SECONDS = 4.0
"""More than three intervals, so that the sample which waits for it counts as late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Addresses of the running servers, when they began, and the moment about which Prometheus is asked, or now."""

    prometheus: str
    exporter: str
    neighbour: str
    simulator: str
    began: float
    moment: float | None = None

    def now(self) -> float:
        """Return the moment about which Prometheus is asked."""
        return time.time() if self.moment is None else self.moment


@contextlib.contextmanager
def running_stack(
    folder: Path, remote_write: Sequence[str] = (), scrape_seconds: int = SCRAPE_SECONDS
) -> Iterator[Live]:
    """Run two exporters, one of them on a live grid, simulator and Prometheus itself, all scraped every second or less.

    Prometheus writes what it scrapes and records on to the URLs of `remote_write`; that of other days stands in `PAST`.
    """
    began = time.time()
    with (
        moving_machine(folder / "machine", seed=1) as machine,
        moving_machine(folder / "another-machine", seed=2) as another,
        fake_grid(HOURS_TO_THE_CLEANEST) as grid,
        running_exporter(folder / "exporter", machine, GRID.format(url=grid)) as exporter,
        running_exporter(folder / "another-exporter", another) as neighbour,
        running_simulator(folder) as simulator,
    ):
        config = folder / "prometheus.yml"
        jobs: dict[str, list[dict[str, object]]] = {
            "ecotrack": [{"targets": [exporter], "labels": {"team": TEAM}}, {"targets": [neighbour]}],
            "ecochain": [{"targets": [simulator]}],
        }
        receivers = {"remote_write": [{"url": url, "queue_config": AT_ONCE} for url in remote_write]}
        config.write_text(yaml.safe_dump(_configuration(folder, jobs, scrape_seconds) | receivers), encoding="utf-8")
        _remember(folder, exporter)
        with running_prometheus(config, folder) as prometheus:
            itself = [{"targets": [prometheus.removeprefix("http://")]}]
            (folder / "others.yml").write_text(yaml.safe_dump(itself), encoding="utf-8")
            live = Live(prometheus=prometheus, exporter=exporter, neighbour=neighbour, simulator=simulator, began=began)
            # A score needs a minute.
            _until_seen(live, f'ecotrack_eco_score_ratio{{instance="{exporter}"}}')
            # Of a counter that Prometheus has not seen before there is no increase.
            _until_seen(live, f'{GAPS}{{instance="{exporter}"}}')
            # Last, since a gap is soon too long ago to be shown.
            machine.answer_late(LATE_SECONDS)
            _until_seen(live, f'increase({GAPS}{{instance="{exporter}"}}[1m]) > 0')
            yield live


def _remember(folder: Path, exporter: str) -> None:
    """Give Prometheus what the boards ask of other days: a few minutes of an hour, of each day and of two weeks ago."""
    now = time.time()
    series = {
        f'{CONSUMED}{{period="day",': 0.5,
        f"{emission_rate('30m')}{{": 0.01,
        f"{emission_rate('1d')}{{": 0.01,
        f'{INTENSITY}{{grid_zone="GB",': 200.0,
        f'{FORECAST}{{horizon="1h",': 190.0,
        f'{FORECAST}{{horizon="24h",': 180.0,
    }
    times = [now - 86_400 * day + 60 * minute for day in range(14, 0, -1) for minute in range(10)]
    times += [now - 3600 + 60 * minute for minute in range(10)]
    points = [(labels, value, at) for labels, value in series.items() for at in times]
    points += [
        (f"{name}{{", value, now - 86_400 * day + 60 * minute)
        for name in (GRAMS, JOULES)
        for day, value in LIFETIMES.items()
        for minute in range(-70, 5)
    ]
    lines = [f'{labels}job="ecotrack",instance="{exporter}"}} {value} {at:.0f}' for labels, value, at in sorted(points)]
    # A device of the same address that was scraped for two hours until an hour ago, and is missing since.
    gone = f'{SEEN_AT}{{job="once",instance="{exporter}",team="{TEAM}",lifetime_start="1"}}'
    lines += [f"{gone} {at:.0f} {at:.0f}" for at in range(int(now) - 3 * 3600, int(now) - 3600, 240)]
    lines += [f'{rate5m()}{{team="{TEAM}"}} 0.02 {at:.0f}' for at in times[:-10]]
    file = folder / PAST
    file.write_text("\n".join((*lines, "# EOF\n")), encoding="utf-8")
    argv = [
        program("promtool"),
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(file),
        str(folder / "prometheus-data"),
    ]
    subprocess.run(argv, check=True, capture_output=True, timeout=TOOL_SECONDS)


def _until_seen(live: Live, expr: str) -> None:
    """Return once Prometheus has an answer to the expression."""
    until(lambda: bool(series_of(live, expr, instant=True)), f"an answer of Prometheus to {expr}")


@contextlib.contextmanager
def running_exporter(folder: Path, machine: MovingMachine, more: str = "") -> Iterator[str]:
    """Run an exporter with `CONFIGURATION`, more of it, and fresh state on a machine; yields host and port."""
    folder.mkdir()
    config = folder / "ecotrack.yml"
    proof = keep_proof(folder / "proof.json", last_hour())
    config.write_text(f"{CONFIGURATION}attestation: {{proof: {proof}}}\n{more}", encoding="utf-8")
    keep_audit(folder / "state")
    address = f"127.0.0.1:{free_port()}"
    argv = [sys.executable, "-m", "exporter", f"--config.file={config}"]
    argv += [f"--web.listen-address={address}", f"--state.dir={folder / 'state'}", *machine.flags, *PROGRAMS]
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
    found = series_of(live, expr, instant=query.instant)
    if query.step.endswith("d"):
        found += at_steps(live, expr, int(query.step[:-1]) * 86_400)
    return [value for series in found for value in series if math.isfinite(value)]


def at_steps(live: Live, expr: str, step: int) -> list[list[float]]:
    """Return values of each series at the last three multiples of a long step, which Grafana asks for."""
    last = live.now() // step * step
    span = {"start": str(last - 2 * step), "end": str(last), "step": str(step)}
    found = _get(live, "query_range", {"query": expr, **span})
    return [[float(value) for _, value in series["values"]] for series in found["result"]]


def series_of(live: Live, expr: str, *, instant: bool) -> list[list[float]]:
    """Return values of each series that the expression returns, now or over the last half minute."""
    if instant:
        return [[float(series["value"][1])] for series in answer(live, expr)]
    now = live.now()
    span = {"start": str(now - 30), "end": str(now), "step": str(STEP_SECONDS)}
    found = _get(live, "query_range", {"query": expr, **span})
    return [[float(value) for _, value in series["values"]] for series in found["result"]]


def answer(live: Live, expr: str) -> list[dict[str, Any]]:
    """Return labels and value of each series that the expression returns now."""
    found: list[dict[str, Any]] = _get(live, "query", {"query": expr, "time": str(live.now())})["result"]
    return found


def _get(live: Live, path: str, parameters: dict[str, str]) -> Any:
    response = requests.get(f"{live.prometheus}/api/v1/{path}", params=parameters, timeout=240)
    assert response.status_code == 200, f"{parameters}: {response.text}"
    return response.json()["data"]


def _configuration(folder: Path, jobs: Mapping[str, list[dict[str, object]]], seconds: int) -> dict[str, object]:
    """Return the committed rules, evaluated every so many seconds and firing at once, and a scrape as often."""
    rules = folder / "rules"
    rules.mkdir()
    texts = {one.name: one.read_text(encoding="utf-8") for one in (ROOT / "prometheus" / "rules").glob("*.yml")}
    made = {"sci.yml": recording_yaml(sci_groups([WORK])), LIMITS_FILE.name: recording_yaml(limit_groups(TEAM_LIMITS))}
    for name, text in {**texts, **made}.items():
        document = yaml.safe_load(text)
        for group in document["groups"]:
            group["interval"] = f"{seconds}s"
            group["rules"] = [
                {key: value for key, value in rule.items() if key not in {"for", "keep_firing_for"}}
                for rule in group["rules"]
            ]
        (rules / name).write_text(yaml.safe_dump(document), encoding="utf-8")
    every = f"{seconds}s"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(rules / "*.yml")],
        "scrape_configs": [
            *({"job_name": job, "static_configs": targets} for job, targets in jobs.items()),
            {"job_name": "prometheus", "file_sd_configs": [{"files": [str(folder / "others.yml")]}]},
        ],
    }
