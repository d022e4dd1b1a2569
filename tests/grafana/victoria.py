"""A real VictoriaMetrics that receives by remote write, for asking it what the boards ask Prometheus."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.processes import free_port, program, running, series, until

PROGRAM = "victoria-metrics"
VMALERT = "vmalert"
"""Program that evaluates rules over VictoriaMetrics, of the same package."""

MISSING = f"{PROGRAM} is not installed: `make test` installs it from Debian's packages as root"

WRITE = "/api/v1/write"
"""Path at which VictoriaMetrics receives remote write, as Prometheus does with its receiver switched on."""

SENT = "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"
EVALUATED = "prometheus_rule_group_last_evaluation_timestamp_seconds"

HIDDEN_SECONDS = 30
"""Age below which VictoriaMetrics leaves samples out of its answers (`-search.latencyOffset`), since some of the same
moment may still be on their way."""


@contextlib.contextmanager
def running_receiver(folder: Path) -> Iterator[str]:
    """Run VictoriaMetrics as the page says; yield its base URL, or nothing where it is not installed."""
    if shutil.which(PROGRAM) is None:
        yield ""
        return
    flags = ("-retentionPeriod=400d", "-dedup.minScrapeInterval=1ms", "-search.maxLookback=5m")
    with running_victoria_metrics(folder, *flags) as url:
        yield url


def skip_unless_installed() -> None:
    """Skip the test where VictoriaMetrics and vmalert are not installed: not every system has a package of them."""
    if shutil.which(PROGRAM) is None or shutil.which(VMALERT) is None:
        pytest.skip(MISSING)


@contextlib.contextmanager
def running_victoria_metrics(folder: Path, *flags: str) -> Iterator[str]:
    """Run VictoriaMetrics with a fresh data folder; yield its base URL."""
    address = f"127.0.0.1:{free_port()}"
    argv = [program(PROGRAM), f"-httpListenAddr={address}", f"-storageDataPath={folder / 'victoria-data'}"]
    with running([*argv, *flags], ready=f"http://{address}/health", log=folder / "victoria.log"):
        yield f"http://{address}"


def import_past(victoria: str, file: Path) -> None:
    """Give VictoriaMetrics the samples of a file of OpenMetrics, whose times are seconds; it reads milliseconds."""
    samples = (line.rsplit(" ", 1) for line in file.read_text(encoding="utf-8").splitlines() if line != "# EOF")
    body = "".join(f"{series} {1000 * int(at)}\n" for series, at in samples)
    requests.post(f"{victoria}/api/v1/import/prometheus", data=body, timeout=240).raise_for_status()


def flush(victoria: str) -> None:
    """Make all that has been received visible to queries."""
    requests.get(f"{victoria}/internal/force_flush", timeout=240).raise_for_status()


def until_shown(prometheus: str, victoria: str, moment: float) -> None:
    """Return once Prometheus has sent all samples up to the moment, recorded ones included, and both show them.

    Rules are evaluated for a time that has passed, so those of the moment may be a while in coming. Samples are sent in
    order: one that is younger than the end of that evaluation comes after its own.
    """
    until(lambda: _least(prometheus, EVALUATED) > moment, "the rules of the moment")
    evaluated = max(time.time(), moment + HIDDEN_SECONDS)
    until(lambda: _least(prometheus, SENT) > evaluated, "the last sample sent by remote write")
    flush(victoria)


def _least(prometheus: str, name: str) -> float:
    """Return the least value of a metric of Prometheus itself over its series; 0 without any."""
    exposed = series(requests.get(f"{prometheus}/metrics", timeout=240).text)
    return min((value for key, value in exposed.items() if key.startswith(f"{name}{{")), default=0.0)
