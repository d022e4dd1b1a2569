"""A machine for an exporter to look at: fixture trees of procfs and sysfs whose counters move by a seeded pattern.

It has CPUs whose time programs share, memory, disks with partitions and volumes on them, TCP sockets, a wireless and a
wired card, two more below a bond with a VLAN, and what containers and a tunnel add. Its processor, its graphics card
and its battery tell their power, the latter while it is not on mains. Now and then a card counts from zero, as after
its driver has started again.
What the exporter learns to read is added here.
"""

import contextlib
import errno
import os
import random
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from tests.processes import join

FIXTURES = Path(__file__).parents[1] / "exporter/sources/fixtures"

SENSORS = ("rapl", "hwmon", "battery")
"""Trees of sensors that are added to the laptop."""

STEP_SECONDS = 0.25
STEPS_PER_RESET = 20
TICKS_PER_STEP = int(STEP_SECONDS * os.sysconf("SC_CLK_TCK"))

PROGRAMS = {
    "nginx": "system.slice/nginx.service",
    "postgres": "system.slice/system-postgresql.slice/postgresql@15-main.service",
    "python3": "system.slice/docker-4f2c9a1b77de0c1e5b0d7a3f6c9e8d2b1a0f4e3d2c1b0a9f8e7d6c5b4a392817.scope",
    "redis-server": "system.slice/redis-server.service",
    "chronyd": "system.slice/chrony.service",
    "sshd": "system.slice/ssh.service",
    "cron": "system.slice/cron.service",
    "make": "user.slice/user-1000.slice/session-3.scope",
    "rsync": "system.slice/backup.service",
    "systemd-journal": "system.slice/systemd-journald.service",
}
"""Names of programs, the ones that use the CPUs most first, and their cgroups."""

FIRST_PID = 1200

Change = Callable[[str, random.Random], str]
"""From the text of a file to that of a step later."""


class MovingMachine:
    """The trees below a folder. A step writes each moving file anew and puts it in place of the old one."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.procfs, self.sysfs = folder / "proc", folder / "sys"
        shutil.copytree(FIXTURES / "laptop", folder)
        _add_devices(folder, FIXTURES / "bond")
        for tree in SENSORS:
            shutil.copytree(FIXTURES / tree, folder, symlinks=True, dirs_exist_ok=True)
        self._chance = random.Random(seed)  # noqa: S311 - loads, not secrets
        self._had = dict.fromkeys(PROGRAMS, 0.0)
        for place, (name, cgroup) in enumerate(PROGRAMS.items(), start=1):
            process = self.procfs / str(FIRST_PID + place)
            process.mkdir()
            (process / "stat").write_text(_process(place, name, 0))
            (process / "cgroup").write_text(f"0::/{cgroup}\n")
        self._cards = cycle(sorted(path.parent.name for path in (self.sysfs / "class/net").glob("*/device")))
        self._steps = 0
        self._is_late = False
        self._lock = threading.Lock()

    @property
    def flags(self) -> list[str]:
        """Return the flags that make an exporter look here."""
        return [f"--path.procfs={self.procfs}", f"--path.sysfs={self.sysfs}"]

    def step(self) -> None:
        """Let `STEP_SECONDS` pass."""
        self._steps += 1
        reset = next(self._cards) if self._steps % STEPS_PER_RESET == 0 else None
        with self._lock:
            before = _user_ticks(self.procfs)
            self._change(self.procfs / "stat", _work)
            self._run_programs(_user_ticks(self.procfs) - before)
            self._change(self.procfs / "diskstats", _use_disks)
            self._change(self.procfs / "1/net/dev", lambda text, chance: _carry(text, chance, reset))
            self._change(self.procfs / "1/net/tcp", _connect)
            self._change(self.procfs / "1/net/sockstat", _count_sockets)
            if not self._is_late:
                self._change(self.procfs / "meminfo", _use_memory)
            for zone in sorted(self.sysfs.glob("devices/virtual/powercap/*/**/energy_uj")):
                self._change(zone, _spend)
            self._change(self.sysfs / "class/power_supply/BAT0/power_now", _draw)
            # On its battery and on mains in turn, so that the machine is now measured as a whole and now modelled.
            mains = self._steps // STEPS_PER_RESET % 2
            _replace(self.sysfs / "class/power_supply/AC/online", f"{mains}\n")
            for name in ("hwmon1/power1_input", "hwmon2/power1_average"):
                self._change(self.sysfs / "class/hwmon" / name, _draw)

    def _run_programs(self, busy: int) -> None:
        """Let the programs have four fifths of the ticks in which the CPUs were busy, and the kernel the rest."""
        whole = sum(1.0 / place for place, _ in enumerate(PROGRAMS, start=1))
        for place, name in enumerate(PROGRAMS, start=1):
            self._had[name] += 0.8 * busy / place / whole
            _replace(self.procfs / str(FIRST_PID + place) / "stat", _process(place, name, int(self._had[name])))

    def answer_late(self, seconds: float) -> None:
        """Keep the next reader of `meminfo` waiting for `seconds`, as a busy kernel may.

        Raises OSError where nobody reads it within ten seconds.
        """
        path = self.procfs / "meminfo"
        with self._lock:
            self._is_late, text = True, path.read_text()
            os.mkfifo(path.with_suffix(".pipe"))
            path.with_suffix(".pipe").replace(path)
        answer = _writer_once_read(path)
        _replace(path, text)
        time.sleep(seconds)
        os.write(answer, text.encode())
        os.close(answer)
        with self._lock:
            self._is_late = False

    def _change(self, path: Path, change: Change) -> None:
        _replace(path, change(path.read_text(), self._chance))


@contextlib.contextmanager
def moving_machine(folder: Path, seed: int) -> Iterator[MovingMachine]:
    """Make a machine below `folder` that moves until the block ends."""
    machine, stop = MovingMachine(folder, seed), threading.Event()

    def move() -> None:
        while not stop.wait(STEP_SECONDS):
            machine.step()

    thread = threading.Thread(target=move, daemon=True)
    thread.start()
    try:
        yield machine
    finally:
        stop.set()
        join(thread)


def _work(stat: str, chance: random.Random) -> str:
    """Keep the CPUs busy for a share of the step and idle else: the fields are user, nice, system and idle first."""
    head, *rest = stat.splitlines()
    lines, total = [], [int(field) for field in head.split()[1:]]
    for line in rest:
        if not line.startswith("cpu"):
            lines.append(line)
            continue
        name, *fields = line.split()
        times, busy = [int(field) for field in fields], chance.randint(1, TICKS_PER_STEP - 1)
        for counters in (times, total):
            counters[0] += busy
            counters[3] += TICKS_PER_STEP - busy
        lines.append(" ".join((name, *map(str, times))))
    return "\n".join((" ".join(("cpu ", *map(str, total))), *lines, ""))


def _user_ticks(procfs: Path) -> int:
    return int((procfs / "stat").read_text().split(maxsplit=2)[1])


def _process(place: int, name: str, ticks: int) -> str:
    """Return a process as proc_pid_stat(5) has it: its ticks, its one thread and its start are fields 14, 20 and 22."""
    fields = [0] * 50
    fields[11], fields[17], fields[19] = ticks, 1, 100 * place
    return f"{FIRST_PID + place} ({name}) S {' '.join(map(str, fields[1:]))}\n"


def _use_memory(meminfo: str, chance: random.Random) -> str:
    lines = [line for line in meminfo.splitlines() if not line.startswith("MemAvailable:")]
    return "\n".join((*lines, f"MemAvailable: {chance.randint(6_000_000, 12_000_000)} kB", ""))


def _use_disks(diskstats: str, chance: random.Random) -> str:
    """Use disks. After the numbers and name of a disk: reads, merged ones, sectors, time, and the same of writes."""
    lines = []
    for line in diskstats.splitlines():
        fields = line.split()
        for first in (3, 7):
            requests = chance.randint(1, 50)
            fields[first] = str(int(fields[first]) + requests)
            fields[first + 2] = str(int(fields[first + 2]) + 8 * requests)
        lines.append(" ".join(fields))
    return "\n".join((*lines, ""))


def _carry(dev: str, chance: random.Random, reset: str | None) -> str:
    """Let each device carry packets, but one that is `reset`: it stands at zero. Bytes and packets come first."""
    lines = dev.splitlines()[:2]
    for line in dev.splitlines()[2:]:
        name, _, values = line.partition(":")
        fields = [int(value) for value in values.split()]
        for first in (0, 8):
            packets = chance.randint(1, 400)
            fields[first + 1] += packets
            fields[first] += packets * chance.randint(64, 1500)
        moved = [0] * len(fields) if name.strip() == reset else fields
        lines.append(f"{name}: {' '.join(map(str, moved))}")
    return "\n".join((*lines, ""))


def _connect(tcp: str, chance: random.Random) -> str:
    """Add a socket like one that is there, o or one less of those added."""
    head, *sockets = tcp.splitlines()
    more = len(sockets) < 8 or (len(sockets) < 16 and chance.random() < 0.5)
    return "\n".join((head, *((*sockets, chance.choice(sockets)) if more else sockets[:-1]), ""))


def _spend(energy: str, chance: random.Random) -> str:
    """So many microjoules in all."""
    return f"{int(energy) + chance.randint(1_000_000, 15_000_000)}\n"


def _draw(_: str, chance: random.Random) -> str:
    """So many microwatts."""
    return f"{chance.randint(5_000_000, 60_000_000)}\n"


def _count_sockets(sockstat: str, chance: random.Random) -> str:
    return re.sub(r"inuse \d+|tw \d+", lambda found: f"{found[0].split()[0]} {chance.randint(1, 40)}", sockstat)


def _add_devices(folder: Path, other: Path) -> None:
    """Add the network devices of another tree, as far as there are none of their names."""
    present = {path.name for path in (folder / "sys/class/net").iterdir()}
    for device in (other / "sys/class/net").iterdir():
        if device.name not in present:
            shutil.copytree(device, folder / "sys/class/net" / device.name, symlinks=True)
    shutil.copytree(other / "sys/devices", folder / "sys/devices", symlinks=True, dirs_exist_ok=True)
    lines = (other / "proc/1/net/dev").read_text().splitlines(keepends=True)[2:]
    with (folder / "proc/1/net/dev").open("a") as dev:
        dev.writelines(line for line in lines if line.partition(":")[0].strip() not in present)


def _replace(path: Path, text: str) -> None:
    """Replace a file so that readers find the old text or the new one, whole."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _writer_once_read(pipe: Path) -> int:
    """Return the descriptor to write to a pipe with, once somebody has opened it to read."""
    deadline = time.monotonic() + 60.0
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
