"""A running `python -m simulator serve`, as its users start it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.processes import free_port, running, series


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJob:
    """The process, and where it listens and logs."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str) -> requests.Response:
        """Send one request on a connection of its own."""
        return requests.get(self.url + path, timeout=240)

    def samples(self) -> dict[str, float]:
        """Return the values of the exposition by series."""
        return series(self.get("/metrics").text)


@contextlib.contextmanager
def running_job(folder: Path, *flags: str, ready: str = "/-/ready") -> Iterator[LiveJob]:
    """Run a live job, yield it once its first step is done, or `ready` answers, and stop it when the block ends."""
    port, log = free_port(), folder / "simulator.log"
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "simulator", "serve", f"--web.listen-address=127.0.0.1:{port}", *flags]
    with running(argv, ready=url + ready, log=log) as process:
        yield LiveJob(url=url, process=process, log=log)


def run_once(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends by itself."""
    argv = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
