"""Bytes since the last reading, by processes that come and go, and whatever the kernel's memory holds."""

import os
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.process_bytes.ebpf.attach import Attached, Means
from exporter.sources.process_bytes.ebpf.counter import MOST_BYTES, EbpfCounter
from exporter.sources.process_bytes.ebpf.loader import Loaded
from exporter.sources.process_bytes.ebpf.program import ENTRY, KEY, Maps


class FakeTable:
    """Entries as the kernel has them."""

    def __init__(self) -> None:
        self.content: dict[bytes, bytes] = {}
        self.without_room = 0

    def entries(self) -> list[tuple[bytes, bytes]]:
        return list(self.content.items())

    def remove(self, key: bytes) -> bytes | None:
        return self.content.pop(key, None)

    def lost(self) -> int:
        return self.without_room

    def add(self, pid: int, started: int, received: int, sent: int) -> None:
        key = KEY.pack(started, pid, 0)
        before = ENTRY.unpack(self.content.get(key, bytes(ENTRY.size)))
        self.content[key] = ENTRY.pack(before[0] + received, before[1] + sent, b"program")


def counter_of(table: FakeTable, procfs: Path) -> EbpfCounter:
    attached = Attached(means=Means.PROBE, sees_messages=True)
    nothing = Loaded(attached=attached, maps=Maps(entries=-1, lost=-1), held=ExitStack())
    return EbpfCounter(table, nothing, procfs)


PIDS = st.integers(1, 3)
MOVE = st.tuples(st.just("move"), PIDS, st.integers(0, 9), st.integers(0, 9))
END = st.tuples(st.just("end"), PIDS, st.just(0), st.just(0))
READ = st.just(("read", 0, 0, 0))


@given(steps=st.lists(st.one_of(MOVE, END, READ), max_size=40))
def test_readings_sum_to_what_moved_whoever_ends_and_when(steps: list[tuple[str, int, int, int]]) -> None:
    """A process id that is given again is another process, and one that has ended leaves the table."""
    table, moved, told, lives = FakeTable(), Counter[str](), Counter[str](), Counter[int]()
    with TemporaryDirectory() as folder:
        procfs = Path(folder)
        counter = counter_of(table, procfs)
        for step, pid, received, sent in [*steps, ("read", 0, 0, 0)]:
            if step == "move":
                (procfs / str(pid)).mkdir(exist_ok=True)
                table.add(pid, lives[pid], received, sent)
                moved.update(received=received, sent=sent)
            elif step == "end" and (procfs / str(pid)).exists():
                lives[pid] += 1
                (procfs / str(pid)).rmdir()
            elif step == "read":
                for one in counter.read().processes:
                    told.update(received=one.received, sent=one.sent)
        running = {int(one.name) for one in procfs.iterdir()}
    assert +told == +moved
    assert {KEY.unpack(key)[1] for key in table.content} <= running


@given(
    contents=st.lists(
        st.dictionaries(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32), max_size=5),
        min_size=1,
        max_size=4,
    ),
    lost=st.integers(0, (1 << 64) - 1),
)
def test_whatever_the_kernel_hands_over_is_a_count_or_nothing(contents: list[dict[bytes, bytes]], lost: int) -> None:
    table = FakeTable()
    counter = counter_of(table, Path("/proc"))
    table.without_room = lost
    for content in contents:
        table.content = dict(content)
        reading = counter.read()
        assert 0 <= reading.lost < MOST_BYTES
        for one in reading.processes:
            assert 0 <= one.received < MOST_BYTES
            assert 0 <= one.sent < MOST_BYTES
            assert one.received + one.sent > 0
            assert len(one.name.encode()) <= 64
            assert one.started >= 0


def test_a_figure_that_falls_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    table = FakeTable()
    counter = counter_of(table, tmp_path)
    table.add(7, 0, 100, 10)
    assert [(one.received, one.sent) for one in counter.read().processes] == [(100, 10)]
    table.content = {KEY.pack(0, 7, 0): ENTRY.pack(60, 15, b"")}
    assert [(one.received, one.sent) for one in counter.read().processes] == [(0, 5)]


def test_a_name_is_what_stands_before_the_zero(tmp_path: Path) -> None:
    table = FakeTable()
    table.content = {KEY.pack(3 * 10**9, 7, 0): ENTRY.pack(1, 0, b"caf\xc3\xa9\xff\0left over")}
    (one,) = counter_of(table, tmp_path).read().processes
    assert (one.pid, one.started, one.name) == (7, 3 * os.sysconf("SC_CLK_TCK"), "caf\u00e9\ufffd")
