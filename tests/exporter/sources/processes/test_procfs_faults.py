"""Whatever stands in procfs and the cgroups, a reading of processes is made, and whole processes keep their figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.sources.collector import SOURCES, Choices
from exporter.sources.host import HostSource
from exporter.sources.nics import NicRule
from exporter.sources.processes.grouping import LONGEST_LABEL, OTHER, RESERVED, By, GroupRule
from exporter.sources.reading import GroupTimes, SourceState
from tests.exporter.smt_files import Files
from tests.exporter.smt_physics import TICK, Machine, Physics, server
from tests.exporter.sources.processes.broken_procfs import CPU_STATS, FOLDERS, ODD, PROCESS, Odd, remove, show
from tests.fake_clock import FakeClock

INTERVAL = 5.0

MOST_PUT_OFF = 50
"""Intervals that a reading is put off at most, on a machine that is so busy that it takes a second of CPU time."""

PROGRAMS = (
    server("web", workers=2, period=0.05, work=0.01, until=1000.0),
    server("train", workers=1, period=0.1, work=0.05, until=1000.0),
)
CGROUPS = st.sampled_from(["odd.slice/a.service", "odd.slice", "odd.slice/b.service/c", "deep/" * 40 + "d"])

PROCESSES = st.dictionaries(FOLDERS, PROCESS | ODD, max_size=5)
Shown = Mapping[str, bytes | Odd]
Step = tuple[Mapping[str, Shown | Odd], Shown]
STEP = st.tuples(PROCESSES, st.dictionaries(CGROUPS, CPU_STATS | ODD, max_size=3))


class Watched:
    """A machine with whole processes, read by the collector of processes, among which anything may be put."""

    def __init__(self, folder: Path, by: By) -> None:
        self.machine, self.clock, self.folder = Machine(Physics(), PROGRAMS), FakeClock(), folder
        self.files = Files(folder, self.machine)
        self._source = HostSource(
            self.clock,
            NicRule(),
            procfs=self.files.proc,
            sysfs=self.files.sys,
            sources=[one for one in SOURCES if one.name == "processes"],
            choices=Choices(attribution=GroupRule(by=by)),
        )
        self._last: GroupTimes | None = None

    def put(self, processes: Mapping[str, Shown | Odd], cgroups: Shown) -> None:
        """Put processes and cgroups beside the whole ones, or others in their places."""
        for name, files in processes.items():
            show(self.files.proc / name, files if isinstance(files, Odd) else Odd.FOLDER)
            for file, content in {} if isinstance(files, Odd) else files.items():
                show(self.files.proc / name / file, content)
        remove(self.files.sys / "fs/cgroup/odd.slice")
        for name, content in cgroups.items():
            if not isinstance(content, Odd):
                show(self.files.sys / "fs/cgroup" / name / "cpu.stat", content)

    def read(self) -> GroupTimes:
        """Return the next reading, some seconds later; where it is put off for its cost, the one after."""
        last, now = self._last, self._last
        for _ in range(MOST_PUT_OFF):
            self.machine.run(round(INTERVAL / TICK))
            self.files.write()
            self.clock.advance(INTERVAL)
            reading = self._source.read()
            assert [one.state for one in reading.outcomes] == [SourceState.WORKS]
            assert reading.processes is not None
            now = reading.processes.value
            if now is not last:
                break
        assert now is not None
        self._last = now
        return now

    def ticks(self) -> dict[str, int]:
        """Return the ticks of each program as its processes show them."""
        shown = dict.fromkeys((one.name for one in PROGRAMS), 0)
        for process in self.machine.processes.values():
            if process.program in shown:
                shown[process.program] += int(process.ticks)
        return shown

    def busy(self) -> int:
        """Return the ticks of all CPUs as procfs shows them."""
        return sum(int(ticks) for ticks in self.machine.busy)


def group_of(program: str, by: By) -> str:
    return f"{program}.service" if by is By.CGROUP else program


def require_labels(groups: Mapping[str, float]) -> None:
    for group in groups:
        assert 1 <= len(group) <= LONGEST_LABEL
        assert group.isprintable()
        assert group == OTHER or group not in RESERVED


@pytest.mark.slow
@pytest.mark.parametrize("by", [By.NAME, By.CGROUP])
@settings(max_examples=15)
@given(steps=st.lists(STEP, min_size=1, max_size=5))
def test_whole_processes_keep_their_figures_beside_whatever_else(by: By, steps: Sequence[Step]) -> None:
    with TemporaryDirectory() as folder:
        watched = Watched(Path(folder), by)
        first, busy, ticks = watched.read(), watched.busy(), watched.ticks()
        last = first
        for processes, cgroups in steps:
            watched.put(processes, cgroups)
            now = watched.read()
            require_labels(now.cpu)
            for before, after in ((last.cpu, now.cpu), (last.weighted, now.weighted)):
                assert all(time >= before.get(group, 0.0) - 1e-9 for group, time in after.items())
            gained = sum(now.cpu.values()) - sum(first.cpu.values())
            assert gained == pytest.approx((watched.busy() - busy) * TICK, abs=1e-6)
            for program, used in watched.ticks().items():
                group = group_of(program, by)
                had = now.cpu.get(group, 0.0) - first.cpu.get(group, 0.0)
                assert had == pytest.approx((used - ticks[program]) * TICK, rel=0.02, abs=0.05), program
            last = now


def changed(used: int = 0, waited: int = 0, started: int = 0) -> bytes:
    """Return text of `/proc/PID/stat` with figures of a process that is whole otherwise."""
    return f"60000 (odd) R 1 1 1 0 -1 0 0 0 0 0 {used} 0 {waited} 0 20 0 1 0 {started} {'0 ' * 30}\n".encode()


@pytest.mark.parametrize("by", [By.NAME, By.CGROUP])
@pytest.mark.parametrize("figures", [{"used": 2**63}, {"waited": 2**63}, {"used": 10**7, "started": 10**9}])
def test_a_figure_that_no_time_can_be_takes_nothing_from_others(
    tmp_path: Path, by: By, figures: dict[str, int]
) -> None:
    watched = Watched(tmp_path, by)
    first, ticks = watched.read(), watched.ticks()
    watched.put({"60000": {"stat": changed(), "cgroup": b"0::/odd.slice"}}, {"odd.slice": b"usage_usec 0"})
    watched.read()
    usage = f"usage_usec {10_000 * max(figures.values())}".encode()
    watched.put({"60000": {"stat": changed(**figures), "cgroup": b"0::/odd.slice"}}, {"odd.slice": usage})
    now = watched.read()
    for program, used in watched.ticks().items():
        group = group_of(program, by)
        had = now.cpu.get(group, 0.0) - first.cpu.get(group, 0.0)
        assert had == pytest.approx((used - ticks[program]) * TICK, rel=0.02, abs=0.05), program
