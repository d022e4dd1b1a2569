"""The groups of processes that energy and bytes are attributed to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from exporter.sources.processes.cgroup_names import group_of_path, is_container
from exporter.sources.sysfs import content

OTHER = "other"
"""Group of what no group of its own has: time of the kernel, of processes that ended unseen, and beyond the cap."""

IDLE = "idle"
"""Group of what a machine draws whether anything runs or not."""

UNATTRIBUTED = "unattributed"
"""Group of what no process explains."""

RESERVED = frozenset({OTHER, IDLE, UNATTRIBUTED})
"""Names of groups that are no processes; a program of such a name is shown with a backslash before it."""

LONGEST_LABEL = 80
"""Characters of a group's name at most. Judgement: a pod's id has 36, and a panel's legend shows no more."""

LOOKED_UP_AGAIN = 100
"""Answers about one process after which its cgroup is read again: a process can be moved while it runs."""

MOST_KNOWN = 1 << 14
"""Processes whose groups are remembered at most, in some 4 MB. Judgement: more than run on a busy machine."""

MOST_NAMES = 1000
"""Names of programs whose groups are remembered at most, those asked for last. Judgement: as many as groups that are
counted; where more run at once, each is looked up anew, which takes 5 us. Many more would take months to fill up."""


class By(StrEnum):
    """Criterion by which processes are grouped."""

    NAME = "name"
    CGROUP = "cgroup"
    GROUPS = "groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """Criterion, and the shell patterns of each group of the user's own where those are the criterion."""

    by: By = By.NAME
    patterns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Known:
    """Group of a process, and the answers that are left until it is looked up again."""

    started: int | None
    name: str
    group: str
    left: int


class Grouping:
    """The group of each process, looked up once for its life in most cases.

    A process is known by its id, start time and name: the id is given again to another process, and the name changes
    where a program is started in the process, before which it may have stood in its parent's cgroup.
    """

    def __init__(self, rule: GroupRule, procfs: Path) -> None:
        self._rule = rule
        self._procfs = procfs
        self._known: dict[int, _Known] = {}
        self._needs_cgroups = rule.by is By.CGROUP or any(
            one.startswith("/") for patterns in rule.patterns.values() for one in patterns
        )
        self._group_of_name = lru_cache(MOST_NAMES)(self._look_up_name)

    def group_of(self, pid: int, started: int | None, name: str) -> str:
        """Return the group of a process by its id, its start time in clock ticks and its name as the kernel has them.

        Without a start time the process is taken to be the last one of that id and name. What has no group of its own,
        or has ended before its cgroup could be read, is in `OTHER`. Never raises.
        """
        if not self._needs_cgroups:
            return self._group_of_name(name)
        known = self._known.get(pid)
        if known is not None and not (known.name == name and started in (None, known.started)):
            known = None
        if known is not None and known.left:
            known.left -= 1
            return known.group
        paths = self._paths(pid)
        if not paths:
            return OTHER if known is None else known.group
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        group = self.group_of_cgroup(paths, name)
        # Not all at once: processes that were found together would be read again together.
        self._known[pid] = _Known(started, name, group, LOOKED_UP_AGAIN + pid % LOOKED_UP_AGAIN)
        return group

    def group_of_cgroup(self, paths: tuple[str, ...], name: str) -> str:
        """Return the group of a process by the paths of its cgroups, the best first, and its name."""
        if self._rule.by is By.CGROUP:
            telling = _telling(paths)
            return OTHER if telling == "/" else own_label(group_of_path(telling))
        for group, patterns in self._rule.patterns.items():
            for pattern in patterns:
                against = paths if pattern.startswith("/") else (name,)
                if any(fnmatchcase(one, pattern) for one in against):
                    return own_label(group)
        return OTHER

    def _look_up_name(self, name: str) -> str:
        return own_label(program(name)) if self._rule.by is By.NAME else self.group_of_cgroup((), name)

    def _paths(self, pid: int) -> tuple[str, ...]:
        try:
            return cgroup_paths(content(f"{self._procfs}/{pid}/cgroup"))
        except OSError:
            return ()


def cgroup_paths(text: bytes) -> tuple[str, ...]:
    """Return the paths of `/proc/PID/cgroup`, each once: of version 2, of systemd's own hierarchy, of the others.

    See cgroups(7). A path of a cgroup that was removed under its last process is told without that note.
    """
    found: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").split("\n"):  # a name may hold all else that ends a line
        number, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if colon and number.isdecimal() and path.startswith("/"):
            found[controllers] = path.removesuffix(" (deleted)")
    ordered = [found.pop(one) for one in ("", "name=systemd") if one in found] + [found[one] for one in sorted(found)]
    return tuple(dict.fromkeys(ordered))


def _telling(paths: tuple[str, ...]) -> str:
    """Return the path that tells most: of a container, which older engines make in version 1 alone, else the first.

    The root tells nothing: it holds the kernel's own threads, and all where no manager makes cgroups.
    """
    return next(filter(is_container, paths), next((one for one in paths if one != "/"), "/"))


_KERNELS = re.compile(r"(?<=.)/.*", re.DOTALL)
_NUMBERED = re.compile(r"(?<=.)(?:[-_:#@]\d+)+$")


def program(name: str) -> str:
    """Return a program's name without the numbers by which the kernel and some programs tell their workers apart.

    `kworker/u8:2-events` is `kworker`, `jbd2/sda1-8` is `jbd2`, `worker-1234` is `worker`.
    """
    return _NUMBERED.sub("", _KERNELS.sub("", name))


def own_label(name: str) -> str:
    """Return a label for a name that others chose; never that of a reserved group."""
    shown = label(name)
    return f"\\{shown}" if shown in RESERVED else shown


def label(name: str) -> str:
    """Return a printable label of bounded length; what cannot be printed is replaced by a question mark."""
    shown = "".join(one if one.isprintable() else "?" for one in name).strip() or "?"
    return shown if len(shown) <= LONGEST_LABEL else shown[: LONGEST_LABEL - 1] + "…"
