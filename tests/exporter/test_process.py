"""The exporter as a process: what it answers, and how it starts, waits, is held up and stops."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from exporter.views import attestation
from tests.exporter.exporter_process import (
    EVERY_SECOND,
    STEADY,
    STEADY_WATTS,
    Exporter,
    command,
    counters,
    running_exporter,
    saved,
    until_ready,
    zone_at_noon,
)
from tests.exporter.fake_site import make_site
from tests.processes import ending, free_port, join, running, series, until

pytestmark = pytest.mark.servers

FIXTURES = Path(__file__).parent / "sources/fixtures"

HOURLY = "sampling: {interval_seconds: 3600}\n"
"""The first sample comes a second after the start, and no other during a test."""

PATHS = sorted(make_site().handlers.keys() - {attestation.PATH})
"""All that answers without a proof."""

LIST_MODULES = "import json, sys; print(json.dumps(sorted(sys.modules)))"


TRIES = 20
"""Starts of an exporter, of which a busy machine leaves one the second before its first sample for a few questions."""


def test_before_the_first_sample_health_is_served_and_readiness_refused(tmp_path: Path) -> None:
    for _ in range(TRIES):
        if is_judged_before_the_first_sample(tmp_path):
            return
    raise AssertionError("the first sample came before four answers each time")


def is_judged_before_the_first_sample(folder: Path) -> bool:
    """Judge the answers of an exporter that has not sampled, if it answers that soon; tell whether it does."""
    with running_exporter(Path(tempfile.mkdtemp(dir=folder)), config=HOURLY) as exporter:
        ready, samples, summary = exporter.get("/-/ready"), exporter.samples(), exporter.get("/api/v1/summary").json()
        page = exporter.get("/").text
        if exporter.samples()["ecotrack_samples_total"] > 0:
            return False
        assert (ready.status_code, ready.text) == (503, "no fresh sample\n")
        assert exporter.get("/-/healthy").text == "healthy\n"
        assert samples["ecotrack_samples_total"] == 0
        assert samples['ecotrack_collector_success{collector="cpu"}'] == 1
        assert not any(name.startswith(("ecotrack_power_watts", "ecotrack_last_sample")) for name in samples)
        assert (summary["fresh"], summary["host_power_watts"], summary["budgets"]) == (False, None, [])
        assert "waiting for the first sample" in page
        until_ready(exporter)
        assert exporter.samples()["ecotrack_samples_total"] == 1
        return True


def test_paths_and_methods(tmp_path: Path) -> None:
    # All on one connection, where a body after HEAD or an unread one would spoil the next answer.
    with running_exporter(tmp_path, config=HOURLY) as exporter, requests.Session() as session:
        until_ready(exporter)
        for path in PATHS:
            head = session.head(exporter.url + path, timeout=240)
            got = session.get(exporter.url + path, timeout=240)
            assert (head.status_code, got.status_code) == (200, 200)
            assert int(head.headers["content-length"]) > 0
            assert head.headers["content-type"] == got.headers["content-type"]
            posted = session.post(exporter.url + path, timeout=240)
            assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
        for path in ("/metrics/", "/api/v1", "/favicon.ico", "//metrics"):
            assert session.get(exporter.url + path, timeout=240).status_code == 404


def test_one_connection_serves_many_scrapes(tmp_path: Path) -> None:
    with running_exporter(tmp_path) as exporter:
        address = urlsplit(exporter.url)
        assert address.hostname is not None
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=240)
        connection.connect()
        kept = connection.sock
        for _ in range(20):
            connection.request("GET", "/metrics")
            response = connection.getresponse()
            assert (response.status, response.read()[:2]) == (200, b"# ")
            assert connection.sock is kept
        connection.close()


def test_a_scrape_is_answered_in_the_format_and_encoding_it_asks_for(tmp_path: Path) -> None:
    with running_exporter(tmp_path, config=HOURLY) as exporter:
        until_ready(exporter)
        prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        open_ = requests.get(f"{exporter.url}/metrics", headers={"Accept": prometheus}, timeout=240)
        plain = requests.get(f"{exporter.url}/metrics", headers={"Accept": "*/*", "Accept-Encoding": ""}, timeout=240)
    assert open_.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert (open_.headers["content-encoding"], open_.text.endswith("# EOF\n")) == ("gzip", True)
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "content-encoding" not in plain.headers
    assert _of_the_machine(series(open_.text)) == _of_the_machine(series(plain.text))


def test_a_request_under_another_name_is_refused_on_loopback(tmp_path: Path) -> None:
    with running_exporter(tmp_path) as exporter:
        rebound = requests.get(f"{exporter.url}/metrics", headers={"Host": "evil.example"}, timeout=240)
        assert (rebound.status_code, "ecotrack_" in rebound.text) == (403, False)


def test_more_requests_at_once_than_allowed_are_told_to_come_again(tmp_path: Path) -> None:
    with running_exporter(tmp_path, "--web.max-requests=1") as exporter:
        until_ready(exporter)
        with _client_that_never_reads(exporter):
            until(lambda: exporter.get("/metrics").status_code == 503, "the only place to be taken")
            assert exporter.get("/metrics").headers["retry-after"] == "1"
        until(lambda: exporter.get("/metrics").status_code == 200, "the place to be free again")


def _client_that_never_reads(exporter: Exporter) -> socket.socket:
    """Ask for more than the kernel will buffer, so that one response stays under way."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    address = urlsplit(exporter.url)
    client.connect((address.hostname, address.port))
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(2000):
            client.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_and_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running_exporter(tmp_path, config=HOURLY) as exporter:
        until_ready(exporter)
        with requests.Session() as session:
            session.get(f"{exporter.url}/metrics", timeout=240)
            exporter.process.send_signal(number)
            assert exporter.process.wait(240) == 0
    left = saved(exporter.state)
    assert (left.clean_stop, left.totals["exported"]["samples"]) == (True, 1)
    assert (exporter.state / "state.durable.json").read_bytes() == (exporter.state / "state.json").read_bytes()


def test_a_signal_during_start_up_leaves_no_half_state(tmp_path: Path) -> None:
    for _ in range(5):
        with ending(subprocess.Popen(command(tmp_path, free_port()), stderr=subprocess.DEVNULL)) as process:
            until((tmp_path / "state" / "lock").exists, "the state folder")
            process.terminate()
            assert process.wait(240) == 0
        (tmp_path / "state" / "lock").unlink()
    assert saved(tmp_path / "state").clean_stop


def test_a_process_that_was_held_up_counts_a_late_sample_and_the_energy_of_the_gap(tmp_path: Path) -> None:
    """A machine that is busy may hold it up besides; no sample is made up for either."""
    late, at = 'ecotrack_sample_gaps_total{reason="late"}', "ecotrack_last_sample_timestamp_seconds"
    with running_exporter(tmp_path, config=STEADY) as exporter:
        until_ready(exporter)
        before = exporter.samples()
        os.kill(exporter.process.pid, signal.SIGSTOP)
        time.sleep(4.5)
        os.kill(exporter.process.pid, signal.SIGCONT)
        until(lambda: exporter.samples()[late] > before[late], "the late sample")
        after = exporter.samples()
    assert after['ecotrack_sample_gaps_total{reason="suspend"}'] == 0
    joules = 'ecotrack_energy_joules_total{component="baseline",scope="host"}'
    assert after[joules] - before[joules] >= 4.0 * STEADY_WATTS
    assert after["ecotrack_samples_total"] - before["ecotrack_samples_total"] < after[at] - before[at] - 2.0


def test_energy_is_power_times_time_however_often_it_is_scraped(tmp_path: Path) -> None:
    joules = 'ecotrack_energy_joules_total{component="baseline",scope="host"}'
    stop = threading.Event()
    with running_exporter(tmp_path, config=STEADY) as exporter:
        until_ready(exporter)

        def scrape() -> None:
            with requests.Session() as session:
                while not stop.is_set():
                    session.get(f"{exporter.url}/metrics", timeout=240)

        scraper = threading.Thread(target=scrape, daemon=True)
        scraper.start()
        first = exporter.samples()
        until(lambda: exporter.samples()["ecotrack_samples_total"] >= first["ecotrack_samples_total"] + 3, "3 samples")
        last = exporter.samples()
        stop.set()
        join(scraper)
    at = "ecotrack_last_sample_timestamp_seconds"
    assert last[joules] - first[joules] == pytest.approx(STEADY_WATTS * (last[at] - first[at]), rel=0.05)


def test_a_serving_process_has_no_numerical_library(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    code = f"import sys; from exporter.cli import main; main(sys.argv[1:]); {LIST_MODULES}"
    argv = [sys.executable, "-c", code, *command(tmp_path, port)[3:]]
    url = f"http://127.0.0.1:{port}"
    with running(argv, ready=f"{url}/-/ready", log=log):
        assert [requests.get(url + path, timeout=240).status_code for path in PATHS] == [200] * len(PATHS)
    modules = set(json.loads(log.read_text().splitlines()[-1]))
    assert {"psutil", "exporter.views.page"} <= modules
    assert not modules & {"numpy", "torch", "numba", "pandas", "scipy", "requests", "simulator"}


def test_importing_the_application_imports_nothing_of_the_repository_but_itself() -> None:
    code = f"import exporter.app, exporter.cli; {LIST_MODULES}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True)
    packages = {name.partition(".")[0] for name in json.loads(ended.stdout)}
    assert "exporter" in packages
    assert not packages & {"simulator", "grafana", "prometheus", "scripts", "tests", "bench"}


def test_a_restart_goes_on_with_counters_and_budgets(tmp_path: Path) -> None:
    budget = f"budget: {{day_grams: 150, time_zone: {zone_at_noon()}}}\n"
    with running_exporter(tmp_path, config=EVERY_SECOND + budget) as first:
        until_ready(first)
        before = first.samples()
    with running_exporter(tmp_path, config=HOURLY + budget) as second:
        after = second.samples()
        until_ready(second)
        used = second.samples()['ecotrack_budget_used_grams{period="day"}']
    assert [name for name, value in counters(before).items() if after[name] < value] == []
    assert after["ecotrack_samples_total"] >= 1
    assert used > before['ecotrack_budget_used_grams{period="day"}']


def test_killed_while_nothing_could_be_saved_counters_begin_at_zero_and_budgets_go_on(tmp_path: Path) -> None:
    away = tmp_path / "away"
    with running_exporter(tmp_path, config=STEADY) as first:
        until_ready(first)
        until(lambda: saved(first.state).totals["exported"]["samples"] >= 3, "three samples that are saved")
        kept = saved(first.state)
        first.state.rename(away)
        # A folder that is gone is made again, unless a file stands in its way.
        until(lambda: _is_blocked(first.state), "a file in place of the folder")
        wanted = kept.totals["exported"]["samples"] + 4
        until(lambda: first.samples()["ecotrack_samples_total"] >= wanted, "samples that nobody saved")
        first.process.kill()
        first.process.wait(240)
    first.state.unlink()
    away.rename(first.state)
    with running_exporter(tmp_path, config=HOURLY) as second:
        samples = second.samples()
    # A busy machine may ask for the metrics after the first sample of all, and only then is there energy.
    assert samples["ecotrack_samples_total"] <= 1
    spent = [name for name, value in samples.items() if name.startswith("ecotrack_energy_joules_total") and value]
    assert spent == [] or samples["ecotrack_samples_total"] == 1
    assert samples["ecotrack_lifetime_energy_joules"] >= kept.totals["lifetime_energy"] > 0


def _is_blocked(folder: Path) -> bool:
    """Put a file where a folder was that may just have been made again, and return whether it stands there."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _of_the_machine(samples: dict[str, float]) -> dict[str, float]:
    """Return the samples without those of the process itself, which is read whenever a body is made."""
    return {name: value for name, value in samples.items() if name.startswith("ecotrack_")}


def test_a_byte_that_a_paired_card_moved_is_exported_once(tmp_path: Path) -> None:
    """100 MB over the SR-IOV partner of a synthetic card, which counts them too."""
    machine = Path(shutil.copytree(FIXTURES / "laptop", tmp_path / "machine"))
    for folder in ("proc/1/net", "sys/class/net"):
        shutil.rmtree(machine / folder)
        shutil.copytree(FIXTURES / "azure" / folder, machine / folder, symlinks=True)
    shutil.copytree(FIXTURES / "azure/sys/devices", machine / "sys/devices")
    dev = machine / "proc/1/net/dev"
    before = dev.read_text()
    dev.write_text(re.sub(r"[56]\d000000|40000000", "10000000", before))
    with running_exporter(tmp_path, f"--path.procfs={machine / 'proc'}", f"--path.sysfs={machine / 'sys'}") as exporter:
        until_ready(exporter)
        (tmp_path / "dev").write_text(before.replace("60000000", "70000000").replace("40000000", "50000000"))
        (tmp_path / "dev").replace(dev)
        seen = exporter.samples()["ecotrack_samples_total"]
        until(lambda: exporter.samples()["ecotrack_samples_total"] >= seen + 2, "two samples")
        moved = {name: value for name, value in exporter.samples().items() if "ecotrack_network_bytes_total{" in name}
    assert moved == {
        'ecotrack_network_bytes_total{device="eth0",direction="receive"}': 60e6,
        'ecotrack_network_bytes_total{device="eth0",direction="transmit"}': 40e6,
    }


def hung_up(exporter: Exporter, text: str, told: str) -> None:
    """Write a configuration, have it read, and return once the log has told of it."""
    seen = exporter.log.read_text().count(told)
    (exporter.log.parent / "ecotrack.yml").write_text(text)
    exporter.process.send_signal(signal.SIGHUP)
    until(lambda: exporter.log.read_text().count(told) > seen, told)


def test_a_hangup_without_a_terminal_reads_the_configuration_again(tmp_path: Path) -> None:
    """Counters and budgets go on, and sections that need a restart are named."""
    used = 'ecotrack_budget_used_grams{period="day"}'
    limit = 'ecotrack_budget_limit_grams{period="day"}'
    good, good_at = "ecotrack_config_last_reload_successful", "ecotrack_config_last_reload_success_timestamp_seconds"
    zone = zone_at_noon()
    budget = STEADY + f"budget: {{day_grams: 1000, time_zone: {zone}}}\n"
    with running_exporter(tmp_path, config=budget) as exporter:
        until_ready(exporter)
        until(lambda: exporter.samples().get(used, 0.0) > 0.0, "a budget that is used")
        first = exporter.samples()
        assert (first[good], first[limit]) == (1.0, 1000.0)
        hung_up(exporter, budget, "the configuration is as it is in force")
        changed = budget.replace(f"1000, time_zone: {zone}", "2, time_zone: Asia/Tokyo").replace("120", "60")
        changed = changed.replace("interval_seconds: 1,", "interval_seconds: 7,")
        hung_up(
            exporter,
            changed,
            "in force from the next sample on: power, budget; needs a restart: sampling, budget.time_zone",
        )
        until(lambda: exporter.samples()[limit] == 2.0, "the new limit")
        power = 'ecotrack_power_watts{component="baseline",scope="host"}'
        until(lambda: exporter.samples().get(power, 0.0) == 60.0, "the new power")
        second = exporter.samples()
        assert second[used] > first[used]
        assert [name for name, value in counters(first).items() if second[name] < value] == []
        assert second["ecotrack_sample_interval_seconds"] == 1.0
        hung_up(exporter, "power: 1\n", "the configuration cannot be used; the one in force stays")
        third = exporter.samples()
        assert (third[good], third[good_at], third[limit]) == (0.0, second[good_at], 2.0)
        hung_up(exporter, changed, "needs a restart: sampling, budget.time_zone")
        assert exporter.samples()[good] == 1.0
        assert exporter.samples()[good_at] > first[good_at]
        exporter.process.send_signal(signal.SIGTERM)
        assert exporter.process.wait(timeout=240) == 0
    assert saved(exporter.state).clean_stop
