"""Files of procfs and sysfs that a kernel shows of a machine of `smt_physics`."""

import shutil
from dataclasses import replace
from pathlib import Path

from tests.exporter.smt_physics import TICK, Machine, Process

PACKAGE = "class/powercap/intel-rapl:0"
RANGE = 262_143_328_850
"""Microjoules at which the counter begins again, as on many processors."""


NEXT_THREAD = 1_000_000
"""Distance of the ids of a process's threads, beyond all processes of a run."""


class Files:
    """The files below a folder, written anew as the machine goes on."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.proc, self.sys = folder / "proc", folder / "sys"
        self._machine = machine
        self._written: set[int] = set()
        for cpu in range(machine.physics.cpus):
            siblings = ",".join(str(one) for one in sorted(machine.physics.siblings(cpu)))
            self._put(f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", siblings)
            self._put(f"sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list", siblings)
        self._put("sys/devices/system/cpu/online", f"0-{machine.physics.cpus - 1}")
        self._put(f"sys/{PACKAGE}/name", "package-0")
        self._put(f"sys/{PACKAGE}/max_energy_range_uj", RANGE)
        self._put("sys/fs/cgroup/cgroup.controllers", "cpu memory")
        self.write()

    def write(self) -> None:
        """Show the machine as it is now."""
        machine = self._machine
        self._put(f"sys/{PACKAGE}/energy_uj", round(machine.joules * 1e6) % RANGE)
        self._put("proc/stat", self._stat())
        self._put("proc/uptime", f"{machine.tick * TICK:.2f} 0.00")
        for program, ticks in machine.used.items():
            self._cpu_stat(f"system.slice/{program}.service", ticks)
        self._cpu_stat("system.slice", sum(machine.used.values()))
        self._cpu_stat(".", sum(machine.used.values()))
        for process in machine.processes.values():
            self._put(f"proc/{process.pid}/stat", stat_of(process))
            for number, thread in enumerate(process.threads):
                tid = process.pid + number * NEXT_THREAD
                self._put(f"proc/{process.pid}/task/{tid}/stat", stat_of(replace(process, pid=tid, threads=[thread])))
            if process.pid not in self._written:
                self._put(f"proc/{process.pid}/comm", process.name)
                self._put(f"proc/{process.pid}/cgroup", f"0::/system.slice/{process.program}.service")
        for pid in self._written - machine.processes.keys():
            shutil.rmtree(self.proc / str(pid))
        self._written = set(machine.processes)

    def _stat(self) -> str:
        whole = [int(ticks) for ticks in self._machine.busy]
        idle = [self._machine.tick - ticks for ticks in whole]
        lines = [f"cpu  {sum(whole)} 0 0 {sum(idle)} 0 0 0 0 0 0"]
        lines += [f"cpu{n} {busy} 0 0 {idle[n]} 0 0 0 0 0 0" for n, busy in enumerate(whole)]
        return "\n".join([*lines, "intr 0", "ctxt 0", "btime 1772452800", "processes 100000", "procs_running 1"])

    def _cpu_stat(self, cgroup: str, ticks: float) -> None:
        used = round(ticks * TICK * 1e6)
        self._put(f"sys/fs/cgroup/{cgroup}/cpu.stat", f"usage_usec {used}\nuser_usec {used}\nsystem_usec 0")

    def _put(self, name: str, value: object) -> None:
        path = self.proc.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n", encoding="utf-8")


def stat_of(process: Process) -> str:
    """Return `/proc/PID/stat` (proc_pid_stat(5)): its threads' time, and the CPU that its first one was on last."""
    cpu = max(0, process.threads[0].cpu) if process.threads else 0
    head = f"{process.pid} ({process.name}) S {process.parent} 1 1 0 -1 4194304 0 0 0 0"
    times = f"{int(process.ticks)} 0 {int(process.reaped)} 0 20 0 {max(1, len(process.threads))} 0 {process.started}"
    return f"{head} {times} {' '.join(['0'] * 16)} {cpu} {' '.join(['0'] * 13)}"
