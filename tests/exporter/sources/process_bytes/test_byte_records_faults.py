"""Whatever the kernel's table of bytes by process holds, a reading is made, and whole entries keep their figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from exporter.core.units import Seconds
from exporter.sources.process_bytes import source as process_bytes
from exporter.sources.process_bytes.ebpf.counter import MOST_BYTES
from exporter.sources.process_bytes.ebpf.program import ENTRY, KEY
from exporter.sources.process_bytes.source import ProcessBytesSource
from exporter.sources.processes.grouping import LONGEST_LABEL, OTHER, RESERVED, By, Grouping, GroupRule
from exporter.sources.reading import GroupBytes
from tests.exporter.sources.process_bytes.ebpf.test_counter import FakeTable, counter_of
from tests.fake_clock import FakeClock

WHOLE = KEY.pack(1_000_000_000, 700, 0)
WHOLE_NAME = b"web"


COUNTS = st.sampled_from([0, 1, MOST_BYTES - 1, MOST_BYTES, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)
NAMES = st.binary(max_size=16).filter(lambda name: name.partition(b"\0")[0] != WHOLE_NAME) | st.sampled_from(
    [b"", b"\xff" * 16, b"other", b"idle\0web", b"unattributed", b"\n", b"\xe2\x80\xa8", b"kworker/u8:2"]
)
KEYS = st.builds(KEY.pack, COUNTS, st.sampled_from([0, 1, 701, 702, 2**32 - 1]), st.integers(0, 2**32 - 1))
VALUES = st.builds(ENTRY.pack, COUNTS, COUNTS, NAMES)
STEPS = st.lists(
    st.tuples(st.dictionaries(KEYS, VALUES, max_size=4), st.sets(st.sampled_from(["1", "701", "702", "x"])), COUNTS),
    min_size=1,
    max_size=6,
)


def source_of(table: FakeTable, procfs: Path) -> ProcessBytesSource:
    counter = counter_of(table, procfs)
    means = [process_bytes.CountingMeans(name="fake", open=lambda: counter, rest=Seconds(0.0))]
    return ProcessBytesSource(Grouping(GroupRule(by=By.NAME), procfs), FakeClock(), means)


@given(steps=STEPS)
@example(steps=[({KEY.pack(2**64 - 1, 701, 0): ENTRY.pack(2**64 - 1, 0, b"\xff")}, {"701"}, 2**64 - 1), ({}, set(), 0)])
def test_whole_entries_keep_their_figures_beside_whatever_else(
    steps: Sequence[tuple[Mapping[bytes, bytes], set[str], int]],
) -> None:
    with TemporaryDirectory() as folder:
        procfs, table = Path(folder), FakeTable()
        (procfs / "700").mkdir()
        source, last = source_of(table, procfs), GroupBytes(received={}, sent={}, lost=0, means="fake")
        for number, (entries, running, lost) in enumerate(steps, start=1):
            table.content |= entries
            table.content[WHOLE] = ENTRY.pack(number * 1000, number * 10, WHOLE_NAME)
            table.without_room = lost
            for name in ("1", "701", "702", "x"):
                (procfs / name).mkdir(exist_ok=True) if name in running else _remove(procfs / name)
            now = source.read()
            require_growth(last, now)
            assert (now.received["web"], now.sent["web"]) == (number * 1000, number * 10)
            last = now


def test_a_name_that_is_no_text_is_the_same_as_beside_the_time_of_its_process(tmp_path: Path) -> None:
    """`/proc/PID/stat` is read with replacements; two spellings would be two groups."""
    (tmp_path / "700").mkdir()
    table = FakeTable()
    table.content = {WHOLE: ENTRY.pack(5, 0, b"a\xffb")}
    assert source_of(table, tmp_path).read().received == {"a\ufffdb": 5}


def _remove(folder: Path) -> None:
    if folder.exists():
        folder.rmdir()


def require_growth(before: GroupBytes, now: GroupBytes) -> None:
    """Require that no figure fell, that none grew by what is no count of bytes, and that groups have labels."""
    for earlier, later in ((before.received, now.received), (before.sent, now.sent)):
        for group, size in later.items():
            assert 0 <= size - earlier.get(group, 0) < 4 * MOST_BYTES
            assert 1 <= len(group) <= LONGEST_LABEL
            assert group.isprintable()
            assert group == OTHER or group not in RESERVED
        assert earlier.keys() <= later.keys()
    assert 0 <= now.lost - before.lost < MOST_BYTES
