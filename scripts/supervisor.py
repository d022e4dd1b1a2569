"""Supervision of services: start them, wait until they are ready, notice when one ends, and stop them."""

import http.client
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scripts.services import Service

READY_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 20.0
LOG_LINES = 12


class ServiceError(Exception):
    """Service that ended or did not become ready; the message carries the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Place of a stack: the repository, its state, the exporter's configuration, and each service's loopback port."""

    root: Path
    state: Path
    config: Path
    ports: Mapping[str, int]

    def fill(self, template: str, service: Service) -> str:
        """Fill the places that `Service` describes in `template`."""
        port = self.ports[service.name]
        return template.format(root=self.root, state=self.state, config=self.config, port=port, ports=self.ports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """Service that has been started: its process, port and log."""

    service: Service
    process: subprocess.Popen[bytes]
    port: int
    log: Path


class StopRequest:
    """Flag that someone has asked this process to stop.

    The flag is a plain attribute, not an Event: a handler that takes a lock can interrupt the code that holds it.
    """

    def __init__(self) -> None:
        self.made = False

    def listen(self) -> None:
        """Take Ctrl-C, `make down` and a closed terminal as the request."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, *_: object) -> None:
        self.made = True


def program_of(service: Service) -> str | None:
    """Find the first program of the service that is installed; None also where a module that it needs is missing."""
    if any(find_spec(module) is None for module in service.modules):
        return None
    return next(filter(None, map(shutil.which, service.programs)), None)


def is_busy(port: int) -> bool:
    """Tell whether a new listener on this loopback port would be refused."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def start(service: Service, program: str, place: Place, environment: Mapping[str, str]) -> Child:
    """Start a service in a session of its own, so that only the supervisor hears Ctrl-C."""
    log = place.state / "log" / f"{service.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [place.fill(argument, service) for argument in service.arguments]
    added = {name: place.fill(value, service) for name, value in service.environment.items()}
    # setpriv (util-linux) asks the kernel to end the service should the supervisor be killed outright.
    outlive = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*outlive, program, *arguments],
            cwd=place.root,
            env={**environment, **added},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(service=service, process=process, port=place.ports[service.name], log=log)


def wait_until_ready(child: Child, stop_request: StopRequest) -> None:
    """Wait until the service answers or a stop is requested; raises ServiceError when it ends or takes too long."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while not stop_request.made and not _answers(child):
        raise_if_ended(child)
        if time.monotonic() > deadline:
            raise ServiceError(_with_log(child, f"was not ready after {READY_TIMEOUT_SECONDS:.0f} s"))
        time.sleep(0.1)


def raise_if_ended(child: Child) -> None:
    """Raise ServiceError, naming the service and its exit status, when its process has ended."""
    if (status := child.process.poll()) is not None:
        raise ServiceError(_with_log(child, f"ended with exit status {status}"))


def stop(children: Sequence[Child]) -> None:
    """End every service, the last started first, and wait until all are gone."""
    for child in reversed(children):
        child.process.terminate()
    for child in reversed(children):
        try:
            child.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def _answers(child: Child) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", child.port, timeout=2)
    try:
        connection.request("GET", child.service.ready)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _with_log(child: Child, what: str) -> str:
    lines = child.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join([f"{child.service.name} {what}; the end of {child.log}:", *(f"    {line}" for line in lines)])
