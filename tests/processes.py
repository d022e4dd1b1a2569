"""Real servers for tests: each runs on a loopback port, in a fresh folder, and is ended by its own process id."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path, timeout: float = 20.0) -> None:
    """Return once `url` answers 200; fail with the end of the log if the process ends or time runs out."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{process.args!r} is not ready at {url}:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def running(
    argv: Sequence[str], *, ready: str, log: Path, timeout: float = 20.0, open_files: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `argv` until the block ends; it counts as started once the URL `ready` answers 200, in `timeout` seconds.

    It may have so many `open_files` and cannot raise that.
    """
    if open_files is not None:
        argv = ["sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh", *argv]
    with log.open("wb") as output:
        process = subprocess.Popen(list(argv), stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(ready, process, log, timeout)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextlib.contextmanager
def running_prometheus(config: Path, folder: Path, *flags: str) -> Iterator[str]:
    """A real Prometheus with this configuration file and a fresh data folder; yields its base URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    with running(argv, ready=f"{url}/-/ready", log=folder / "prometheus.log"):
        yield url


@contextlib.contextmanager
def running_alertmanager(config: Path, folder: Path, *flags: str) -> Iterator[str]:
    """A real Alertmanager with this configuration file, not clustered; yields its base URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        *flags,
    ]
    with running(argv, ready=f"{url}/-/ready", log=folder / "alertmanager.log"):
        yield url


def program(*names: str) -> str:
    """Path of the first of these programs that is installed (Debian renames alertmanager)."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise AssertionError(f"{names[0]} is not installed: `make test` installs it from Debian's packages as root")
