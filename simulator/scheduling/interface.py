"""The interface of policies: the views that they get, and the placements that they return."""

from dataclasses import dataclass, replace
from typing import Protocol

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, CountArray, FloatArray, IntArray
from simulator.workload.task import Tasks

DROPPED = -1
"""Node index of a task that no node can take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """N nodes on B buses, K task classes and L operating points, as a scheduler knows them. Levels ascend in frequency.

    Nodes of one bus share its supply, its battery and its connection to the grid. A class tells where a task comes
    from, too: tasks of one kind that arrive at two sites are of two classes.

    `bus` (N,): the bus of each node. `service` (N, K, L): seconds of execution per second of reference work,
    compression included. `extra_watts` (N, L): power above idle while a task executes. `idle_watts` (N,). `fits` (N,
    K): whether the class's model fits into the node's memory, and `memory_share` (N, K): the part of that memory that a
    task of the class requests. `delay` (N, K): seconds that the input of a task takes to
    the node, 0 at the site where it arrives. `input_bytes` (K,): of a task, and `moved_joules` (N, K): energy of the
    network to move them. `work` (K,): mean reference work. `deadline` and `priority` (K,): of the classes. A node
    executes one task at a time, in order of placement, without preemption. No task may start later than `longest_wait`
    after its release: one that no node can start by then is dropped.
    """

    names: tuple[str, ...]
    service: FloatArray
    extra_watts: FloatArray
    idle_watts: FloatArray
    fits: BoolArray
    memory_share: FloatArray
    delay: FloatArray
    moved_joules: FloatArray
    input_bytes: FloatArray
    work: FloatArray
    bus: IntArray
    site_of_bus: IntArray
    home: IntArray
    deadline: FloatArray
    priority: FloatArray
    longest_wait: Seconds


def at_home(cluster: Cluster) -> Cluster:
    """Return the cluster whose nodes take only tasks that arrive at their own site."""
    site, origin = cluster.site_of_bus[cluster.bus], cluster.site_of_bus[cluster.home]
    return replace(cluster, fits=cluster.fits & (site[:, None] == origin))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """The state at the start of a supply step, without any knowledge of the future. A policy must not change it.

    `free_at` (N,): when each node's queue will be empty, on the simulated clock. `wake` (N,): seconds that the node
    would then take to be awake, 0 where it is. `green_joules` (B,): energy without emissions that each bus is expected
    to have for tasks until the weather's next point, which comes every 300 s whatever the step (forecast generation and
    dischargeable battery, less idle load and what was placed since the last point). `grams_per_joule` (B,): the carbon
    intensity in force of each bus's grid.
    """

    start: Seconds
    seconds: Seconds
    free_at: FloatArray
    wake: FloatArray
    green_joules: FloatArray
    grams_per_joule: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """Placements of M tasks. `node` is DROPPED for tasks that do not run; their other entries mean nothing.

    `terms` (5,): sums of the score's terms over the placed tasks, in the order of `simulator.scheduling.weights.TERMS`;
    zeros from policies without a score.
    """

    node: IntArray
    level: IntArray
    start: FloatArray
    finish: FloatArray
    terms: FloatArray


class Policy(Protocol):
    """A way to place tasks. One object serves one run: a policy may remember what it has placed."""

    @property
    def name(self) -> str:
        """Return the name in the configuration and in the results."""

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """Place the tasks released in this step, in their order (by release time, in `tasks.arrival`).

        Called only in steps in which tasks are released.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Forecasts at the starts of S steps, each for H points of the weather from the present one on, for policies that
    choose the time.

    `start` (S,) is the time of each step's present point, and `seconds` from one point to the next. `green_watts`
    (S, H, B): generation of each bus less idle load, at least 0. `grams_per_joule` (P, B): of its grid at some points
    in a row; those that are expected at step s begin in row `first`[s].
    """

    start: FloatArray
    seconds: Seconds
    green_watts: FloatArray
    grams_per_joule: FloatArray
    first: CountArray


class Shifting(Protocol):
    """A way to choose when deferrable tasks are released."""

    def release(self, tasks: Tasks, first: CountArray, cluster: Cluster, outlook: Outlook) -> FloatArray:
        """Return the release times (M,), each at or after the arrival and early enough for the deadline.

        The tasks that arrive in step s of the outlook are those from `first`[s] up to `first`[s + 1].
        """
