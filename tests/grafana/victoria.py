"""A real VictoriaMetrics that receives by remote write, for asking it what the boards ask Prometheus."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.processes import free_port, program, running, series, until

PROGRAM = "victoria-metrics"
MISSING = f"{PROGRAM} is not installed: `make test` installs it from Debian's packages as root"

WRITE = "/api/v1/write"
"""Path at which VictoriaMetrics receives remote write, as Prometheus does with its receiver switched on."""

SENT = "prometheus_remote_storage_queue_highest_sent_timestamp_seconds"

HIDDEN_SECONDS = 30
"""Age below which VictoriaMetrics leaves samples out of its answers (`-search.latencyOffset`), since some of the same
moment may still be on their way."""


@contextlib.contextmanager
def running_receiver(folder: Path) -> Iterator[str]:
    """Run VictoriaMetrics as the page says; yield its base URL, or nothing where it is not installed."""
    if shutil.which(PROGRAM) is None:
        yield ""
        return
    with running_victoria_metrics(folder, "-retentionPeriod=400d") as url:
        yield url


def skip_unless_installed() -> None:
    """Skip the test where VictoriaMetrics is not installed: not every system has a package of it."""
    if shutil.which(PROGRAM) is None:
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
    """Return once Prometheus has sent every sample up to the moment, and VictoriaMetrics shows those of then."""
    until(lambda: sent_until(prometheus) > moment + HIDDEN_SECONDS, "the last sample sent by remote write")
    flush(victoria)


def sent_until(prometheus: str) -> float:
    """Return the time of the latest sample that Prometheus has sent to its one receiver; 0 before the first."""
    exposed = series(requests.get(f"{prometheus}/metrics", timeout=240).text)
    found = [at for name, at in exposed.items() if name.startswith(SENT)]
    return min(found, default=0.0)
