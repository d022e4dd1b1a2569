"""A socket that a service manager passes is listened on, and whatever else it passes is refused in one line."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.web import passed
from exporter.core.web.listen_address import ListenError, base_url, is_loopback
from exporter.core.web.passed import passed_listeners
from tests.exporter.core.web.test_server import has_ipv6_loopback


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Let descriptors be passed from the lowest number on that is free here."""
    number = os.dup(0)
    os.close(number)
    monkeypatch.setattr(passed, "FIRST", number)
    yield number


def environment(count: str = "1", names: str = "ecotrack.socket", receiver: str = "7") -> dict[str, str]:
    return {"LISTEN_PID": receiver, "LISTEN_FDS": count, "LISTEN_FDNAMES": names, "HOME": "/"}


def test_sockets_that_listen_are_taken_and_no_child_is_told(first: int) -> None:
    other = ("::1", socket.AF_INET6) if has_ipv6_loopback() else ("127.0.0.2", socket.AF_INET)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server((other[0], 0), family=other[1]) as two:
        assert (one.fileno(), two.fileno()) == (first, first + 1)
        addresses = [one.getsockname(), two.getsockname()]
        os.set_inheritable(one.detach(), True)
        two.detach()
        environ = environment("2", "a:b")
        found = passed_listeners(environ, 7)
        try:
            assert [each.getsockname() for each in found] == addresses
            assert not any(each.get_inheritable() for each in found)
            assert environ == {"HOME": "/"}
        finally:
            for each in found:
                each.close()


def test_what_is_passed_to_another_process_is_left_to_it() -> None:
    assert passed_listeners(environment(receiver="8"), 7) == ()
    assert passed_listeners({}, 7) == ()


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (environment(receiver="x\n"), 'LISTEN_PID: expected a whole number, got "x\\n"'),
        (environment(count="-1"), 'LISTEN_FDS: expected a whole number, got "-1"'),
        (environment(count="0"), "LISTEN_FDS: expected 1 to 64 sockets, got 0"),
        (environment(count="9" * 30), "LISTEN_FDS: expected 1 to 64 sockets, got 999999999"),
        (environment(names="a:b"), "LISTEN_FDNAMES: expected 1 names, got 2"),
    ],
)
def test_nonsense_is_refused(environ: dict[str, str], line: str) -> None:
    with pytest.raises(ListenError) as caught:
        passed_listeners(environ, 7)
    assert str(caught.value) == line


def test_what_cannot_be_listened_on_is_refused(first: int, tmp_path: Path) -> None:
    tcp = "expected a socket of TCP: ListenStream=HOST:PORT in the socket unit"
    listens = "expected a socket that listens: Accept=no in the socket unit"
    for kind, fault in ((socket.SOCK_DGRAM, tcp), (socket.SOCK_STREAM, listens)):
        with socket.socket(socket.AF_INET, kind) as one:
            assert one.fileno() == first
            assert refused(names="web") == f'cannot listen on descriptor {first} ("web"): {fault}'
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "socket"))
        local.listen()
        assert refused(names="") == f"cannot listen on descriptor {first}: {tcp}"
    with Path(os.devnull).open() as file:
        assert file.fileno() == first
        assert refused(names="") == f"cannot listen on descriptor {first}: it is no socket"
    told = f'cannot listen on descriptor {first} ("a"), which the service manager names: Bad file descriptor'
    assert refused(names="a") == told


def refused(names: str) -> str:
    """Return why the first descriptor is refused."""
    with pytest.raises(ListenError) as caught:
        passed_listeners(environment(names=names), 7)
    return str(caught.value)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
@pytest.mark.parametrize(("address", "is_own"), [("::ffff:127.0.0.1", True), ("::ffff:0.0.0.0", False), ("::", False)])
def test_an_ipv4_address_that_is_written_as_ipv6_is_what_it_is(address: str, is_own: bool) -> None:
    """Or a server that only this machine reaches would answer to any name, and so to a web page of anybody's."""
    with socket.socket(socket.AF_INET6) as listener:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, 0))
        port = listener.getsockname()[1]
        assert is_loopback(listener) is is_own
        assert base_url(listener, "http") == f"http://{'127.0.0.1' if is_own else 'localhost'}:{port}"


@given(st.fixed_dictionaries(dict.fromkeys(("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"), st.text(max_size=9))))
def test_any_environment_is_refused_in_one_line_or_names_nothing(environ: dict[str, str]) -> None:
    try:
        assert passed_listeners(environ, 2**22 + 1) == ()  # no process has that number
    except ListenError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize(
    ("flags", "environ", "line"),
    [
        (["--web.systemd-socket"], {}, "--web.systemd-socket: systemd passes no socket: start the socket unit"),
        ([], {"LISTEN_PID": "x", "LISTEN_FDS": "1"}, 'LISTEN_PID: expected a whole number, got "x"'),
    ],
)
def test_the_program_refuses_in_one_line(tmp_path: Path, flags: list[str], environ: dict[str, str], line: str) -> None:
    argv = [sys.executable, "-m", "exporter", f"--state.dir={tmp_path / 'state'}", *flags]
    done = subprocess.run(argv, env=os.environ | environ, text=True, capture_output=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (2, f"ecotrack: {line}\n")
    assert not (tmp_path / "state").exists()
