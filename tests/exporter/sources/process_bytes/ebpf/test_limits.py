"""However many programs move bytes, the kernel's memory is bounded; whoever opened it may be killed at any time."""

import errno
import re
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter.sources.process_bytes.ebpf.attach import Means
from exporter.sources.process_bytes.ebpf.counter import EbpfCounter, open_socket_counter
from exporter.sources.process_bytes.ebpf.syscalls import Buffer, RefusedError, bpf
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from tests.exporter.sources.process_bytes.ebpf.chosen import chosen_means
from tests.exporter.sources.process_bytes.ebpf.mover import DATAGRAM, STREAM
from tests.exporter.sources.process_bytes.ebpf.networks import Program, Side, connected_networks
from tests.exporter.sources.process_bytes.ebpf.opener import CAP_BPF, CAP_PERFMON, NONE
from tests.processes import ending, first_line

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[5]

NEXT_ID = {"prog_id": 11, "map_id": 12}
"""Commands of bpf(2) that tell the next id after one (`enum bpf_cmd`)."""

PATIENCE = 120.0


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Side, Side]]:
    with connected_networks() as both:
        yield both


@contextmanager
def counting(room: int = 4096) -> Iterator[EbpfCounter]:
    try:
        counter = open_socket_counter(room=room, means=chosen_means())
    except EbpfUnavailableError as error:
        pytest.skip(str(error))
    try:
        yield counter
    finally:
        counter.close()


def sender(sides: tuple[Side, Side], program: Program) -> int:
    """Return the number of a program's socket that sends by UDP to the other network, where nobody need listen."""
    _, port = sides[1].program.ask_for_two("listen", sides[1].address4, DATAGRAM)
    return program.ask("connect", sides[1].address4, port, DATAGRAM)


def kernel_bytes() -> int:
    """Return the memory of all maps that this process has open."""
    texts = [file.read_text() for file in Path("/proc/self/fdinfo").iterdir() if file.exists()]
    return sum(int(found[1]) for text in texts if "map_id" in text and (found := re.search(r"memlock:\s+(\d+)", text)))


def test_bytes_without_room_are_counted_as_lost(sides: tuple[Side, Side]) -> None:
    """Programs that have a place keep it; what others move is lost by name, never in sum."""
    program = sides[0].program
    by = sender(sides, program)
    with counting(room=64) as counter:
        program.ask("send", by, 100)
        program.ask("children", by, 100, 200)
        first = counter.read()
        assert len(first.processes) <= 64
        assert first.lost > 0
        assert sum(one.sent for one in first.processes) + first.lost >= 100 * 201
        program.ask("send", by, 100)
        assert [one.sent for one in counter.read().processes if one.pid == program.pid] == [100]


def test_a_thousand_programs_are_told_apart_and_leave_nothing_behind(sides: tuple[Side, Side]) -> None:
    program = sides[0].program
    by = sender(sides, program)
    with counting() as counter:
        before = kernel_bytes()
        program.ask("children", by, 100, 1000)
        own = [one for one in counter.read().processes if one.name == program.name]
        assert len(own) == len({(one.pid, one.started) for one in own}) == 1000
        assert {one.sent for one in own} == {100}
        assert not [one for one in counter.read().processes if one.name == program.name]
        assert kernel_bytes() == before < 1 << 20


def test_a_flood_of_short_connections_is_one_program(sides: tuple[Side, Side]) -> None:
    one, other = sides[0].program, sides[1].program
    listening, port = other.ask_for_two("listen", sides[1].address4, STREAM)
    with counting() as counter:
        other.tell("accept_all", listening, 10, 1000)
        assert one.ask("short_connections", sides[1].address4, port, 10, 1000) == 10_000
        assert other.answer() == 10_000
        found = {it.pid: (it.received, it.sent) for it in counter.read().processes}
        assert found[one.pid] == (0, 10_000)
        assert found[other.pid] == (10_000, 0)


@contextmanager
def opener(*capabilities: str) -> Iterator["tuple[subprocess.Popen[str], str]"]:
    argv = [sys.executable, "-m", "tests.exporter.sources.process_bytes.ebpf.opener", *capabilities]
    with ending(subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as process:
        yield process, first_line(process)


def in_kernel(one: str) -> bool:
    kind, _, number = one.partition(":")
    question = Buffer(struct.pack("=III", int(number) - 1, 0, 0))
    try:
        bpf(NEXT_ID[kind], question)
    except RefusedError as refused:
        if refused.errno == errno.ENOENT:
            return False
        raise
    found: int = struct.unpack("=III", question.content())[1]
    return found == int(number)


def test_nothing_stays_in_the_kernel_after_kill(sides: tuple[Side, Side]) -> None:
    with counting():
        pass
    with opener() as (process, said):
        means, *ids = said.split()
        assert means in tuple(Means)
        assert {one.partition(":")[0] for one in ids} == {"prog_id", "map_id"}
        assert all(in_kernel(one) for one in ids)
        process.kill()
        process.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while (left := [one for one in ids if in_kernel(one)]) and time.monotonic() < deadline:
            time.sleep(0.05)  # the kernel frees it once no processor can be in it any more
        assert left == []


@pytest.mark.parametrize(
    ("capabilities", "suffices"),
    [([CAP_BPF, CAP_PERFMON], True), ([CAP_BPF], False), ([CAP_PERFMON], False), ([], False)],
)
def test_two_capabilities_suffice_and_none_can_be_spared(
    sides: tuple[Side, Side], capabilities: list[int], suffices: bool
) -> None:
    with counting():
        pass
    with opener(*(map(str, capabilities) if capabilities else [NONE])) as (_, said):
        if suffices and "kernel.perf_event_paranoid" in said:
            pytest.skip(said)
        assert (said.split()[0] in tuple(Means)) == suffices, said
        assert suffices or "CAP_BPF and CAP_PERFMON" in said
