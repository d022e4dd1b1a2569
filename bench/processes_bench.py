"""CPU time of a reading of the collector `processes`, of 3,000 processes that sleep, beside psutil's `process_iter`.

`python -m bench.processes_bench [--record]` prints the median and the best of thirty readings: of real processes, which
it starts and ends, and of a fixture tree with as many. As root, and where version 2 of cgroups is mounted, the real
ones are spread over 200 cgroups. The bound is 40 ms by processes, and 5 ms by the counters of cgroups.
"""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from bench.record import record, table
from exporter.core.clock import SystemClock
from exporter.sources.processes.cgroup_tree import read_tree
from exporter.sources.processes.cgroup_watch import CgroupWatch
from exporter.sources.processes.grouping import By, GroupRule
from exporter.sources.processes.watch import Interval, ProcessWatch

PROCESSES = 3000
CGROUPS = 200
READINGS = 30
HEAD = ("read", "median", "best", "first")
PROC, SYS = Path("/proc"), Path("/sys")
RULES = {
    "by name": GroupRule(),
    "by cgroup, of processes": GroupRule(by=By.CGROUP),
    "by patterns": GroupRule(by=By.GROUPS, patterns={"a": ("nginx*", "/system.slice/a*"), "b": ("/docker/*", "py*")}),
}


def cost(read: Callable[[], object]) -> tuple[str, str, str]:
    """Return the CPU time of readings, those of this thread alone: the median, the best and the first."""
    costs = []
    for _ in range(READINGS):
        began = time.thread_time()
        read()
        costs.append((time.thread_time() - began) * 1000.0)
    first, *others = costs
    return f"{median(others):.1f} ms", f"{min(others):.1f} ms", f"{first:.1f} ms"


def interval() -> Interval:
    """Return an interval of five seconds."""
    clock = SystemClock()
    return Interval(ticks=500.0, awake=clock.awake(), elapsed=clock.elapsed(), cpus=os.cpu_count() or 1)


def by_processes(procfs: Path) -> Iterator[Sequence[str]]:
    """Yield a row for each way of grouping by processes."""
    for name, rule in RULES.items():
        watch = ProcessWatch(procfs, rule)
        yield f"ecotrack, {name}", *cost(partial(_look, watch))


def _look(watch: ProcessWatch) -> None:
    watch.look(interval())


def by_psutil() -> Sequence[str]:
    """Return the row of what psutil takes for the same facts."""
    attributes = ["pid", "name", "ppid", "cpu_times", "create_time"]
    return "psutil, process_iter", *cost(lambda: list(psutil.process_iter(attributes)))


def by_counters(root: Path) -> Sequence[str]:
    """Return the row of cgroups' counters; processes are looked at in the first reading alone."""
    watch = CgroupWatch(root, PROC, RULES["by cgroup, of processes"], time.thread_time)
    one = interval()
    watch.look(one)
    return f"ecotrack, by cgroup, of {len(read_tree(root))} cgroups' counters", *cost(lambda: watch.look(one))


@contextlib.contextmanager
def sleeping(count: int, folders: Sequence[Path]) -> Iterator[None]:
    """Start processes that sleep until the block ends, spread over cgroups if there are any."""
    hold, held = os.pipe()
    pids = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            os.close(held)
            if folders:
                (folders[number % len(folders)] / "cgroup.procs").write_text("0", encoding="ascii")
            os.read(hold, 1)  # ends with the last writer, which is this program, however that ends
            os._exit(0)
        pids.append(pid)
    os.close(hold)
    try:
        time.sleep(1.0)
        yield
    finally:
        os.close(held)
        for pid in pids:
            os.waitpid(pid, 0)


@contextlib.contextmanager
def cgroups(count: int) -> Iterator[tuple[Path | None, Sequence[Path]]]:
    """Make cgroups, and return the tree's root with them; None and none where that cannot be done."""
    roots = (SYS / "fs/cgroup", SYS / "fs/cgroup/unified")
    root = next((one for one in roots if (one / "cgroup.controllers").exists()), None)
    if root is None or os.geteuid() != 0:
        yield None, ()
        return
    parent = root / f"ecotrack-bench-{os.getpid()}.slice"
    parent.mkdir()
    folders = [parent / f"unit{number}.service" for number in range(count)]
    try:
        for folder in folders:
            folder.mkdir()
        yield root, folders
    finally:
        for folder in (*folders, parent):
            folder.rmdir()


def write_tree(procfs: Path, count: int) -> None:
    """Write the `stat` and `cgroup` of as many processes as this one."""
    stat = (PROC / "self/stat").read_bytes().partition(b" ")[2]
    for pid in range(1, count + 1):
        folder = procfs / str(pid)
        folder.mkdir()
        (folder / "stat").write_bytes(b"%d %s" % (pid, stat))
        (folder / "cgroup").write_text(f"0::/system.slice/unit{pid % CGROUPS}.service\n", encoding="ascii")


def main() -> None:
    """Print the tables, and keep them on demand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/results/processes.md")
    options = parser.parse_args()
    with cgroups(CGROUPS) as (root, folders), sleeping(PROCESSES, folders):
        there = len(psutil.pids())
        real = [*by_processes(PROC), by_psutil()]
        if root is not None:
            real.append(by_counters(root))
    with TemporaryDirectory() as folder:
        write_tree(Path(folder), PROCESSES)
        fixture = list(by_processes(Path(folder)))
    parts = [
        "CPU time of a reading of processes",
        f"{there} real processes, nearly all asleep, in the same run; {READINGS} readings each:",
        table(HEAD, real),
        f"A fixture tree of {PROCESSES} processes on a disk:",
        table(HEAD, fixture),
    ]
    sys.stdout.write("\n\n".join(parts) + "\n")
    if options.record:
        record("processes", parts)


if __name__ == "__main__":
    main()
