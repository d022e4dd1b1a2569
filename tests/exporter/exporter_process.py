"""A running `python -m exporter`, as its users start it."""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import requests

from tests.processes import free_port, running, series, until

EVERY_SECOND = "sampling: {interval_seconds: 1, connections_interval_seconds: 1}\n"

STEADY_WATTS = 120.0

STEADY = EVERY_SECOND + f"power: {{idle_watts: {STEADY_WATTS:g}, full_watts: {STEADY_WATTS:g}}}\n"
"""A configuration that samples every second, with the same power whatever the machine does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """An exporter process, and where it listens, keeps its state and logs."""

    url: str
    process: subprocess.Popen[bytes]
    state: Path
    log: Path

    def get(self, path: str) -> requests.Response:
        """Send one request on a connection of its own."""
        return requests.get(self.url + path, timeout=240)

    def samples(self) -> dict[str, float]:
        """Return the values of the exposition by series."""
        return series(self.get("/metrics").text)


def zone_at_noon() -> str:
    """Return a time zone in which it is about noon, so that no test meets midnight."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def counters(samples: Mapping[str, float]) -> dict[str, float]:
    """Return the exporter's own counters among the samples, without those of its process."""
    return {name: value for name, value in samples.items() if re.match(r"ecotrack_\w+_total(\{|$)", name)}


def command(folder: Path, port: int, *flags: str) -> list[str]:
    """Return the command line of an exporter that keeps its state below `folder`."""
    address = f"--web.listen-address=127.0.0.1:{port}"
    return [sys.executable, "-m", "exporter", address, f"--state.dir={folder / 'state'}", *flags]


@contextlib.contextmanager
def running_exporter(
    folder: Path, *flags: str, config: str = EVERY_SECOND, port: int | None = None, open_files: int | None = None
) -> Iterator[Exporter]:
    """Yield an exporter that is healthy, though it may not have sampled yet, and ask it to stop when the block ends."""
    (folder / "ecotrack.yml").write_text(config)
    port = port or free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "exporter.log"
    argv = command(folder, port, f"--config.file={folder / 'ecotrack.yml'}", *flags)
    with running(argv, ready=f"{url}/-/healthy", log=log, open_files=open_files) as process:
        yield Exporter(url=url, process=process, state=folder / "state", log=log)


def until_ready(exporter: Exporter) -> None:
    """Return once the first sample is in force."""
    until(lambda: exporter.get("/-/ready").status_code == 200, "the first sample")


class Saved(msgspec.Struct, kw_only=True):
    """Content of a state file, as a reader without the program would see it."""

    clean_stop: bool
    totals: dict[str, Any]


def saved(state: Path) -> Saved:
    """Read the exact state file of a folder."""
    return msgspec.json.decode((state / "state.json").read_bytes().partition(b"\n")[2], type=Saved)


def run_once(*flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends by itself."""
    argv = [sys.executable, "-m", "exporter", *flags]
    return subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
