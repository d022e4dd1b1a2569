"""Bytes of groups go on from one means of counting to the next, and it is said why none is better."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.core.units import Seconds
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from exporter.sources.process_bytes.reading import ProcessBytes, SocketReading
from exporter.sources.process_bytes.source import MOST_GROUPS, TRIED_AGAIN, CountingMeans, ProcessBytesSource
from exporter.sources.processes.grouping import OTHER, Grouping, GroupRule
from exporter.sources.reading import ReadingUnavailableError
from tests.fake_clock import FakeClock


@dataclass
class FakeMeans:
    """Means that fail while there is `trouble`, and whose counters say what they are told to."""

    means: str
    trouble: Exception | None = None
    opened: int = 0
    closed: int = 0
    new: list[SocketReading | None] = field(default_factory=list)

    def open(self) -> "FakeMeans":
        self._check()
        self.opened += 1
        return self

    def read(self) -> SocketReading | None:
        self._check()
        return self.new.pop(0) if self.new else SocketReading(processes=(), lost=0)

    def close(self) -> None:
        self.closed += 1

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def moved(name: str, received: int, sent: int = 0, pid: int = 7) -> ProcessBytes:
    return ProcessBytes(pid=pid, started=1, name=name, received=received, sent=sent)


def new(*processes: ProcessBytes, lost: int = 0) -> SocketReading:
    return SocketReading(processes=processes, lost=lost)


class Machine:
    """A source with two means, the better one first."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.better, self.lesser = FakeMeans("fexit"), FakeMeans("sock_diag")
        means = (
            CountingMeans(name="eBPF", open=self.better.open, rest=TRIED_AGAIN),
            CountingMeans(name="sock_diag", open=self.lesser.open, rest=Seconds(0.0)),
        )
        self.source = ProcessBytesSource(Grouping(GroupRule(), Path("/nowhere")), self.clock, means)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_bytes_add_up_by_group_whatever_processes_come_and_go(machine: Machine) -> None:
    machine.better.new = [
        new(moved("web", 10, 1), moved("web", 20, 2, pid=8), moved("mail", 5)),
        new(moved("web", 100, 7, pid=9), lost=3),
        new(lost=4),
    ]
    first, second, third = (machine.source.read() for _ in range(3))
    assert (first.received, first.sent) == ({"web": 30, "mail": 5}, {"web": 3, "mail": 0})
    assert (second.received, second.sent) == ({"web": 130, "mail": 5}, {"web": 10, "mail": 0})
    assert [one.lost for one in (first, second, third)] == [0, 3, 7]
    assert (third.means, third.why) == ("fexit", "")
    assert machine.lesser.opened == 0


def test_without_the_best_means_the_next_one_counts_and_it_is_said_why(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.better.trouble = EbpfUnavailableError("needs CAP_BPF")
    machine.lesser.new = [new(moved("web", 10))]
    reading = machine.source.read()
    assert (reading.means, reading.why, reading.received) == ("sock_diag", "eBPF: needs CAP_BPF", {"web": 10})
    machine.source.read()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["bytes by process are counted by sock_diag, which is not the best means: eBPF: needs CAP_BPF"]


def test_what_the_means_in_force_does_not_count_is_said_beside_why_there_is_no_better_one() -> None:
    better, lesser = FakeMeans("fexit", trouble=EbpfUnavailableError("needs CAP_BPF")), FakeMeans("sock_diag")
    clock = FakeClock()
    means = (
        CountingMeans(name="eBPF", open=better.open, rest=TRIED_AGAIN, limits="the better one lacks this"),
        CountingMeans(name="sock_diag", open=lesser.open, rest=Seconds(0.0), limits="TCP alone"),
    )
    source = ProcessBytesSource(Grouping(GroupRule(), Path("/nowhere")), clock, means)
    assert source.read().why == "eBPF: needs CAP_BPF; sock_diag: TCP alone"
    lesser.trouble = OSError("closed")
    with pytest.raises(ReadingUnavailableError, match=r"\(eBPF: needs CAP_BPF; sock_diag: closed\)"):
        source.read()


def test_better_means_are_tried_again_after_a_while(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that the lesser ones had counted by then are in the sum, none of them twice."""
    caplog.set_level(logging.INFO)
    machine.better.trouble = EbpfUnavailableError("needs CAP_BPF")
    machine.lesser.new = [new(moved("web", 10)), new(moved("web", 20))]
    machine.source.read()
    machine.better.trouble = None
    machine.clock.advance(TRIED_AGAIN - 1.0)
    assert machine.source.read().means == "sock_diag"
    machine.lesser.new, machine.better.new = [new(moved("web", 300))], [new(moved("web", 4000))]
    machine.clock.advance(1.0)
    reading = machine.source.read()
    assert (reading.means, reading.why, reading.received) == ("fexit", "", {"web": 4330})
    assert (machine.lesser.opened, machine.lesser.closed) == (1, 1)
    assert caplog.messages[-1] == "bytes by process are counted by fexit"


def test_means_that_fail_while_they_count_are_left_for_the_next_ones(machine: Machine) -> None:
    machine.better.new = [new(moved("web", 10))]
    machine.source.read()
    machine.better.trouble = PermissionError(1, "Operation not permitted")
    reading = machine.source.read()
    assert (reading.means, reading.why) == ("sock_diag", "eBPF: Operation not permitted")
    assert reading.received == {"web": 10}
    assert (machine.better.closed, machine.lesser.opened) == (1, 1)
    machine.lesser.new = [new(moved("web", 1))]
    assert machine.source.read().received == {"web": 11}
    machine.better.trouble = None
    machine.clock.advance(TRIED_AGAIN)
    assert machine.source.read().means == "fexit"


def test_without_any_means_a_line_says_why_and_what_helps(machine: Machine) -> None:
    """The last means are tried at each reading."""
    machine.better.trouble = EbpfUnavailableError("needs CAP_BPF")
    machine.lesser.trouble = OSError(97, "Address family not supported by protocol")
    for _ in range(2):
        with pytest.raises(ReadingUnavailableError) as told:
            machine.source.read()
        assert str(told.value) == (
            "no means counts bytes by process (eBPF: needs CAP_BPF; sock_diag: Address family not supported by "
            "protocol); give the exporter CAP_BPF and CAP_PERFMON, or let it open sockets of AF_NETLINK"
        )
    machine.lesser.trouble = None
    assert machine.source.read().means == "sock_diag"


def test_counters_that_fail_at_the_last_take_nothing_with_them(machine: Machine) -> None:
    machine.better.trouble = EbpfUnavailableError("needs CAP_BPF")
    machine.lesser.new = [new(moved("web", 10))]
    machine.source.read()
    machine.lesser.trouble = ReadingUnavailableError("cut off")
    with pytest.raises(ReadingUnavailableError):
        machine.source.read()
    assert machine.lesser.closed == 1
    machine.lesser.trouble = None
    assert machine.source.read().received == {"web": 10}


def many_names(count: int) -> Sequence[str]:
    """Return names without the numbers that a group's name leaves out."""
    return ["".join(chr(97 + int(digit)) for digit in str(one)) for one in range(count)]


def test_groups_without_end_in_one_reading_share_one(machine: Machine) -> None:
    names = many_names(MOST_GROUPS + 10)
    machine.better.new = [new(*(moved(name, 1, 2) for name in names))]
    reading = machine.source.read()
    assert (reading.received[OTHER], reading.sent[OTHER]) == (11, 22)
    assert len(reading.received) == len(reading.sent) == MOST_GROUPS
    assert sum(reading.received.values()) == len(names)


def test_groups_that_come_and_go_for_months_keep_no_new_one_out(machine: Machine) -> None:
    """Each container and each pod is a group of its own, and most of them never move a byte again."""
    names = many_names(MOST_GROUPS * 5 // 2)
    at_once = MOST_GROUPS // 2
    starts = range(0, len(names), at_once)
    machine.better.new = [new(*(moved(name, 1, 2) for name in ["web", *names[at : at + at_once]])) for at in starts]
    before: Mapping[str, int] = {}
    for number, at in enumerate(starts, start=1):
        reading = machine.source.read()
        gained = {group: size - before.get(group, 0) for group, size in reading.received.items()}
        assert {group for group, size in gained.items() if size} == {"web", *names[at : at + at_once]}
        assert reading.received["web"] == number
        assert min(gained.values()) >= 0
        assert len(reading.received) <= MOST_GROUPS
        assert reading.sent.keys() == reading.received.keys()
        before = reading.received


def test_a_reading_that_is_too_soon_is_the_last_one(machine: Machine) -> None:
    """By the same object the collector knows that bytes were not read anew, and devices' bytes wait for them."""
    machine.better.new = [new(moved("web", 10)), None, new(moved("web", 5))]
    first, second, third = (machine.source.read() for _ in range(3))
    assert second is first
    assert third.received == {"web": 15}
