"""A kernel that forks, runs and ends processes, and shows them as a procfs and a tree of cgroups."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.fake_clock import FakeClock

TICKS = 100
"""Clock ticks in a second, as `sysconf(_SC_CLK_TCK)` says on every Linux of today."""


@dataclass(slots=True)
class FakeProcess:
    """A process as the kernel accounts for it; times are in ticks."""

    pid: int
    started: int
    name: str
    parent: int
    cgroup: str
    used: int = 0
    waited: int = 0
    threads: int = 1
    cpu: int = 0

    @property
    def stat(self) -> bytes:
        """Text of `/proc/PID/stat`."""
        numbers = [self.parent, 1, 1, 0, -1, 4194304, 100, 0, 0, 0, self.used, 0, self.waited, 0, 20, 0, self.threads]
        numbers += [0, self.started, *[0] * 16, self.cpu, *[0] * 13]
        return f"{self.pid} ({self.name}) S {' '.join(map(str, numbers))}\n".encode()


@dataclass(slots=True)
class FakeKernel:
    """A machine whose CPUs are busy with nothing but its processes, and with what `interrupts` adds."""

    folder: Path
    clock: FakeClock
    cpus: int = 2
    processes: dict[int, FakeProcess] = field(default_factory=dict)
    by_cgroup: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, int] = field(default_factory=dict)
    by_cpu: list[int] = field(default_factory=list)
    forks: int = 1
    cgroup_root: Path = Path()

    def __post_init__(self) -> None:
        self.cgroup_root = self.sys / "fs/cgroup"
        self.by_cpu = [1000] * self.cpus
        self.proc.mkdir()
        self.cgroup_root.mkdir(parents=True)
        self._start(1, "init", 0, "")
        self.show()

    @property
    def proc(self) -> Path:
        """Root of the procfs."""
        return self.folder / "proc"

    @property
    def sys(self) -> Path:
        """Root of the sysfs."""
        return self.folder / "sys"

    @property
    def busy(self) -> int:
        """Ticks for which CPUs were busy."""
        return sum(self.by_cpu)

    def fork(self, parent: int, name: str, pid: int, cgroup: str | None = None) -> FakeProcess:
        """Start a process, with an id that is free."""
        self.forks += 1
        return self._start(pid, name, parent, self.processes[parent].cgroup if cgroup is None else cgroup)

    def _start(self, pid: int, name: str, parent: int, cgroup: str) -> FakeProcess:
        assert pid not in self.processes
        self.processes[pid] = FakeProcess(pid, round(self.clock.elapsed_at * TICKS), name, parent, cgroup)
        return self.processes[pid]

    def run(self, pid: int, ticks: int) -> None:
        """Let a process run on the CPU that it is on, by the clock of nobody."""
        process = self.processes[pid]
        process.used += ticks
        self.by_cpu[process.cpu] += ticks
        self.by_name[process.name] = self.by_name.get(process.name, 0) + ticks
        above = process.cgroup
        while above:
            self.by_cgroup[above] = self.by_cgroup.get(above, 0) + ticks
            above = above.rpartition("/")[0]

    def interrupts(self, ticks: int) -> None:
        """Let a CPU be busy with no process."""
        self.by_cpu[0] += ticks

    def end(self, pid: int, *, is_waited_for: bool = True) -> None:
        """End a process; its parent is told of its time where it waits for it, and its children go to the first."""
        process = self.processes.pop(pid)
        if is_waited_for:
            self.processes[process.parent].waited += process.used + process.waited
        for one in self.processes.values():
            if one.parent == pid:
                one.parent = 1

    def show(self) -> None:
        """Write the procfs anew, and `cpu.stat` of every cgroup."""
        lines = [f"cpu  {self.busy} 0 0 5000 0 0 0 0 0 0"]
        lines += [f"cpu{number} {busy} 0 0 2500 0 0 0 0 0 0" for number, busy in enumerate(self.by_cpu)]
        lines += ["intr 5 1 2", "ctxt 7", "btime 1772452800", f"processes {self.forks}", "procs_running 1"]
        (self.proc / "stat").write_text("\n".join(lines) + "\n", encoding="ascii")
        for folder in self.proc.iterdir():
            if folder.name.isdecimal() and int(folder.name) not in self.processes:
                shutil.rmtree(folder)
        for pid, process in self.processes.items():
            (self.proc / str(pid)).mkdir(exist_ok=True)
            (self.proc / str(pid) / "stat").write_bytes(process.stat)
            (self.proc / str(pid) / "cgroup").write_text(f"0::{process.cgroup or '/'}\n", encoding="utf-8")
        for path, ticks in self.by_cgroup.items():
            folder = Path(f"{self.cgroup_root}{path}")
            if folder.is_dir():
                told = f"usage_usec {ticks * 1_000_000 // TICKS}\nuser_usec 0\nsystem_usec 0\n"
                (folder / "cpu.stat").write_text(told, encoding="ascii")

    def make(self, cgroup: str) -> None:
        """Make a cgroup of version 2."""
        (self.cgroup_root / "cgroup.controllers").write_text("cpu\n", encoding="ascii")
        Path(f"{self.cgroup_root}{cgroup}").mkdir(parents=True)
        self.by_cgroup[cgroup] = 0

    def remove(self, cgroup: str) -> None:
        """Remove a cgroup; those above keep what it has had."""
        # Kept elsewhere, since a file system gives numbers of folders again, and the kernel those of cgroups never.
        attic = self.folder / "attic"
        attic.mkdir(exist_ok=True)
        Path(f"{self.cgroup_root}{cgroup}").rename(attic / str(len(list(attic.iterdir()))))
        del self.by_cgroup[cgroup]

    def pair(self, *cores: str) -> None:
        """Let the CPUs of each core share it: `0,2`, say."""
        for core in cores:
            for cpu in core.split(","):
                topology = self.sys / f"devices/system/cpu/cpu{cpu}/topology"
                topology.mkdir(parents=True)
                (topology / "thread_siblings_list").write_text(f"{core}\n", encoding="ascii")

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and show the machine as it is then."""
        self.clock.advance(seconds)
        self.show()
