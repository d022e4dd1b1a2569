"""The groups of processes that energy and bytes are attributed to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

OTHER = "other"
"""Group of what no group of its own has: time of the kernel, of processes that ended unseen, and beyond the cap."""

RESERVED = frozenset({OTHER, "idle", "unattributed"})
"""Names of groups that are no processes; a program of such a name is shown with a backslash before it."""


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
