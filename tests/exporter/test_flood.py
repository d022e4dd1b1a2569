"""Clients by the thousand, idle or hostile, against the programs as they run: they go on, and their logs stay short."""

import base64
import contextlib
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt
import pytest
import requests

from exporter.core.web.connection import Limits
from tests.exporter.core.web.hostile import hostile_request
from tests.exporter.core.web.http_client import read_all
from tests.exporter.exporter_process import Exporter, running_exporter, saved, until_ready
from tests.processes import until
from tests.simulator.simulator_process import LiveJob, running_job

pytestmark = pytest.mark.servers

HOSTILE, IDLE = 2000, 2000

LOW_LIMIT = 64

#: Descriptors besides connections: open at rest, opened for a moment, or about to be closed for a client in turn.
BESIDES = 40

PASSWORD = "right"

Program = Exporter | LiveJob


def connect(program: Program) -> socket.socket:
    address = urlsplit(program.url)
    assert address.hostname is not None and address.port is not None
    return socket.create_connection((address.hostname, address.port), 240)


def log_lines(program: Program) -> list[str]:
    return program.log.read_text().splitlines()


def until_it_says_that_it_listens(program: Program) -> None:
    """Return once the log has its first lines, which come a moment after the first answer."""
    until(lambda: any("listening on" in line for line in log_lines(program)), "the first lines of the log")


@contextlib.contextmanager
def exporter_with_password(folder: Path) -> Iterator[Program]:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    # Health is asked for without credentials, so the password comes once that is over.
    web = folder / "web.yml"
    web.write_text("{}\n")
    with running_exporter(folder, f"--web.config.file={web}") as exporter:
        web.write_text(f"basic_auth_users: {{alice: '{hashed}'}}\n")
        assert exporter.get("/metrics").status_code == 401
        yield exporter


@contextlib.contextmanager
def simulator(folder: Path) -> Iterator[Program]:
    with running_job(folder) as job:
        yield job


@pytest.mark.parametrize(
    ("start", "honest"),
    [
        (exporter_with_password, []),
        (exporter_with_password, [b"Authorization: Basic " + base64.b64encode(f"alice:{PASSWORD}".encode())]),
        (simulator, []),
    ],
    ids=["exporter, without the password", "exporter, with it", "simulator"],
)
def test_hostile_requests_are_answered_and_write_a_line_a_second_at_most(
    tmp_path: Path, start: Callable[[Path], contextlib.AbstractContextManager[Program]], honest: list[bytes]
) -> None:
    with start(tmp_path) as program:
        until_it_says_that_it_listens(program)
        before, began = len(log_lines(program)), time.monotonic()
        unanswered = []
        for seed in range(HOSTILE):
            with connect(program) as client:
                client.sendall(hostile_request(seed, *honest))
                client.shutdown(socket.SHUT_WR)
                if not read_all(client).startswith(b"HTTP/1.1 "):
                    unanswered.append(seed)
        took = time.monotonic() - began
        after = log_lines(program)
        scrape = requests.get(f"{program.url}/metrics", auth=("alice", PASSWORD), timeout=240)
    assert unanswered == []
    assert len(after) - before <= took + 1
    assert [line for line in after if "level=error" in line or "Traceback" in line] == []
    assert scrape.status_code == 200


@contextlib.contextmanager
def idle_clients(program: Program, count: int) -> Iterator[int]:
    """Connect so many clients that say nothing, and yield the most descriptors that the program had meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 200)), hard))
    most = 0
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(count):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            address = urlsplit(program.url)
            client.connect_ex((address.hostname, address.port))
            if number % 10 == 0:
                most = max(most, open_descriptors(program))
        yield most


def open_descriptors(program: Program) -> int:
    return len(os.listdir(f"/proc/{program.process.pid}/fd"))  # noqa: PTH208 - the names are not wanted


def discarded(samples: dict[str, float]) -> float:
    return sum(value for name, value in samples.items() if name.startswith("ecotrack_discarded_readings_total"))


@pytest.mark.parametrize("count", [300, IDLE])
def test_with_few_descriptors_idle_clients_cost_no_sample_no_save_and_no_log(tmp_path: Path, count: int) -> None:
    with running_exporter(tmp_path, open_files=LOW_LIMIT) as exporter:
        until_ready(exporter)
        before = exporter.samples()
        with idle_clients(exporter, count) as most:
            wanted = before["ecotrack_samples_total"] + 6
            until(lambda: exporter.samples()["ecotrack_samples_total"] >= wanted, "six more samples")
            after = exporter.samples()
            assert saved(exporter.state).totals["exported"]["samples"] >= wanted
        assert most < LOW_LIMIT
        assert discarded(after) == discarded(before)
        # One line tells the limit of connections, one the address.
        assert len(log_lines(exporter)) == 2, log_lines(exporter)


def test_where_the_system_refuses_clients_they_wait_and_the_log_stays_short(tmp_path: Path) -> None:
    with running_exporter(tmp_path) as exporter, contextlib.ExitStack() as stack:
        until_ready(exporter)
        before, began = len(log_lines(exporter)), time.monotonic()
        usual = resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE, (open_descriptors(exporter) + 4, usual[1]))
        clients = [stack.enter_context(connect(exporter)) for _ in range(50)]
        refused = 'msg="clients have to wait: Too many open files"'
        until(lambda: any(refused in line for line in log_lines(exporter)), "a client to be refused")
        time.sleep(2)
        of_server = [line for line in log_lines(exporter)[before:] if "logger=exporter.core" in line]
        assert len(of_server) <= time.monotonic() - began + 1
        assert all(refused in line for line in of_server)
        resource.prlimit(exporter.process.pid, resource.RLIMIT_NOFILE, usual)
        for client in clients[:25]:
            client.close()
        assert exporter.get("/-/healthy").status_code == 200


@contextlib.contextmanager
def exporter(folder: Path) -> Iterator[Program]:
    with running_exporter(folder) as running:
        yield running


@pytest.mark.parametrize("start", [exporter, simulator])
def test_idle_clients_open_no_more_descriptors_than_there_may_be_connections(
    tmp_path: Path, start: Callable[[Path], contextlib.AbstractContextManager[Program]]
) -> None:
    with start(tmp_path) as program:
        until_it_says_that_it_listens(program)
        before = len(log_lines(program))
        with idle_clients(program, IDLE) as most_before:
            assert program.samples()
            most = max(most_before, open_descriptors(program))
        assert 100 < most <= Limits(requests=1).connections + BESIDES
        # A busy machine holds up the simulated clock, which is told whoever connects.
        assert [line for line in log_lines(program)[before:] if "the simulated clock fell" not in line] == []
