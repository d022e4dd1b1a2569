"""From an exporter over a real Prometheus to a proof that others check, and that the exporter and its board show."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from grafana.queries import queries, resolve
from tests.attested_past import SCRAPE_SECONDS, Scrape, backfill, scraped_past
from tests.exporter.exporter_process import EVERY_SECOND, running_exporter, until_ready
from tests.processes import TOOL_SECONDS, free_port, running_prometheus, until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROOT = Path(__file__).parents[1]

HOURS = 3

SETTLED = 300.0
"""Time after an hour's end from which it is surely over, in seconds: one that has just ended is not attested yet."""

GAPPED = "gap.example:10110"
"""Instance of an exporter that was not scraped for ten minutes of the last hour but one."""


def ecochain(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ecochain ledger` in a folder as its user does."""
    argv = [sys.executable, "-m", "simulator", "ledger", *arguments]
    return subprocess.run(
        argv,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
        check=False,
    )


def prometheus_of(folder: Path, target: str) -> Path:
    """Write the configuration of a Prometheus that scrapes an exporter every second."""
    config = folder / "prometheus.yml"
    scraping = {"job_name": "ecotrack", "static_configs": [{"targets": [target]}]}
    every = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    config.write_text(yaml.safe_dump({"global": every, "scrape_configs": [scraping]}), encoding="utf-8")
    return config


@dataclass(frozen=True, slots=True)
class Attested:
    """A Prometheus that has stored hours of an exporter, and a folder with the ledger and the proof of the last one."""

    folder: Path
    prometheus: str
    port: int
    scrapes: list[Scrape]
    end: float
    said: str

    def attest(self, *more: str) -> subprocess.CompletedProcess[str]:
        target = ("--prometheus", self.prometheus, "--instance", f"127.0.0.1:{self.port}", "--key", "host.key")
        return ecochain(self.folder, "attest", *target, *more)

    def ask(self, expr: str) -> list[tuple[dict[str, str], float, float]]:
        """Return labels, time and value of each series that the expression returns now."""
        answer = requests.get(f"{self.prometheus}/api/v1/query", params={"query": expr}, timeout=240).json()
        return [(one["metric"], float(one["value"][0]), float(one["value"][1])) for one in answer["data"]["result"]]

    def once_answered(self, expr: str) -> tuple[dict[str, str], float, float]:
        """Return labels, time and value of the one series; a scrape that a busy machine misses leaves none."""
        found: list[tuple[dict[str, str], float, float]] = []

        def is_answered() -> bool:
            found[:] = self.ask(expr)
            return bool(found)

        until(is_answered, f"an answer of Prometheus to {expr}")
        (one,) = found
        return one

    def joules_at(self, at: float) -> float:
        """Return the energy that the machine had used at the last scrape until a time."""
        return max((one for one in self.scrapes if one.at <= at), key=lambda one: one.at).joules()


@pytest.fixture(scope="module")
def attested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attested]:
    """Let hours pass, be scraped and be attested. They ended an hour ago, so that the last one is final."""
    folder, port = tmp_path_factory.mktemp("attested"), free_port()
    end = (time.time() - SETTLED) // 3600 * 3600 - 3600
    start = end - HOURS * 3600
    scrapes = list(scraped_past(folder / "laptop", start - 2 * SCRAPE_SECONDS, end + SCRAPE_SECONDS, seed=1))
    backfill(scrapes, f"127.0.0.1:{port}", folder / "prometheus-data")
    gap = end - 1.5 * 3600
    backfill([one for one in scrapes if not gap < one.at < gap + 600.0], GAPPED, folder / "prometheus-data")
    assert ecochain(folder, "key", "--name", "laptop.example/ecotrack", "--output", "host.key").returncode == 0
    with running_prometheus(prometheus_of(folder, f"127.0.0.1:{port}"), folder) as url:
        found = Attested(folder, url, port, scrapes, end, "")
        ran = found.attest("--since", iso(start), "--until", iso(end))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        yield Attested(folder, url, port, scrapes, end, ran.stdout)


def iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(at))


def measured(attested: Attested) -> dict[str, object]:
    told: dict[str, object] = json.loads((attested.folder / "proof.json").read_bytes())["measured"]
    return told


def test_each_hour_is_claimed_as_its_counters_rose(attested: Attested) -> None:
    assert f"hours attested: {HOURS}" in attested.said
    assert "refused: 0" in attested.said
    assert "contradict" not in attested.said
    told = measured(attested)
    assert told["instance"] == f"127.0.0.1:{attested.port}"
    assert told["end"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(attested.end))
    joules = attested.joules_at(attested.end) - attested.joules_at(attested.end - 3600.0)
    assert 8.0 * 3600.0 < joules < 45.0 * 3600.0
    # Each component is rounded to the millijoule, at both ends.
    assert told["energy_millijoules"] == pytest.approx(joules * 1000.0, abs=3.0)


def test_verifier_auditor_and_check_accept_it(attested: Attested) -> None:
    verified = ecochain(attested.folder, "verify", "attest.db")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    checked = ecochain(attested.folder, "check", "proof.json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"127.0.0.1:{attested.port} drew" in checked.stdout
    assert "is trusted" in checked.stdout
    audit = [sys.executable, str(ROOT / "docs/examples/audit_ledger.py"), "attest.db"]
    audited = subprocess.run(
        audit, cwd=attested.folder, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False
    )
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_one_changed_figure_is_found(attested: Attested) -> None:
    proof = json.loads((attested.folder / "proof.json").read_bytes())
    proof["measured"]["energy_millijoules"] += 1
    (attested.folder / "changed.json").write_text(json.dumps(proof))
    assert ecochain(attested.folder, "check", "changed.json").returncode != 0


def test_the_exporter_its_page_and_its_board_show_the_proof(attested: Attested, tmp_path: Path) -> None:
    proof, told = attested.folder / "proof.json", measured(attested)
    config = f"{EVERY_SECOND}attestation: {{proof: {proof}}}\n"
    with running_exporter(tmp_path, config=config, port=attested.port) as exporter:
        until_ready(exporter)
        served = exporter.get("/attestation")
        assert (served.status_code, served.content) == (200, proof.read_bytes())
        samples = exporter.samples()
        assert samples["ecotrack_attestation_timestamp_seconds"] == attested.end
        assert samples["ecotrack_attestation_energy_joules"] * 1000.0 == told["energy_millijoules"]
        page = exporter.get("/").text
        assert "Last proof" in page
        assert time.strftime('until <time datetime="%Y-%m-%dT%H:%M:%S+00:00">', time.gmtime(attested.end)) in page
        board = json.loads((ROOT / "grafana/dashboards/device-carbon.json").read_bytes())
        shown = [
            resolve(one.expr, rate_seconds=4, range_seconds=60, values={})
            for one in queries(board)
            if "ecotrack_attestation" in one.expr
        ]
        labels, at, age = attested.once_answered(shown[0])
        assert age == pytest.approx(at - attested.end, abs=0.01)
        of_energy, _, energy = attested.once_answered(shown[1])
        assert energy * 3.6e6 == pytest.approx(told["energy_millijoules"])
        # The link of the panel leads to the proof, by the label of either series.
        [panel] = [one for one in all_panels(board) if one["title"] == "Last proof"]
        [link] = panel["fieldConfig"]["defaults"]["links"]
        for series in (labels, of_energy):
            url = link["url"].replace("${__field.labels.instance}", series["instance"])
            assert requests.get(url, timeout=240).content == proof.read_bytes()


def all_panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def test_hours_that_were_not_scraped_are_refused_and_the_proof_stays(attested: Attested) -> None:
    before = (attested.folder / "proof.json").read_bytes()
    ran = attested.attest()
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "refused: no samples for" in ran.stdout
    assert "hours attested: 0" in ran.stdout
    assert (attested.folder / "proof.json").read_bytes() == before


def test_an_hour_with_a_gap_is_refused_and_the_one_after_it_begins_a_new_chain(attested: Attested) -> None:
    own = ("--ledger", "gap.db", "--proof", "gap.json", "--instance", GAPPED)
    span = ("--since", iso(attested.end - HOURS * 3600.0), "--until", iso(attested.end))
    ran = attested.attest(*own, *span)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"hours attested: {HOURS - 1}" in ran.stdout
    assert "refused: no samples for 10 min" in ran.stdout
    checked = ecochain(attested.folder, "check", "gap.json")
    assert "claim 2/1 is in block" in checked.stdout, checked.stdout + checked.stderr


def test_an_exporter_that_has_run_for_seconds_has_no_hour_to_attest(tmp_path: Path) -> None:
    """Nothing but real programs and the real time."""
    assert ecochain(tmp_path, "key", "--name", "laptop.example/ecotrack", "--output", "host.key").returncode == 0
    with running_exporter(tmp_path) as exporter:
        until_ready(exporter)
        instance = exporter.url.removeprefix("http://")
        with running_prometheus(prometheus_of(tmp_path, instance), tmp_path) as url:
            found = Attested(tmp_path, url, int(instance.rpartition(":")[2]), [], 0.0, "")
            until(lambda: bool(found.ask("ecotrack_samples_total > 3")), "some samples in Prometheus")
            hour = (time.time() - SETTLED) // 3600 * 3600
            not_over = found.attest("--since", iso(hour), "--until", iso(hour + 3 * 3600.0))
            ran = found.attest("--since", iso(hour - 3600.0))
    assert (not_over.returncode, not_over.stdout) == (2, "")
    assert "is yet to come" in not_over.stderr
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "refused: no samples" in ran.stdout
    assert "hours attested: 0" in ran.stdout
    assert not {"attest.db", "proof.json"} & {one.name for one in tmp_path.iterdir()}
