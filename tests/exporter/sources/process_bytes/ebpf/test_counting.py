"""The kernel counts what programs move over a network, in bytes, and nothing that stays within the machine."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.sources.process_bytes.ebpf.counter import EbpfCounter, open_socket_counter
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from exporter.sources.process_bytes.reading import ProcessBytes
from tests.exporter.sources.process_bytes.ebpf.chosen import chosen_means
from tests.exporter.sources.process_bytes.ebpf.mover import DATAGRAM, MULTIPATH, STREAM
from tests.exporter.sources.process_bytes.ebpf.networks import Program, Side, connected_networks

pytestmark = pytest.mark.servers

MSG_PEEK = 2
SIZE, TIMES = 1_000, 50

V4, V6 = "IPv4", "IPv6"
BOTH = pytest.mark.parametrize("family", [V4, V6])


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Side, Side]]:
    with connected_networks() as both:
        yield both


@pytest.fixture
def counter() -> Iterator[EbpfCounter]:
    try:
        opened = open_socket_counter(means=chosen_means())
    except EbpfUnavailableError as error:
        pytest.skip(str(error))
    yield opened
    opened.close()


def address(side: Side, family: str) -> str:
    return side.address4 if family == V4 else side.address6


def moved(counter: EbpfCounter, program: Program) -> tuple[int, int]:
    """Return what a program has received and sent since the last reading."""
    return moved_by_all(counter)[program.pid]


def moved_by_all(counter: EbpfCounter) -> dict[int, tuple[int, int]]:
    sums: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in counter.read().processes:
        received, sent = sums[one.pid]
        sums[one.pid] = received + one.received, sent + one.sent
    return sums


def connection(sides: tuple[Side, Side], family: str, kind: str = STREAM) -> tuple[int, int]:
    """Return the numbers of the sockets of a connection, on each side."""
    one, other = sides
    listening, port = other.program.ask_for_two("listen", address(other, family), kind)
    other.program.tell("accept", listening)
    here = one.program.ask("connect", address(other, family), port, kind)
    return here, other.program.answer()


def transfer(sender: Program, by: int, receiver: Program, to: int, size: int) -> None:
    receiver.tell("receive", to, size)
    sender.ask("send", by, size)
    assert receiver.answer() == size


@BOTH
def test_two_programs_have_the_bytes_of_tcp_that_they_moved(
    counter: EbpfCounter, sides: tuple[Side, Side], family: str
) -> None:
    one, other = sides[0].program, sides[1].program
    here, there = connection(sides, family)
    transfer(one, here, other, there, 3_000_000)
    transfer(other, there, one, here, 1_000_000)
    sums = moved_by_all(counter)
    assert sums[one.pid] == (1_000_000, 3_000_000)
    assert sums[other.pid] == (3_000_000, 1_000_000)


@BOTH
@pytest.mark.parametrize("is_connected", [True, False])
def test_two_programs_have_the_bytes_of_udp_that_they_moved(
    counter: EbpfCounter, sides: tuple[Side, Side], family: str, is_connected: bool
) -> None:
    """A sender may name the receiver once or with each message; a receiver of UDP mostly has no connection."""
    one, other = sides[0].program, sides[1].program
    to = address(sides[1], family)
    wildcard = "0.0.0.0" if family == V4 else "::"
    there, port = other.ask_for_two("listen", wildcard, DATAGRAM)
    if is_connected:
        sent = one.ask("send", one.ask("connect", to, port, DATAGRAM), SIZE, TIMES)
    else:
        sent = one.ask("send_to", one.ask("unconnected", to), to, port, SIZE, TIMES)
    received = other.ask("receive_from", there, TIMES)
    sums = moved_by_all(counter)
    assert sums[one.pid] == (0, sent) == (0, SIZE * TIMES)
    assert sums[other.pid] == (received, 0) == (SIZE * TIMES, 0)


def test_an_address_of_ipv4_within_ipv6_is_one_of_the_network(counter: EbpfCounter, sides: tuple[Side, Side]) -> None:
    one, other = sides[0].program, sides[1].program
    there, port = other.ask_for_two("listen", "::", DATAGRAM)
    mapped = f"::ffff:{sides[1].address4}"
    one.ask("send_to", one.ask("unconnected", mapped), mapped, port, SIZE, TIMES)
    other.ask("receive_from", there, TIMES)
    one.ask("send", one.ask("connect", mapped, port, DATAGRAM), SIZE, TIMES)
    other.ask("receive_from", there, TIMES)
    sums = moved_by_all(counter)
    assert sums[one.pid] == (0, 2 * SIZE * TIMES)
    assert sums[other.pid] == (2 * SIZE * TIMES, 0)


def test_a_file_that_the_kernel_sends_for_a_program_counts(counter: EbpfCounter, sides: tuple[Side, Side]) -> None:
    here, there = connection(sides, V4)
    sides[1].program.tell("receive", there, 500_000)
    sides[0].program.ask("send_file", here, 500_000)
    assert sides[1].program.answer() == 500_000
    assert moved(counter, sides[0].program) == (0, 500_000)


@pytest.mark.skipif(not Path("/proc/sys/net/mptcp").exists(), reason="this kernel has no multipath TCP")
@BOTH
def test_multipath_tcp_counts_once(counter: EbpfCounter, sides: tuple[Side, Side], family: str) -> None:
    """Its bytes go through connections of the kernel's own below the socket."""
    one, other = sides[0].program, sides[1].program
    here, there = connection(sides, family, MULTIPATH)
    transfer(one, here, other, there, 300_000)
    other.tell("receive", there, 100_000)
    one.ask("send_file", here, 100_000)
    assert other.answer() == 100_000
    sums = moved_by_all(counter)
    assert sums[one.pid] == (0, 400_000)
    assert sums[other.pid] == (400_000, 0)


def test_what_is_only_looked_at_counts_once(counter: EbpfCounter, sides: tuple[Side, Side]) -> None:
    one, other = sides[0].program, sides[1].program
    here, there = connection(sides, V4)
    one.ask("send", here, SIZE)
    assert other.ask("receive", there, SIZE, MSG_PEEK) == SIZE
    assert other.ask("receive", there, SIZE) == SIZE
    assert moved(counter, other) == (SIZE, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1", "own IPv4", "own IPv6"])
@pytest.mark.parametrize("kind", [STREAM, DATAGRAM])
def test_nothing_within_the_machine_counts(
    counter: EbpfCounter, sides: tuple[Side, Side], host: str, kind: str
) -> None:
    """A machine's own address is loopback too, as a connected socket shows: its two ends have the same."""
    one = sides[0].program
    to = {"own IPv4": sides[0].address4, "own IPv6": sides[0].address6}.get(host, host)
    there, port = one.ask_for_two("listen", to, kind)
    here = one.ask("connect", to, port, kind)
    if kind == STREAM:
        there = one.ask("accept", there)
    one.ask("send", here, SIZE)
    if kind == STREAM or not host.startswith("own"):
        assert one.ask("receive", there, SIZE) == SIZE
    assert moved(counter, one) == (0, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("is_bound_to_loopback", [True, False])
def test_messages_to_loopback_do_not_count(
    counter: EbpfCounter, sides: tuple[Side, Side], host: str, is_bound_to_loopback: bool
) -> None:
    """A socket without a connection shows no peer: its own address tells, or that of the message."""
    if not is_bound_to_loopback and not counter.sees_messages:
        pytest.skip("this kernel lets nobody see the addresses of messages")
    one = sides[0].program
    anywhere = "::" if ":" in host else "0.0.0.0"
    there, port = one.ask_for_two("listen", host if is_bound_to_loopback else anywhere, DATAGRAM)
    here, _ = one.ask_for_two("listen", host if is_bound_to_loopback else anywhere, DATAGRAM)
    one.ask("send_to", here, host, port, SIZE, TIMES)
    assert one.ask("receive_from", there, TIMES) == SIZE * TIMES
    assert moved(counter, one) == (0, 0)


def test_sockets_of_unix_do_not_count(counter: EbpfCounter, sides: tuple[Side, Side]) -> None:
    one = sides[0].program
    here, there = one.ask_for_two("pair")
    one.ask("send", here, SIZE)
    assert one.ask("receive", there, SIZE) == SIZE
    assert moved(counter, one) == (0, 0)


def test_what_a_program_sent_is_told_after_its_end(counter: EbpfCounter, sides: tuple[Side, Side]) -> None:
    _, port = sides[1].program.ask_for_two("listen", sides[1].address4, DATAGRAM)
    with sides[0].another_program("short-lived") as program:
        program.ask("send", program.ask("connect", sides[1].address4, port, DATAGRAM), SIZE)
        program.end()
        (found,) = of(counter, program)
        assert (found.name, found.sent, found.received) == ("short-lived", SIZE, 0)
        assert of(counter, program) == []


def of(counter: EbpfCounter, program: Program) -> list[ProcessBytes]:
    return [one for one in counter.read().processes if one.pid == program.pid]
