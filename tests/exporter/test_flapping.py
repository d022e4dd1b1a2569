"""Whatever comes and goes fills no log: a line a minute for each matter, and the last one is true."""

import errno
import itertools
import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.logs import SELDOM_SECONDS, Seldom
from exporter.core.units import UnixSeconds
from exporter.journal.files import JournalFiles
from exporter.journal.journal import Journal
from tests.exporter.fakes import FakeProvider, Machine, MemoryStore, rig
from tests.fake_clock import FakeClock


class Disk(JournalFiles):
    """Files of a journal on a disk that is full at times."""

    def __init__(self) -> None:
        self.full = False
        self.written: list[tuple[UnixSeconds, bytes]] = []

    def append(self, rows: bytes, now: UnixSeconds) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written.append((now, rows))


MATTERS = {
    "carbon intensity": ("no carbon intensity from", "carbon intensity from fake again"),
    "journal": ("the journal cannot be written", "the journal is written again"),
    "state": ("state cannot be saved", "state is saved again"),
}
"""Beginning of the line that tells of trouble, and the line that tells of its end."""

FAULTS = st.lists(st.tuples(*[st.booleans()] * 3), max_size=60)


@given(FAULTS, st.floats(min_value=1.0, max_value=90.0))
def test_what_flaps_has_a_line_a_minute_and_the_last_one_is_true(
    faults: Sequence[tuple[bool, ...]], interval: float
) -> None:
    lines: list[tuple[float, str]] = []
    clock = FakeClock()

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append((clock.awake_at, record.getMessage()))

    log, handler = logging.getLogger("exporter"), Lines()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    provider, store, disk = FakeProvider(), MemoryStore(), Disk()
    try:
        one = rig(Machine(clock), intensity=provider, store=store, journal=Journal(disk))
        for lost, full, refused in faults:
            provider.trouble = OSError(errno.EIO, "Input/output error") if lost else None
            store.full, disk.full = full, refused
            one.sample_after(interval)
        # The journal is written once a minute, so that it may take another one.
        for _ in range(3):
            one.sample_after(SELDOM_SECONDS + 1.0)
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    in_trouble = {"carbon intensity": provider.trouble is not None, "journal": disk.full, "state": store.full}
    for matter, (begins, ends) in MATTERS.items():
        told = [(at, text) for at, text in lines if text.startswith(begins) or text == ends]
        assert all(later - at >= SELDOM_SECONDS for (at, _), (later, _) in itertools.pairwise(told))
        assert (bool(told) and told[-1][1] != ends) is in_trouble[matter]


@given(st.lists(st.tuples(st.floats(0.0, 90.0), st.sampled_from(["", "full", "gone"])), max_size=60))
def test_a_matter_is_told_where_it_changes_and_never_twice_in_a_minute(steps: list[tuple[float, str]]) -> None:
    lines, now, told = Seldom(), 0.0, [(-SELDOM_SECONDS, "")]
    for wait, trouble in steps:
        now += wait
        is_due = trouble != told[-1][1] and now - told[-1][0] >= SELDOM_SECONDS
        assert lines.changes(now, trouble) is is_due
        told += [(now, trouble)] * is_due


def test_what_begins_without_trouble_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = rig(Machine(FakeClock()), intensity=FakeProvider(), store=MemoryStore(), journal=Journal(Disk()))
    for _ in range(30):
        one.sample_after(5.0)
    assert caplog.messages == []
