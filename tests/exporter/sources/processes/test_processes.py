"""The CPU time of groups of processes: it sums to that of all CPUs, and never falls, whoever ends."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.collector import SOURCES
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.processes.grouping import OTHER, UNATTRIBUTED, By, GroupRule
from exporter.sources.processes.pace import MOST_OF_A_CPU, Pace
from exporter.sources.processes.siblings import BESIDE_ANOTHER
from exporter.sources.processes.source import ProcessesSource
from exporter.sources.processes.stat import ProcessReader, parse_stat
from exporter.sources.processes.sums import MOST_GROUPS
from exporter.sources.processes.watch import MOST_BUSIEST
from exporter.sources.reading import GroupTimes
from tests.exporter.sources.processes.fake_kernel import TICKS, FakeKernel
from tests.fake_clock import FakeClock

STEP = 5.0
"""Seconds between two readings."""


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(tmp_path, FakeClock())


def test_the_first_reading_has_no_interval_and_no_time(kernel: FakeKernel) -> None:
    kernel.run(1, 50)
    kernel.show()
    times = ProcessesSource(kernel.proc, kernel.sys, GroupRule(), kernel.clock).read()
    assert times.interval is None
    assert (ticks(times.cpu), times.busiest) == ({}, ())


def opened(kernel: FakeKernel, by: By = By.NAME, **patterns: tuple[str, ...]) -> ProcessesSource:
    """Open the source, and read it once. A reading costs nothing, so that none is put off."""
    rule = GroupRule(by=by, patterns=patterns)
    source = ProcessesSource(kernel.proc, kernel.sys, rule, kernel.clock, cpu_time=lambda: 0.0)
    source.read()
    return source


def read_later(source: ProcessesSource, kernel: FakeKernel) -> GroupTimes:
    """Read after some time."""
    kernel.pass_time(STEP)
    return source.read()


def ticks(times: Mapping[str, Seconds]) -> dict[str, int]:
    """Return times in clock ticks, without groups that had none."""
    return {group: round(time * TICKS) for group, time in times.items() if time > 1e-9}


def test_a_program_has_the_time_of_all_its_processes_since_the_source_was_opened(kernel: FakeKernel) -> None:
    for pid, name in ((10, "a"), (11, "a"), (12, "b")):
        kernel.fork(1, name, pid)
        kernel.run(pid, 77)
    kernel.show()
    source = opened(kernel)
    for pid in (10, 11, 12):
        kernel.run(pid, pid)
    kernel.fork(1, "c", 13)
    kernel.run(13, 40)
    kernel.interrupts(9)
    times = read_later(source, kernel)
    assert ticks(times.cpu) == {"a": 21, "b": 12, "c": 40, OTHER: 9}
    assert times.weighted == times.cpu
    assert times.interval == STEP
    assert [(one.pid, one.name, one.group, one.cpus) for one in times.busiest] == [
        (13, "c", "c", 0.08),
        (12, "b", "b", 0.024),
        (11, "a", "a", 0.022),
        (10, "a", "a", 0.02),
    ]


def test_an_id_that_is_given_again_is_another_process(kernel: FakeKernel) -> None:
    kernel.fork(1, "a", 10)
    kernel.run(10, 100)
    kernel.show()
    source = opened(kernel)
    kernel.run(10, 5)
    kernel.end(10)
    kernel.clock.advance(0.1)
    kernel.fork(1, "b", 10)
    kernel.run(10, 300)
    assert ticks(read_later(source, kernel).cpu) == {"a": 5, "b": 300}


def test_what_a_process_had_before_it_ended_is_in_its_group(kernel: FakeKernel) -> None:
    kernel.fork(1, "shell", 10)
    kernel.fork(10, "work", 11)
    kernel.run(11, 1000)
    kernel.show()
    source = opened(kernel)
    kernel.run(11, 33)
    kernel.end(11)
    assert ticks(read_later(source, kernel).cpu) == {"work": 33}


def test_an_end_reaches_the_nearest_ancestor_that_is_left(kernel: FakeKernel) -> None:
    """Each of a chain ends, and what they had goes up with it."""
    for pid, name in ((10, "top"), (11, "middle"), (12, "low")):
        kernel.fork(max(1, pid - 1) if pid > 10 else 1, name, pid)
        kernel.run(pid, 500)
    kernel.show()
    source = opened(kernel)
    kernel.run(12, 60)
    for pid in (12, 11):
        kernel.end(pid)
    times = ticks(read_later(source, kernel).cpu)
    assert sum(times.values()) == 60
    assert times.keys() <= {"middle", "low"}


def test_children_that_nobody_saw_are_in_other(kernel: FakeKernel) -> None:
    kernel.fork(1, "shell", 10)
    kernel.show()
    source = opened(kernel)
    for pid in (11, 12):
        kernel.fork(10, "gone", pid)
        kernel.run(pid, 20)
        kernel.end(pid)
    assert ticks(read_later(source, kernel).cpu) == {OTHER: 40}


def test_an_ended_process_has_no_more_than_it_was_busy_before_where_others_came_and_went(kernel: FakeKernel) -> None:
    kernel.fork(1, "shell", 10)
    kernel.fork(10, "idle", 11)
    kernel.fork(10, "busy", 12)
    kernel.show()
    source = opened(kernel)
    kernel.run(12, 100)
    read_later(source, kernel)
    kernel.run(12, 80)
    for pid in (11, 12):
        kernel.end(pid)
    kernel.fork(10, "gone", 13)
    kernel.run(13, 300)
    kernel.end(13)
    assert ticks(read_later(source, kernel).cpu) == {"busy": 200, OTHER: 280}


def test_by_cgroup_children_that_nobody_saw_are_in_their_parent_s(kernel: FakeKernel) -> None:
    kernel.fork(1, "shell", 10, cgroup="/system.slice/batch.service")
    kernel.show()
    source = opened(kernel, By.CGROUP)
    for parent, pid in ((10, 11), (1, 12)):
        kernel.fork(parent, "gone", pid)
        kernel.run(pid, 20)
        kernel.end(pid)
    assert ticks(read_later(source, kernel).cpu) == {"batch.service": 20, OTHER: 20}


def test_a_life_that_was_counted_is_not_counted_again_by_who_adopts(kernel: FakeKernel) -> None:
    """An orphan's whole life is told to the process that waits for it."""
    kernel.fork(1, "shell", 10)
    kernel.fork(10, "work", 11)
    kernel.run(11, 90_000)
    kernel.fork(1, "web", 12)
    kernel.show()
    source = opened(kernel)
    kernel.end(10)
    kernel.end(11)
    kernel.run(12, 50)
    assert ticks(read_later(source, kernel).cpu) == {"web": 50}


def test_a_process_whose_parent_does_not_wait_ends_in_other(kernel: FakeKernel) -> None:
    kernel.fork(1, "work", 10)
    kernel.show()
    source = opened(kernel)
    kernel.run(10, 30)
    kernel.end(10, is_waited_for=False)
    assert ticks(read_later(source, kernel).cpu) == {OTHER: 30}


def test_processes_that_have_more_than_the_cpus_are_cut_down_to_it(kernel: FakeKernel) -> None:
    """The kernel samples the time of CPUs at each tick, and misses who is gone again by then."""
    for pid, name in ((10, "a"), (11, "b")):
        kernel.fork(1, name, pid)
    kernel.show()
    source = opened(kernel)
    kernel.run(10, 60)
    kernel.run(11, 20)
    kernel.by_cpu[0] -= 40
    assert ticks(read_later(source, kernel).cpu) == {"a": 30, "b": 10}


PIDS = range(10, 16)
ACTS = st.one_of(
    st.tuples(st.just("fork"), st.sampled_from([1, *PIDS]), st.sampled_from(PIDS), st.sampled_from("abc")),
    st.tuples(st.just("run"), st.sampled_from([1, *PIDS]), st.integers(1, 150)),
    st.tuples(st.just("end"), st.sampled_from(PIDS), st.booleans()),
    st.tuples(st.just("interrupts"), st.integers(1, 50)),
    st.tuples(st.just("damage"), st.sampled_from(PIDS), st.binary(max_size=30)),
    st.tuples(st.just("read")),
)


def act(kernel: FakeKernel, *act: object) -> None:
    """Let something happen, if it can."""
    match act:
        case "fork", int(parent), int(pid), str(name):
            if parent in kernel.processes and pid not in kernel.processes:
                kernel.fork(parent, name, pid, cgroup=f"/{name}")
        case "run", int(pid), int(amount):
            if pid in kernel.processes:
                kernel.run(pid, amount)
        case "end", int(pid), bool(is_waited_for):
            if pid in kernel.processes:
                kernel.end(pid, is_waited_for=is_waited_for)
        case "interrupts", int(amount):
            kernel.interrupts(amount)
        case "damage", int(pid), bytes(text):
            if (kernel.proc / str(pid)).exists():
                (kernel.proc / str(pid) / "stat").write_bytes(text)


@settings(deadline=None, max_examples=30)
@given(st.lists(ACTS, max_size=40), st.sampled_from(By))
def test_groups_sum_to_the_busy_time_and_never_fall_whatever_happens(acts: list[tuple[object, ...]], by: By) -> None:
    with TemporaryDirectory() as folder:
        kernel = FakeKernel(Path(folder), FakeClock())
        source = opened(kernel, by, **({"one": ("a", "/b*")} if by is By.GROUPS else {}))
        began, before = kernel.busy, dict[str, Seconds]()
        for one in [*acts, ("read",)]:
            kernel.pass_time(1.0)
            act(kernel, *one)
            if one[0] not in {"read", "damage"}:
                continue
            times = source.read()
            shown = int((kernel.proc / "stat").read_text(encoding="ascii").split()[1])
            assert sum(times.cpu.values()) * TICKS == pytest.approx(shown - began, rel=1e-9, abs=1e-6)
            assert all(times.cpu.get(group, 0.0) >= time for group, time in before.items())
            assert times.weighted == times.cpu
            before = dict(times.cpu)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(PIDS), st.integers(1, 200)),
            st.one_of(
                st.tuples(st.just("end"), st.sampled_from(PIDS), st.just(True)),
                st.tuples(st.just("fork"), st.sampled_from([1, *PIDS]), st.sampled_from(PIDS), st.sampled_from("abc")),
            ),
        ),
        max_size=30,
    )
)
def test_a_process_that_was_seen_has_all_its_time_however_it_ends(
    steps: list[tuple[dict[int, int], tuple[object, ...]]],
) -> None:
    """Nothing is lost or misplaced where at most one ends between two readings, and leaves no orphan."""
    with TemporaryDirectory() as folder:
        kernel = FakeKernel(Path(folder), FakeClock())
        source = opened(kernel)
        for runs, (what, pid, *how) in steps:
            for runner, amount in runs.items():
                if runner in kernel.processes:
                    kernel.run(runner, amount)
            if what == "fork" or not any(one.parent == pid for one in kernel.processes.values()):
                act(kernel, what, pid, *how)
            assert ticks(read_later(source, kernel).cpu) == kernel.by_name


def test_a_process_that_cannot_be_read_for_once_has_its_time_later(kernel: FakeKernel) -> None:
    for pid, name in ((10, "a"), (11, "b")):
        kernel.fork(1, name, pid)
        kernel.run(pid, 1000)
    kernel.show()
    source = opened(kernel)
    for pid in (10, 11):
        kernel.run(pid, 20)
    kernel.pass_time(STEP)
    (kernel.proc / "10/stat").write_bytes(b"10 (a) nonsense")
    assert ticks(source.read().cpu) == {"b": 20, OTHER: 20}
    for pid in (10, 11):
        kernel.run(pid, 30)
    kernel.interrupts(20)
    assert ticks(read_later(source, kernel).cpu) == {"a": 50, "b": 50, OTHER: 20}


def test_who_was_hidden_when_the_source_was_opened_brings_no_time_of_before(kernel: FakeKernel) -> None:
    kernel.fork(1, "a", 10)
    kernel.run(10, 5000)
    kernel.clock.advance(1.0)
    kernel.fork(1, "b", 11)
    kernel.show()
    (kernel.proc / "10/stat").write_bytes(b"")
    source = opened(kernel)
    kernel.interrupts(100)
    assert ticks(read_later(source, kernel).cpu) == {OTHER: 100}
    kernel.run(10, 30)
    assert ticks(read_later(source, kernel).cpu) == {"a": 30, OTHER: 100}


def test_without_a_procfs_the_reading_fails_and_the_next_one_covers_its_time(kernel: FakeKernel) -> None:
    kernel.fork(1, "a", 10)
    kernel.show()
    source = opened(kernel)
    kernel.proc.rename(kernel.folder / "away")
    kernel.clock.advance(1.0)
    with pytest.raises(FileNotFoundError):
        source.read()
    (kernel.folder / "away").rename(kernel.proc)
    kernel.run(10, 70)
    times = read_later(source, kernel)
    assert ticks(times.cpu) == {"a": 70}
    assert times.interval == 1.0 + STEP


@contextlib.contextmanager
def no_room(kind: str) -> Iterator[None]:
    """Let no file of this name be opened, as where a process has as many open as it may."""
    real = os.open

    def full(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path.endswith(f"/{kind}"):
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path, flags, dir_fd=dir_fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", full)
        yield


def test_no_room_to_open_a_file_is_no_end_of_all_processes(kernel: FakeKernel) -> None:
    reader = ProcessReader(kernel.proc)
    assert reader.read().keys() == {1}
    with no_room("stat"), pytest.raises(OSError, match="Too many"):
        reader.read()
    assert reader.read().keys() == {1}


@pytest.mark.parametrize(
    "text",
    [b"", b"7", b"7 (x", b"7 (x) S 1", b"7 (x) S " + b"z " * 30, b"\xff" * 100, b"7 (x) S " + b"-1 " * 50, b"x" * 5000],
)
def test_what_is_no_stat_is_no_process(text: bytes) -> None:
    assert parse_stat(text) is None


def test_a_name_may_hold_what_ends_it(kernel: FakeKernel) -> None:
    kernel.fork(1, "a) S (b\n(", 10).cpu = 3
    process = parse_stat(kernel.processes[10].stat)
    assert process is not None
    assert (process.pid, process.name, process.parent, process.cpu) == (10, "a) S (b\n(", 1, 3)


def test_the_busiest_are_told_of_and_no_more(kernel: FakeKernel) -> None:
    source = opened(kernel)
    for pid in range(100, 100 + 2 * MOST_BUSIEST):
        kernel.fork(1, "x\n", pid)
        kernel.run(pid, pid)
    busiest = read_later(source, kernel).busiest
    assert [one.pid for one in busiest] == list(range(99 + 2 * MOST_BUSIEST, 99 + MOST_BUSIEST, -1))
    assert {one.name for one in busiest} == {"x?"}
    assert read_later(source, kernel).busiest == ()


def test_a_thread_beside_a_busy_sibling_counts_less(kernel: FakeKernel) -> None:
    """CPUs 0 and 1 share a core, and one of them is busy half of the time; 2 and 3 have theirs to themselves."""
    kernel.cpus = 4
    kernel.by_cpu = [1000] * 4
    kernel.pair("0,1", "2", "3")
    (kernel.sys / "devices/system/cpu/cpu1/topology/thread_siblings_list").write_text("0-1\n", encoding="ascii")
    for pid, (name, cpu) in enumerate([("beside", 0), ("sibling", 1), ("alone", 2)], 10):
        kernel.fork(1, name, pid).cpu = cpu
    kernel.fork(1, "threaded", 20).threads = 4
    kernel.show()
    source = opened(kernel)
    for pid, amount in ((10, 500), (11, 250), (12, 400)):
        kernel.run(pid, amount)
    first = read_later(source, kernel)
    half = (1.0 + BESIDE_ANOTHER) / 2
    assert first.weighted["alone"] == first.cpu["alone"]
    assert first.weighted["beside"] == pytest.approx(first.cpu["beside"] * half)
    assert first.weighted["sibling"] == pytest.approx(first.cpu["sibling"] * BESIDE_ANOTHER)
    kernel.run(20, 100)
    kernel.run(12, 300)
    later = read_later(source, kernel)
    assert later.weighted["threaded"] == pytest.approx(later.cpu["threaded"])
    kernel.run(20, 100)
    kernel.run(11, 500)
    last = read_later(source, kernel)
    mean = (100 * BESIDE_ANOTHER + 500 * (1.0 - (1.0 - BESIDE_ANOTHER) * 100 / 500)) / 600
    more = last.weighted["threaded"] - later.weighted["threaded"]
    assert more == pytest.approx((last.cpu["threaded"] - later.cpu["threaded"]) * mean)


@pytest.mark.parametrize("text", ["", "x", "0-", "1-0", "0-99999999", "-1", "0,,1"])
def test_siblings_that_are_not_told_weigh_nothing_less(kernel: FakeKernel, text: str) -> None:
    kernel.pair("0,1")
    for cpu in (0, 1):
        (kernel.sys / f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").write_text(text, encoding="ascii")
    kernel.fork(1, "a", 10)
    source = opened(kernel)
    kernel.run(10, 400)
    times = read_later(source, kernel)
    assert times.weighted == times.cpu


def test_groups_that_come_and_go_for_months_do_not_fill_the_memory(kernel: FakeKernel) -> None:
    kernel.fork(1, "stays", 10)
    source = opened(kernel)
    for number in range(MOST_GROUPS + 50):
        kernel.fork(1, f"x{number}y", 100 + number)
        kernel.run(100 + number, 1)
    kernel.run(10, 5)
    times = read_later(source, kernel)
    assert len(times.cpu) == MOST_GROUPS
    kernel.run(10, 5)
    kernel.fork(1, "new", 11)
    kernel.run(11, 3)
    later = read_later(source, kernel)
    assert len(later.cpu) == MOST_GROUPS
    assert ticks({"new": later.cpu["new"]}) == {"new": 3}
    assert round((later.cpu.get("stays", 0) - times.cpu.get("stays", 0)) * TICKS) == 5


def test_a_group_about_to_give_way_loses_no_time_that_it_has_beside_a_new_one(kernel: FakeKernel) -> None:
    kernel.fork(1, "oldest", 10)
    source = opened(kernel)
    kernel.run(10, 100)
    read_later(source, kernel)
    for number in range(MOST_GROUPS - 2):
        kernel.fork(1, f"x{number}y", 100 + number)
        kernel.run(100 + number, 1)
    before = read_later(source, kernel).cpu
    assert len(before) == MOST_GROUPS
    kernel.fork(1, "new", 5)
    for pid in (5, 10):
        kernel.run(pid, 7)
    after = read_later(source, kernel).cpu
    assert ticks({name: after[name] for name in ("new", "oldest")}) == {"new": 7, "oldest": 107}


def test_more_groups_in_one_interval_than_are_counted_lose_no_time(kernel: FakeKernel) -> None:
    source = opened(kernel)
    for number in range(3 * MOST_GROUPS):
        kernel.fork(1, f"x{number}y", 100 + number)
        kernel.run(100 + number, 2 if number == 0 else 1)
    times = read_later(source, kernel)
    assert len(times.cpu) == len(times.weighted) == MOST_GROUPS
    assert round(sum(times.cpu.values()) * TICKS) == 3 * MOST_GROUPS + 1
    assert ticks(times.cpu)["x0y"] == 2
    assert ticks(times.cpu)[OTHER] == 2 * MOST_GROUPS + 1


def test_cpu_time_that_falls_is_no_time(kernel: FakeKernel) -> None:
    kernel.fork(1, "a", 10)
    kernel.run(10, 50)
    kernel.show()
    source = opened(kernel)
    kernel.by_cpu[0] -= 30
    kernel.processes[10].used -= 20
    assert ticks(read_later(source, kernel).cpu) == {}
    kernel.run(10, 5)
    assert ticks(read_later(source, kernel).cpu) == {"a": 5}


@given(st.lists(st.floats(0.0, 3.0), min_size=1, max_size=200), st.floats(1.0, 60.0))
def test_attribution_never_takes_more_than_its_share_of_a_cpu(costs: list[float], interval: float) -> None:
    pace, now, spent, begun = Pace(), 1000.0, 0.0, 0.0
    left = iter(costs)
    for _ in range(100_000):
        if pace.is_due(MonotonicSeconds(now)):
            assert spent <= MOST_OF_A_CPU * begun + 1e-9
            cost = next(left, None)
            if cost is None:
                break
            pace.took(Seconds(cost), MonotonicSeconds(now))
            spent += cost
        begun += interval
        now += interval
    else:
        raise AssertionError("it stopped")


@dataclass(slots=True)
class Costly:
    """CPU time of a thread, of which each reading takes `cost`."""

    cost: float = 0.0
    at: float = 0.0

    def __call__(self) -> float:
        self.at += self.cost
        return self.at


def test_a_dear_reading_is_put_off_and_says_so(kernel: FakeKernel, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    costly = Costly()
    source = ProcessesSource(kernel.proc, kernel.sys, GroupRule(), kernel.clock, cpu_time=costly)
    seen: list[GroupTimes] = []
    for number in range(60):
        costly.cost = 0.14 if 4 <= number <= 40 else 0.0
        kernel.pass_time(STEP)
        seen.append(source.read())
    new = [number for number in range(1, 60) if seen[number] is not seen[number - 1]]
    assert new == [1, 2, 3, 4, 10, 16, 22, 28, 34, 40, *range(46, 60)]
    assert {seen[number].interval for number in new[5:11]} == {30.0}
    assert [record.getMessage() for record in caplog.records] == [
        "processes are read every 28 s, to take little CPU time",
        "processes are read at each sample again",
    ]


@pytest.mark.parametrize("by", [By.NAME, By.CGROUP])
def test_time_on_cards_is_that_of_the_group_of_each_process(kernel: FakeKernel, by: By) -> None:
    kernel.make("/own.slice")
    for pid, name in ((10, "train"), (11, "train"), (12, "draw")):
        kernel.fork(1, name, pid, cgroup=f"/own.slice/{name}.service")
    kernel.show()
    told: dict[int | None, Seconds] = {}
    source = ProcessesSource(
        kernel.proc, kernel.sys, GroupRule(by=by), kernel.clock, cards=lambda: told, cpu_time=lambda: 0.0
    )
    assert source.read().gpu == {}
    told = {10: Seconds(1.0), 11: Seconds(2.0), 12: Seconds(0.5), 99: Seconds(0.25), None: Seconds(1.25)}
    read_later(source, kernel)
    unit = "" if by is By.NAME else ".service"
    expected = {f"train{unit}": 3.0, f"draw{unit}": 0.5, OTHER: 0.25, UNATTRIBUTED: 1.25}
    assert source.read().gpu == expected
    told = {12: Seconds(1.0)}
    assert read_later(source, kernel).gpu == {**expected, f"draw{unit}": 1.5}


@pytest.mark.parametrize("names", [{"processes"}, {"processes", "nvml"}])
def test_without_cards_no_group_has_time_on_them(kernel: FakeKernel, names: set[str]) -> None:
    sources = [one for one in SOURCES if one.name in names]
    host = HostSource(kernel.clock, NicRule(), procfs=kernel.proc, sysfs=kernel.sys, sources=sources)
    for _ in range(2):
        reading = host.read()
        assert reading.processes is not None
        assert reading.processes.value.gpu == {}
        kernel.pass_time(STEP)


@pytest.mark.parametrize("by", By)
def test_no_time_is_no_reading(kernel: FakeKernel, by: By) -> None:
    kernel.make("/a.slice")
    source = opened(kernel, by, **({"one": ("a",)} if by is By.GROUPS else {}))
    kernel.interrupts(5)
    times = read_later(source, kernel)
    assert source.read() is times


def test_no_reading_is_put_off_after_one_that_failed(kernel: FakeKernel) -> None:
    """The object of before would have the time of now."""
    source = ProcessesSource(kernel.proc, kernel.sys, GroupRule(), kernel.clock, cpu_time=Costly(cost=0.01))
    first = source.read()
    kernel.proc.rename(kernel.folder / "away")
    kernel.clock.advance(STEP)
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            source.read()
    (kernel.folder / "away").rename(kernel.proc)
    assert source.read() is not first
