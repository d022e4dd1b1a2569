"""TCP sockets as the kernel tells of them: whose bytes they are, and those of loopback are nobody's."""

import errno
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.sources.process_bytes.reading import ProcessBytes
from exporter.sources.process_bytes.sock_diag import SockDiagCounter
from exporter.sources.process_bytes.tcp_sockets import TcpSocket, sockets_of
from exporter.sources.reading import ReadingUnavailableError
from tests.fake_clock import FakeClock

DONE = struct.pack("=IHHIIi", 20, 3, 2, 0, 0, 0)

NO_TCP = struct.pack("=IHHIIi", 20, 3, 2, 0, 0, -errno.ENOENT)
"""Answer of a kernel that knows sock_diag, and not the part of it for TCP: the end, without any socket before it."""


def attribute(kind: int, content: bytes) -> bytes:
    return (struct.pack("=HH", 4 + len(content), kind) + content).ljust(4 + len(content) + -len(content) % 4, b"\0")


def tcp_info(acknowledged: int, received: int) -> bytes:
    """Return the beginning of the kernel's `struct tcp_info`, with a field after the two counts."""
    return bytes(120) + struct.pack("=QQI", acknowledged, received, 77)


def message(source: str, target: str, info: bytes, *, cookie: int = 5, inode: int = 9) -> bytes:
    """Return what the kernel says of one socket, with a shutdown byte before its counts."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = [socket.inet_pton(family, one).ljust(16, b"\0") for one in (source, target)]
    ends = struct.pack("!HH", 443, 40_000) + b"".join(addresses) + struct.pack("=IQ", 2, cookie)
    body = struct.pack("=BBBB", family, 1, 0, 0) + ends + struct.pack("=IIIII", 0, 0, 0, 1000, inode)
    body += attribute(8, b"\0") + info
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 0, 0) + body


def test_bytes_are_those_acknowledged_and_received() -> None:
    answer = message("10.0.0.1", "10.0.0.2", attribute(2, tcp_info(1000, 50)), cookie=2**63 + 1, inode=77)
    answer += message("10.0.0.1", "10.0.0.3", attribute(2, tcp_info(3, 4)))
    expected = [
        TcpSocket(cookie=2**63 + 1, inode=77, received=50, sent=1000),
        TcpSocket(cookie=5, inode=9, received=4, sent=3),
    ]
    assert sockets_of(answer, socket.AF_INET) == (expected, False)
    assert sockets_of(answer + DONE, socket.AF_INET) == (expected, True)


@pytest.mark.parametrize(
    ("source", "target", "is_told"),
    [
        ("10.0.0.1", "127.0.0.1", False),
        ("127.3.4.5", "10.0.0.1", False),
        ("10.0.0.1", "10.0.0.1", False),
        ("10.127.0.1", "12.7.0.1", True),
        ("::1", "::1", False),
        ("fd09::1", "fd09::1", False),
        ("fd09::1", "fd09::2", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", True),
    ],
)
def test_sockets_of_loopback_are_left_out(source: str, target: str, is_told: bool) -> None:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    found, _ = sockets_of(message(source, target, attribute(2, tcp_info(1, 1))), family)
    assert bool(found) is is_told


@pytest.mark.parametrize("info", [b"", attribute(2, bytes(104)), attribute(5, tcp_info(1, 1))])
def test_a_socket_without_counts_is_left_out(info: bytes) -> None:
    assert sockets_of(message("10.0.0.1", "10.0.0.2", info) + DONE, socket.AF_INET) == ([], True)


@pytest.mark.parametrize("answer", [struct.pack("=IHHIIi", 36, 2, 0, 0, 0, -errno.ENOENT), NO_TCP])
def test_an_error_of_the_kernel_is_raised(answer: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        sockets_of(answer, socket.AF_INET6)


@given(st.binary(max_size=300), st.integers(0, 300), st.sampled_from([socket.AF_INET, socket.AF_INET6]))
@example(struct.pack("=IHHIIi", 36, 2, 0, 0, 0, -(2**31)), 0, socket.AF_INET)
@example(struct.pack("=IHHII", 0, 20, 2, 0, 0) + bytes(72), 300, socket.AF_INET)
def test_whatever_the_kernel_says_is_read_or_refused(noise: bytes, at: int, family: int) -> None:
    good = message("10.0.0.1", "10.0.0.2", attribute(2, tcp_info(1000, 50)))
    for answer in (noise, good[:at], good[:at] + noise, good[:at] + noise + good[at + len(noise) :]):
        try:
            found, _ = sockets_of(answer, family)
        except (OSError, ReadingUnavailableError):
            continue
        assert all(one.received >= 0 <= one.sent for one in found)


class FakeSockets:
    """A table of sockets that says what it is told to."""

    def __init__(self) -> None:
        self.now: list[TcpSocket] = []
        self.is_closed = False

    def read(self) -> Iterable[TcpSocket]:
        return list(self.now)

    def close(self) -> None:
        self.is_closed = True


class Watched:
    """A counter on a table of sockets and a folder of processes, with a clock and costs of its own."""

    def __init__(self, procfs: Path, sockets: FakeSockets) -> None:
        self.clock = FakeClock()
        self.costs: list[float] = []
        self._cpu_time = 0.0
        self.counter = SockDiagCounter(sockets, procfs, self.clock, self.cpu_time)

    def cpu_time(self) -> float:
        """Return a time that goes on by the next of the costs: before and after a look."""
        self._cpu_time += self.costs.pop(0) if self.costs else 0.0
        return self._cpu_time

    def moved(self, *, after: float = 5.0) -> tuple[ProcessBytes, ...]:
        """Return the processes that have moved bytes, a time after the last look."""
        self.clock.advance(after)
        reading = self.counter.read()
        assert reading is not None
        return reading.processes


def tcp(cookie: int, inode: int, received: int = 0, sent: int = 0) -> TcpSocket:
    return TcpSocket(cookie=cookie, inode=inode, received=received, sent=sent)


def add_process(procfs: Path, pid: int, name: str, *inodes: int) -> None:
    """Add a process with sockets, and with files that are none."""
    (procfs / str(pid) / "fd").mkdir(parents=True)
    fields = " ".join(str(number) for number in range(4, 53))
    (procfs / str(pid) / "stat").write_text(f"{pid} ({name}) S {fields}\n", encoding="utf-8")
    for place, link in enumerate(
        ["/dev/null", "pipe:[3]", "anon_inode:[eventfd]", *(f"socket:[{one}]" for one in inodes)]
    ):
        (procfs / str(pid) / "fd" / str(place)).symlink_to(link)


def moved(pid: int, name: str, received: int, sent: int) -> ProcessBytes:
    return ProcessBytes(pid=pid, started=22, name=name, received=received, sent=sent)


@pytest.fixture
def sockets() -> FakeSockets:
    return FakeSockets()


def test_a_process_has_what_its_sockets_moved_since_the_last_look(tmp_path: Path, sockets: FakeSockets) -> None:
    add_process(tmp_path, 10, "web", 100, 101)
    add_process(tmp_path, 11, "a) b (c", 102)
    sockets.now = [tcp(1, 100, 5000, 7000), tcp(2, 102)]
    watched = Watched(tmp_path, sockets)
    assert watched.moved() == ()
    sockets.now = [tcp(1, 100, 5010, 7020), tcp(2, 102, 3), tcp(3, 101, 1, 2)]
    assert watched.moved() == (moved(10, "web", 10, 20), moved(11, "a) b (c", 3, 0), moved(10, "web", 1, 2))
    sockets.now = [tcp(1, 100, 5010, 7021)]
    assert watched.moved() == (moved(10, "web", 0, 1),)
    watched.counter.close()
    assert sockets.is_closed


def test_what_a_socket_moves_while_it_is_closed_is_its_process_s(tmp_path: Path, sockets: FakeSockets) -> None:
    add_process(tmp_path, 10, "web", 100)
    watched = Watched(tmp_path, sockets)
    sockets.now = [tcp(1, 100, 0, 50)]
    assert watched.moved() == (moved(10, "web", 0, 50),)
    sockets.now = [tcp(1, 0, 0, 80)]
    assert watched.moved() == (moved(10, "web", 0, 30),)


def test_what_came_before_a_socket_was_accepted_is_counted_then(tmp_path: Path, sockets: FakeSockets) -> None:
    watched = Watched(tmp_path, sockets)
    sockets.now = [tcp(1, 0, 40)]
    assert watched.moved() == ()
    add_process(tmp_path, 10, "web", 100)
    sockets.now = [tcp(1, 100, 50)]
    assert watched.moved() == (moved(10, "web", 50, 0),)


def test_a_socket_of_nobody_is_looked_for_once(tmp_path: Path, sockets: FakeSockets) -> None:
    """The kernel's own sockets, and those of other users: else all open files would be read at each look."""
    watched = Watched(tmp_path, sockets)
    sockets.now = [tcp(1, 100, 50)]
    assert watched.moved() == ()
    add_process(tmp_path, 10, "web", 100)
    sockets.now = [tcp(1, 100, 80)]
    assert watched.moved() == ()


def test_a_process_that_ends_under_the_look_costs_its_own_bytes_alone(tmp_path: Path, sockets: FakeSockets) -> None:
    add_process(tmp_path, 10, "web", 100)
    (tmp_path / "10/stat").unlink()
    (tmp_path / "11").mkdir()
    add_process(tmp_path, 12, "mail", 101)
    watched = Watched(tmp_path, sockets)
    sockets.now = [tcp(1, 100, 50), tcp(2, 101, 60)]
    assert watched.moved() == (moved(12, "mail", 60, 0),)


def test_a_look_that_cost_much_is_not_repeated_soon_and_loses_nothing(tmp_path: Path, sockets: FakeSockets) -> None:
    """A second of CPU time in 200 s is half a per cent."""
    add_process(tmp_path, 10, "web", 100)
    watched = Watched(tmp_path, sockets)
    watched.costs = [0.0, 1.0]
    sockets.now = [tcp(1, 100, 50)]
    assert watched.moved() == (moved(10, "web", 50, 0),)
    sockets.now = [tcp(1, 100, 60)]
    watched.clock.advance(199.0)
    assert watched.counter.read() is None
    assert watched.moved(after=1.0) == (moved(10, "web", 10, 0),)
