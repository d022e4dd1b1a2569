"""A service manager hears of start, reload and stop, and of life for as long as the program waits in its loop."""

import contextlib
import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core import manager as module
from exporter.core.config import ConfigError
from exporter.core.manager import LEAST_PATIENCE, SIGNS_OF_LIFE, Manager, watchdog
from exporter.core.units import Seconds
from tests.fake_clock import FakeClock
from tests.processes import ending, until_ended

MOST_MESSAGES = 60
"""Messages within which the one that is waited for has to come; signs of life would come for ever."""

Place = Callable[[Path], tuple[str, str]]


def path(folder: Path) -> tuple[str, str]:
    """Return an address in a folder, as the variable has it and as the system knows it."""
    return str(folder / "notify"), str(folder / "notify")


def abstract(folder: Path) -> tuple[str, str]:
    """Return an address in no folder."""
    name = f"ecotrack-test-{os.getpid()}-{folder.name}"
    return f"@{name}", f"\0{name}"


def bound(address: str) -> socket.socket:
    """Return a manager's socket."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(address)
    found.settimeout(240)
    return found


def heard(manager: socket.socket) -> list[str]:
    """Return all that was told so far."""
    told = []
    manager.setblocking(False)
    try:
        while True:
            told.append(manager.recv(4096).decode())
    except BlockingIOError:
        return told


def next_news(manager: socket.socket) -> str:
    """Return the first line of the next message that is no sign of life."""
    for _ in range(MOST_MESSAGES):
        line = manager.recv(4096).decode().split("\n")[0]
        if line != "WATCHDOG=1":
            return line
    raise AssertionError("nothing but signs of life")


@pytest.mark.parametrize("place", [path, abstract])
def test_each_message_is_one_datagram(tmp_path: Path, place: Place) -> None:
    given_address, address = place(tmp_path)
    with bound(address) as socket_of_manager:
        manager = Manager(given_address, Seconds(math.inf))
        manager.ready("listening\non http://127.0.0.1:1")
        manager.reloading()
        manager.ready()
        manager.alive()
        manager.stopping()
        ready, reloading, again, stopping = heard(socket_of_manager)
    assert ready == "READY=1\nSTATUS=listening\\non http://127.0.0.1:1"
    assert reloading.partition("=1\nMONOTONIC_USEC=")[0] == "RELOADING"
    assert int(reloading.rpartition("=")[2]) > 0
    assert (again, stopping) == ("READY=1", "STOPPING=1\nSTATUS=stopping")


def test_signs_of_life_come_often_enough_and_no_more(tmp_path: Path) -> None:
    clock = FakeClock()
    with bound(str(tmp_path / "notify")) as socket_of_manager:
        manager = Manager(str(tmp_path / "notify"), Seconds(120.0), clock.awake)
        for _ in range(12):
            manager.alive()
            clock.advance(10.0)
        assert heard(socket_of_manager) == ["WATCHDOG=1"] * SIGNS_OF_LIFE


def test_a_manager_that_is_gone_costs_a_line_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    manager = Manager(str(tmp_path / "gone"), Seconds(40.0), clock.awake)
    for _ in range(12):
        manager.alive()
        clock.advance(10.0)
    assert [one.message for one in caplog.records] == [
        "the service manager cannot be told WATCHDOG=1: No such file or directory"
    ] * 2


def test_a_manager_without_room_is_told_later_that_the_program_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would end a program that never becomes ready."""
    monkeypatch.setattr(module, "SEND_SECONDS", 0.01)
    place = str(tmp_path / "notify")
    with bound(place) as socket_of_manager:
        manager = Manager(place, Seconds(math.inf))
        fill(place)
        manager.ready("at work")
        manager.alive()
        assert set(heard(socket_of_manager)) == {"full"}
        manager.alive()
        manager.alive()
        assert heard(socket_of_manager) == ["READY=1\nSTATUS=at work"]
    assert [one.message for one in caplog.records] == ["the service manager cannot be told READY=1: timed out"]


def fill(place: str) -> None:
    """Leave no room in the queue of a manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(BlockingIOError):
        sender.setblocking(False)
        while True:
            sender.sendto(b"full", place)


@pytest.mark.parametrize(
    ("environ", "patience"),
    [
        ({}, math.inf),
        ({"WATCHDOG_USEC": "120000000"}, 120.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "7"}, 120.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "8"}, math.inf),
        ({"WATCHDOG_PID": "7"}, math.inf),
    ],
)
def test_the_patience_is_that_with_this_process(environ: dict[str, str], patience: float) -> None:
    assert watchdog(environ, 7) == patience
    assert environ == {}


@given(st.text(max_size=30))
def test_any_patience_is_one_or_refused_in_one_line(text: str) -> None:
    try:
        assert watchdog({"WATCHDOG_USEC": text}, 7) >= LEAST_PATIENCE
    except ConfigError as error:
        (line,) = error.mistakes
        assert line.startswith("WATCHDOG_USEC: expected ")
        assert line.isprintable()


LOOP = """\
import os, sys
from exporter.core.manager import managed
from exporter.core.service import Stopped
stop = managed(os.environ, os.getpid())
assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & os.environ.keys()
stop.on_hangup(lambda: print("looked", flush=True))
stop.ready("at work")
if "at once" in sys.argv:
    try:
        with stop.at_once():
            stop.wait(240)
            raise AssertionError("a signal to stop ends the block")
    except Stopped:
        sys.exit(0)
assert stop.wait(0.0) is False
assert stop.wait(240)
"""
"""Program that waits in its loop."""


@contextlib.contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the program under a manager at an address in a folder until the block ends."""
    environ = os.environ | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "1000000"}
    argv = [sys.executable, "-c", LOOP, *arguments]
    with ending(subprocess.Popen(argv, env=environ, text=True, stdout=subprocess.PIPE)) as process:
        yield process


def test_a_wait_gives_signs_of_life_and_says_why_it_ends(tmp_path: Path) -> None:
    with bound(str(tmp_path / "notify")) as manager, started(tmp_path) as process:
        assert manager.recv(4096) == b"READY=1\nSTATUS=at work"
        assert [manager.recv(4096) for _ in range(6)] == [b"WATCHDOG=1"] * 6
        process.send_signal(signal.SIGHUP)
        assert next_news(manager) == "RELOADING=1"
        assert next_news(manager) == "READY=1"
        process.send_signal(signal.SIGTERM)
        assert next_news(manager) == "STOPPING=1"
        assert process.communicate(timeout=240)[0] == "looked\n"
        assert process.returncode == 0


def test_a_block_that_is_ended_at_once_says_so(tmp_path: Path) -> None:
    with bound(str(tmp_path / "notify")) as manager, started(tmp_path, "at once") as process:
        assert manager.recv(4096) == b"READY=1\nSTATUS=at work"
        assert manager.recv(4096) == b"WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        assert next_news(manager) == "STOPPING=1"
        until_ended(process.pid)


@pytest.mark.parametrize("address", ["", "/", "@", "notify", "vsock:2:1234", "\n"])
def test_an_address_that_is_none_is_refused_in_one_line(tmp_path: Path, address: str) -> None:
    argv = [sys.executable, "-m", "exporter", f"--state.dir={tmp_path}", "--web.listen-address=127.0.0.1:0"]
    environ = os.environ | {"NOTIFY_SOCKET": address}
    done = subprocess.run(argv, env=environ, text=True, capture_output=True, timeout=240, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("ecotrack: NOTIFY_SOCKET: expected a path or @name, got ")
    assert done.stderr.count("\n") == 1
