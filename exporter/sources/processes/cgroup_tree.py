"""The tree of cgroups of version 2, and what each had of the CPUs between two readings.

A cgroup counts its own time and that of all below it, also of what has ended or was removed since (Linux,
Documentation/admin-guide/cgroup-v2.rst, `cpu.stat`).
"""

import os
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sources.processes.lives import IMPOSSIBLE, portions
from exporter.sources.processes.stat import NO_FAULT_OF_A_FILE
from exporter.sources.reading import COUNTS
from exporter.sources.sysfs import content

NO_FOLDERS = 2
"""Links to a folder without folders in it: from its parent and from itself (Linux, fs/kernfs/dir.c)."""

_USAGE = b"usage_usec "

Had = tuple[str, float]
"""Path of a cgroup, and the microseconds of CPU time that it had itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroup:
    """A cgroup: its number, which none has again, and the microseconds of CPU time that it and all below it had."""

    number: int
    used: int

    def follows(self, other: "Cgroup | None") -> bool:
        """Tell whether the other one is this cgroup at an earlier moment."""
        return other is not None and other.number == self.number and other.used <= self.used


def find_tree(sysfs: Path) -> Path | None:
    """Return where version 2 is mounted, by itself or beside version 1; None where it has no cgroups to tell of."""
    for root in (sysfs / "fs/cgroup", sysfs / "fs/cgroup/unified"):
        try:
            if (root / "cgroup.controllers").exists() and _folders(str(root)):
                return root
        except OSError:
            continue
    return None


def read_tree(root: Path) -> Mapping[str, Cgroup]:
    """Return the cgroups below a root by path. Raises OSError without the root, and where no file can be opened.

    One that is removed meanwhile, or does not tell, is left out: its time is then its parent's.
    """
    paths: list[tuple[str, int]] = []
    waiting = [str(root)]
    for folder in waiting:
        try:
            names = _folders(folder)
        except OSError as error:
            if folder == waiting[0] or error.errno in NO_FAULT_OF_A_FILE:
                raise
            continue
        for name in names:
            path = f"{folder}/{name}"
            try:
                told = os.stat(path)  # noqa: PTH116 - at each reading, building a Path costs as much
            except OSError:
                continue
            paths.append((path, told.st_ino))
            if told.st_nlink != NO_FOLDERS:
                waiting.append(path)
    found: dict[str, Cgroup] = {}
    # The lowest first, so that a cgroup has no less than those below it.
    for path, number in reversed(paths):
        try:
            used = _usage(content(f"{path}/cpu.stat"))
        except ValueError:
            continue
        except OSError as error:
            if error.errno in NO_FAULT_OF_A_FILE:
                raise
            continue
        found[path[len(waiting[0]) :]] = Cgroup(number=number, used=used)
    return found


def _folders(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [one.name for one in entries if one.is_dir(follow_symlinks=False)]


def _usage(cpu_stat: bytes) -> int:
    at = cpu_stat.index(_USAGE) + len(_USAGE)
    used = int(cpu_stat[at:].split(maxsplit=1)[0])
    if not 0 <= used < COUNTS:
        raise ValueError("no count")
    return used


class TreeLives:
    """The cgroups of the last reading, and how busy they were."""

    def __init__(self, cgroups: Mapping[str, Cgroup]) -> None:
        self._before = cgroups
        self._busy: Mapping[str, float] = {}

    def advance(self, now: Mapping[str, Cgroup], microseconds: float, cpus: int) -> tuple[Sequence[Had], Sequence[Had]]:
        """Return what cgroups had since the last reading, those that are there and those that were removed.

        What the ones below a cgroup had before they were removed is in its own count. Each removed one had as much as
        before at most, the rest stays with the cgroup above.
        """
        before = self._before
        new = {path for path, one in now.items() if not one.follows(before.get(path))}
        had = {path: one.used - (0 if path in new else before[path].used) for path, one in now.items()}
        too_much = IMPOSSIBLE * cpus * microseconds
        had = {path: used if used < too_much else 0 for path, used in had.items()}
        own: dict[str, float] = dict(had)
        for path, used in had.items():
            if above := _nearest(path, now):
                own[above] -= used
        stayed = now.keys() - new
        below: dict[str, dict[str, float]] = defaultdict(dict)
        for path in before:
            if path not in now or path in new:
                heir = _nearest(path, stayed)
                below[heir][path] = self._busy.get(path, 0.0) * microseconds
        ended: dict[str, float] = {}
        for heir, most in below.items():
            if heir:
                ended |= portions(max(0.0, own[heir]), most)
                own[heir] -= sum(ended[path] for path in most if path in ended)
        self._before = now
        # How long a new one has been there is not told: it may have kept all CPUs busy.
        self._busy = {path: cpus if path in new else used / microseconds for path, used in own.items() if used > 0.0}
        return [one for one in own.items() if one[1] > 0.0], list(ended.items())


def _nearest(path: str, among: Container[str]) -> str:
    """Return the nearest cgroup above a path that is among others; an empty text for the root."""
    above = path.rpartition("/")[0]
    while above and above not in among:
        above = above.rpartition("/")[0]
    return above
