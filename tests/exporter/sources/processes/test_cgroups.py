"""The CPU time of cgroups is that of their counters, which hold what has ended and what was removed."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import Seconds
from exporter.sources.processes.cgroup_tree import find_tree, read_tree
from exporter.sources.processes.grouping import OTHER, By
from exporter.sources.processes.siblings import BESIDE_ANOTHER
from tests.exporter.sources.processes.fake_kernel import FakeKernel
from tests.exporter.sources.processes.test_processes import STEP, no_room, opened, read_later, ticks
from tests.fake_clock import FakeClock

WEB, BATCH = "/system.slice/web.service", "/system.slice/batch.service"


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    """Return a machine with two services."""
    kernel = FakeKernel(tmp_path, FakeClock())
    for cgroup in ("/system.slice", WEB, BATCH):
        kernel.make(cgroup)
    kernel.fork(1, "nginx", 10, cgroup=WEB)
    kernel.fork(1, "make", 11, cgroup=BATCH)
    for pid in (10, 11):
        kernel.run(pid, 1000)
    kernel.show()
    return kernel


def short_life(kernel: FakeKernel, parent: int, amount: int) -> None:
    """Let a child come and go between two readings."""
    kernel.fork(parent, "gone", 99)
    kernel.run(99, amount)
    kernel.end(99)


def test_a_cgroup_has_the_time_of_all_that_ran_in_it(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    kernel.run(10, 20)
    kernel.run(11, 5)
    short_life(kernel, 11, 30)
    kernel.interrupts(9)
    times = read_later(source, kernel)
    assert ticks(times.cpu) == {"web.service": 20, "batch.service": 35, OTHER: 9}
    assert times.weighted == times.cpu
    assert [(one.name, one.group, one.cpus) for one in times.busiest] == [
        ("nginx", "web.service", 0.04),
        ("make", "batch.service", 0.01),
    ]


def test_what_a_cgroup_had_before_it_was_removed_is_in_its_group(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    kernel.run(11, 200)
    read_later(source, kernel)
    kernel.run(11, 77)
    kernel.run(10, 5)
    kernel.end(11)
    kernel.remove(BATCH)
    assert ticks(read_later(source, kernel).cpu) == {"web.service": 5, "batch.service": 277}


def test_what_a_cgroup_had_that_nobody_saw_is_that_of_the_one_above(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    kernel.make("/system.slice/run-u7.service")
    kernel.fork(1, "gone", 12, cgroup="/system.slice/run-u7.service")
    kernel.run(12, 50)
    kernel.end(12)
    kernel.remove("/system.slice/run-u7.service")
    assert ticks(read_later(source, kernel).cpu) == {"system.slice": 50}


def test_a_cgroup_that_is_made_again_is_another_one(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    kernel.end(11)
    kernel.remove(BATCH)
    kernel.make(BATCH)
    kernel.fork(1, "make", 11, cgroup=BATCH)
    kernel.run(11, 1500)
    assert ticks(read_later(source, kernel).cpu) == {"batch.service": 1500}


def test_a_cgroup_that_cannot_be_read_is_missing_and_no_other(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    for pid in (10, 11):
        kernel.run(pid, 20)
    kernel.pass_time(STEP)
    (kernel.sys / f"fs/cgroup{BATCH}/cpu.stat").write_text("nonsense\n", encoding="ascii")
    assert ticks(source.read().cpu) == {"web.service": 20, "system.slice": 20}


def test_without_its_tree_the_reading_fails(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    (kernel.sys / "fs/cgroup").rename(kernel.folder / "away")
    kernel.clock.advance(1.0)
    with pytest.raises(FileNotFoundError):
        source.read()
    (kernel.folder / "away").rename(kernel.sys / "fs/cgroup")
    kernel.run(10, 30)
    assert ticks(read_later(source, kernel).cpu) == {"web.service": 30}


def test_no_room_to_open_a_file_is_no_end_of_all_cgroups(kernel: FakeKernel) -> None:
    """Else the time of their whole lives would be counted again with the next reading."""
    source = opened(kernel, By.CGROUP)
    kernel.run(10, 30)
    kernel.pass_time(STEP)
    with no_room("cpu.stat"), pytest.raises(OSError, match="Too many"):
        source.read()
    kernel.run(11, 400)
    assert ticks(read_later(source, kernel).cpu) == {"web.service": 30, "batch.service": 400}


def test_the_busiest_have_the_mean_of_the_whole_time_after_a_reading_that_failed(kernel: FakeKernel) -> None:
    source = opened(kernel, By.CGROUP)
    kernel.run(10, 300)
    kernel.pass_time(STEP)
    with no_room("stat"), pytest.raises(OSError, match="Too many"):
        source.read()
    kernel.run(10, 200)
    assert [one.cpus for one in read_later(source, kernel).busiest] == [0.5]


def test_a_group_beside_busy_siblings_counts_less(kernel: FakeKernel) -> None:
    kernel.pair("0,1")
    kernel.processes[11].cpu = 1
    kernel.show()
    source = opened(kernel, By.CGROUP)
    kernel.run(10, 500)
    kernel.run(11, 250)
    times = read_later(source, kernel)
    half = (1.0 + BESIDE_ANOTHER) / 2
    assert times.weighted["web.service"] == pytest.approx(times.cpu["web.service"] * half)
    assert times.weighted["batch.service"] == pytest.approx(times.cpu["batch.service"] * BESIDE_ANOTHER)


LAYOUTS = {
    "version 2": ("", True, True),
    "version 2 beside version 1": ("unified", True, True),
    "version 2 without cgroups": ("", True, False),
    "version 1": ("", False, True),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_counters_are_read_wherever_version_2_has_cgroups(kernel: FakeKernel, layout: str) -> None:
    """Else the same comes from the processes, but for children that nobody saw of the first process."""
    folder, is_version_2, has_cgroups = LAYOUTS[layout]
    tree = kernel.sys / "fs/cgroup"
    if folder:
        tree.rename(kernel.folder / "tree")
        tree.mkdir()
        (kernel.folder / "tree").rename(tree / folder)
    if not is_version_2:
        (tree / "cgroup.controllers").unlink()
    if not has_cgroups:
        kernel.remove("/system.slice")
        kernel.by_cgroup = {}
    expected = tree / folder if is_version_2 and has_cgroups else None
    assert find_tree(kernel.sys) == expected
    kernel.cgroup_root = tree / folder
    source = opened(kernel, By.CGROUP)
    kernel.run(10, 20)
    kernel.run(11, 5)
    short_life(kernel, 11, 30)
    assert ticks(read_later(source, kernel).cpu) == {"web.service": 20, "batch.service": 35}


CGROUPS = ["/a", "/a/x.service", "/a/y.service", "/a/x.service/z.service", "/b"]
ACTS = st.one_of(
    st.tuples(st.just("make"), st.sampled_from(CGROUPS)),
    st.tuples(st.just("run"), st.sampled_from(CGROUPS), st.integers(1, 150)),
    st.tuples(st.just("remove"), st.sampled_from(CGROUPS)),
    st.tuples(st.just("interrupts"), st.integers(1, 50)),
    st.tuples(st.just("read")),
)


def act(kernel: FakeKernel, *act: object) -> None:
    """Let something happen, if it can."""
    made = kernel.by_cgroup
    match act:
        case "make", str(path):
            if path not in made and path.rpartition("/")[0] in ("", *made):
                kernel.make(path)
        case "run", str(path), int(amount):
            if path in made:
                kernel.processes[1].cgroup = path
                kernel.run(1, amount)
        case "remove", str(path):
            if path in made and not any(one.startswith(f"{path}/") for one in made):
                kernel.remove(path)
        case "interrupts", int(amount):
            kernel.interrupts(amount)


@settings(deadline=None, max_examples=30)
@given(st.lists(ACTS, max_size=40))
def test_cgroups_sum_to_the_busy_time_and_never_fall_whatever_happens(acts: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        kernel = FakeKernel(Path(folder), FakeClock())
        kernel.make("/c")
        source = opened(kernel, By.CGROUP)
        began, before = kernel.busy, dict[str, Seconds]()
        for one in [*acts, ("read",)]:
            act(kernel, *one)
            if one != ("read",):
                continue
            times = read_later(source, kernel)
            assert sum(times.cpu.values()) * 100 == pytest.approx(kernel.busy - began, rel=1e-9, abs=1e-6)
            assert all(times.cpu.get(group, 0.0) >= time for group, time in before.items())
            before = dict(times.cpu)


def test_a_tree_that_goes_meanwhile_is_read_as_far_as_it_is_there(kernel: FakeKernel) -> None:
    tree = kernel.sys / "fs/cgroup"
    (tree / "system.slice/web.service/cpu.stat").unlink()
    assert read_tree(tree).keys() == {"/system.slice", BATCH}
