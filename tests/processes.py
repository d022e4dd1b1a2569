"""Real servers for tests: each runs on a loopback port, in a fresh folder, and is ended by its own process id."""

import contextlib
import functools
import itertools
import os
import random
import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import AnyStr

import psutil
import requests

TOOL_SECONDS = 240.0
"""Longest time in seconds that a program may take to start, to end, or to check a file, on a busy machine: the first
start of a simulator compiles its kernels."""


def refuse_unless_marked() -> None:
    """Do nothing in a test that is marked `servers`; fail in any other (conftest.py puts the refusal here)."""


PORTS = range(12_000, 32_000)
"""Ports for programs that a test starts: below those that Linux hands out by itself, from 32768 on, so that none goes
to somebody else between the choice of a port and the start of the program that listens on it."""

WORKERS = 16
"""Workers of one run that choose among different ports."""


def free_port() -> int:
    """Return a loopback TCP port on which nobody listens, and which no other worker of this run is given."""
    for port in itertools.islice(_ports(), len(PORTS) // WORKERS):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"somebody listens on every port of this worker in {PORTS}")


@functools.cache
def _ports() -> Iterator[int]:
    """Return the ports of this worker over and over, from a random one on: other runs choose among the same."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = PORTS[worker % WORKERS :: WORKERS]
    first = random.SystemRandom().randrange(len(ports))
    return itertools.cycle([*ports[first:], *ports[:first]])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `url` answers 200; fail with the end of the log if the process ends or time runs out."""
    deadline = time.monotonic() + TOOL_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{process.args!r} is not ready at {url}:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def running(
    argv: Sequence[str], *, ready: str, log: Path, open_files: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `argv` until the block ends; it counts as started once the URL `ready` answers 200.

    It may have so many `open_files` and cannot raise that.
    """
    refuse_unless_marked()
    if open_files is not None:
        argv = ["sh", "-c", f'ulimit -n {open_files} && exec "$@"', "sh", *argv]
    with (
        log.open("wb") as output,
        ending(
            subprocess.Popen(list(argv), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        ) as process,
    ):
        wait_for(ready, process, log)
        yield process


@contextlib.contextmanager
def ending(process: subprocess.Popen[AnyStr]) -> Iterator[subprocess.Popen[AnyStr]]:
    """Yield the process; when the block ends ask it to stop, and kill it if it does not.

    `with Popen(...)` would wait for its end without a bound.
    """
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(TOOL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(TOOL_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line that the process prints, without its end; fail if there is none."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], TOOL_SECONDS)
    assert readable, f"{process.args!r} has printed nothing in {TOOL_SECONDS:g} s"
    return process.stdout.readline().removesuffix("\n")


def join(thread: threading.Thread) -> None:
    """Return once the thread has ended; fail if it goes on."""
    thread.join(TOOL_SECONDS)
    assert not thread.is_alive(), f"{thread.name} has not ended in {TOOL_SECONDS:g} s"


@contextlib.contextmanager
def running_prometheus(config: Path, folder: Path, *flags: str) -> Iterator[str]:
    """Run a real Prometheus with this configuration file and a fresh data folder; yield its base URL."""
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
    """Run a real Alertmanager with this configuration file, not clustered; yield its base URL."""
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
    """Return the path of the first of these programs that is installed (Debian renames alertmanager)."""
    refuse_unless_marked()
    for name in names:
        if path := shutil.which(name):
            return path
    raise AssertionError(f"{names[0]} is not installed: `make test` installs it from Debian's packages as root")


def until(condition: Callable[[], bool], what: str, timeout: float = TOOL_SECONDS) -> None:
    """Return once the condition holds; fail, saying what was waited for, once time runs out."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:g} s for {what}"
        time.sleep(0.02)


def until_ended(number: int) -> None:
    """Return once the process has ended, though whoever has to take notice of it may not have done so yet."""

    def has_ended() -> bool:
        try:
            return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    until(has_ended, f"the end of process {number}")


def series(exposition: str) -> dict[str, float]:
    """Return the values of an exposition without timestamps by series, written as in the text."""
    rows = (line.rpartition(" ") for line in exposition.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}
