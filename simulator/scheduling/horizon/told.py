"""The present plan of a planner, as it is told to people."""

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """The part of a node in the plan of the present hour."""

    FRONT = "front"
    BATCH = "batch"
    ASLEEP = "asleep"


class Reason(Enum):
    """A reason for a role, in a few words."""

    SERVES = "least grams for urgent tasks"
    ROOM = "room for bursts of urgent tasks"
    CLEAN = "cleanest hour for work that waits"
    DUE = "work that waits is due"
    NOT_NEEDED = "not needed"
    CANNOT_SLEEP = "cannot sleep"


class Term(Enum):
    """A point that may speak for one node against another when a task is placed."""

    PLAN = "plan"
    GRID = "grid"
    NETWORK = "network"
    DEADLINE = "deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTold:
    """The role of a node in the present hour, and why it has it."""

    role: Role
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The placement of the last task: its class and the chosen node, by index.

    `second` is the node that would have come next, and `term` that in which the two differ most; None where no other
    node could have taken the task.
    """

    task_class: int
    chosen: int
    second: int | None
    term: Term | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The present plan: its nodes (N), seconds of reference work that is held back, and the last decision, if any."""

    nodes: tuple[NodeTold, ...]
    held_seconds: float
    decision: Decision | None
