"""Programs whose CPU time their cgroups count have the same time by every way of grouping, within 2% of all."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from exporter.core.clock import SystemClock
from exporter.sources.cpu import TICKS_PER_SECOND, busy_ticks
from exporter.sources.processes.cgroup_tree import find_tree, read_tree
from exporter.sources.processes.grouping import OTHER, By, GroupRule
from exporter.sources.processes.source import ProcessesSource
from tests.processes import ending, first_line, until

PROC, SYS = Path("/proc"), Path("/sys")
NAMES = ("eco-loop", "eco-duty", "eco-spawn", "eco-gone")
PROGRAM = """
import ctypes, os, random, sys, time

def named(name):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)  # PR_SET_NAME

def work(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

name = sys.argv[1]
named(name)
print("ready", flush=True)
while True:
    if name == "eco-spawn":
        seconds = random.uniform(0.002, 0.04)
        child = os.fork()
        if child == 0:
            named("eco-short")
            work(seconds)
            os._exit(0)
        os.waitpid(child, 0)
    elif name == "eco-duty":
        work(0.03)
        time.sleep(0.03)
    else:
        work(0.1)
"""
"""Work that a program does by its name, until it is ended."""


class Programs:
    """Programs that run each in a cgroup of its own, below one that is this test's."""

    def __init__(self, parent: Path) -> None:
        self.parent = parent
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._ends = contextlib.ExitStack()

    def start(self, name: str) -> None:
        """Start a program, and return once it works."""
        folder = self.parent / f"{name}.service"
        folder.mkdir()
        enter = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(folder)]
        argv = [*enter, sys.executable, "-c", PROGRAM, name]
        process = self._ends.enter_context(
            ending(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))
        )
        self._running[name] = process
        assert first_line(process) == "ready"

    def end(self, name: str) -> None:
        """End a program with all that it has started."""
        (self.parent / f"{name}.service/cgroup.kill").write_text("1", encoding="ascii")
        self._running.pop(name).wait(240.0)
        procs = self.parent / f"{name}.service/cgroup.procs"
        until(lambda: not procs.read_text(encoding="ascii"), f"the end of all processes of {name}")

    def end_all(self) -> None:
        """End every program, and remove all cgroups."""
        for name in list(self._running):
            self.end(name)
        self._ends.close()
        for folder in (*self.parent.iterdir(), self.parent):
            if folder.is_dir():
                folder.rmdir()

    def used(self) -> Mapping[str, float]:
        """Return the seconds that each cgroup has counted."""
        return {path.removeprefix("/"): one.used / 1e6 for path, one in read_tree(self.parent).items()}


@pytest.fixture
def programs() -> Iterator[Programs]:
    roots = (SYS / "fs/cgroup", SYS / "fs/cgroup/unified")
    root = next((one for one in roots if (one / "cgroup.controllers").exists()), None)
    if root is None or os.geteuid() != 0:
        pytest.skip("making a cgroup takes root, and version 2")
    parent = root / f"ecotrack-{os.getpid()}.slice"
    try:
        parent.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error.strerror}")
    made = Programs(parent)
    try:
        yield made
    finally:
        made.end_all()


class Readings:
    """Sources that group in different ways, from their first reading on."""

    def __init__(self, nothing: Path) -> None:
        clock = SystemClock()

        def opened(by: By, sysfs: Path) -> ProcessesSource:
            return ProcessesSource(PROC, sysfs, GroupRule(by=by), clock, cpu_time=lambda: 0.0)

        assert find_tree(nothing) is None
        self._sources = {
            "name": opened(By.NAME, SYS),
            "cgroup, by counters": opened(By.CGROUP, SYS),
            "cgroup, by processes": opened(By.CGROUP, nothing),
        }
        self.read()

    def read(self) -> Mapping[str, Mapping[str, float]]:
        """Return the seconds of each group by way of grouping."""
        return {way: source.read().cpu for way, source in self._sources.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "bound"), [(6.0, 0.05), pytest.param(60.0, 0.02, marks=pytest.mark.full)])
def test_known_programs_have_what_their_cgroups_count(
    programs: Programs, tmp_path: Path, seconds: float, bound: float
) -> None:
    """The bound is 2%; of a short run the ends, which a busy machine draws out, are a larger part."""
    for name in NAMES:
        programs.start(name)
    before = programs.used()
    readings = Readings(tmp_path)
    began, busy = programs.used(), busy_ticks(PROC).total
    gone: Mapping[str, float] = {}
    last_seen = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1.0)
        last_seen = last_seen if gone else programs.used()["eco-gone.service"]
        readings.read()
        if not gone and time.monotonic() > end - seconds / 2:
            time.sleep(0.4)
            programs.end("eco-gone")
            gone = programs.used()
            (programs.parent / "eco-gone.service").rmdir()
    total = (busy_ticks(PROC).total - busy) / TICKS_PER_SECOND
    ended = {**gone, **programs.used()}
    told = readings.read()
    after = {**gone, **programs.used()}
    off = {}
    for way, groups in told.items():
        for name in NAMES:
            unit = f"{name}.service"
            time_told = groups.get(name if way == "name" else unit, 0.0)
            # While the sources read, which may take long on a busy machine, counters go on.
            low, high = ended[unit] - began[unit], after[unit] - before[unit]
            if name == "eco-gone":
                # What it had been seen with is its own; if it was busier in the end, some is that of the one above.
                low = last_seen - began[unit]
            off[way, name] = (time_told - min(max(time_told, low), high)) / total
    counted = told["cgroup, by counters"]
    above = sum(counted.get(group, 0.0) for group in ("eco-gone.service", "ecotrack.slice"))
    assert above >= gone["eco-gone.service"] - began["eco-gone.service"] - bound * total
    # By name, children that nobody saw are in the group of others.
    unseen = off.pop(("name", "eco-spawn"))
    assert unseen <= bound
    assert unseen + sum(told["name"].get(name, 0.0) for name in ("eco-short", OTHER)) / total >= -bound
    assert max(abs(one) for one in off.values()) <= bound, off
