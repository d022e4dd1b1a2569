"""The interface of policies: the views that they get, and the placements that they return."""

from dataclasses import dataclass
from typing import Protocol

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.workload.task import Tasks

DROPPED = -1
"""Node index of a task that no node can take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """N nodes, K task classes and L operating points, as a scheduler knows them. Levels ascend in frequency.

    `service` (N, K, L): seconds of execution per second of reference work, compression included. `extra_watts` (N, L):
    power above idle while a task executes. `idle_watts` (N,). `fits` (N, K): whether the class's model fits into the
    node's memory. `deadline` and `priority` (K,): of the classes. A node executes one task at a time, in order of
    placement, without preemption. No task may start later than `longest_wait` after its release: one that no node can
    start by then is dropped.
    """

    names: tuple[str, ...]
    service: FloatArray
    extra_watts: FloatArray
    idle_watts: FloatArray
    fits: BoolArray
    deadline: FloatArray
    priority: FloatArray
    longest_wait: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """The state at the start of a supply step, without any knowledge of the future. A policy must not change it.

    `free_at` (N,): when each node's queue will be empty, on the simulated clock. `green_joules` (N,): energy without
    emissions that each node is expected to have for tasks until the weather's next point, which comes every 300 s
    whatever the step (forecast generation and dischargeable battery, less idle load and what was placed since the last
    point). `grams_per_joule`: the grid's carbon intensity in force.
    """

    start: Seconds
    seconds: Seconds
    free_at: FloatArray
    green_joules: FloatArray
    grams_per_joule: float


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
        """Place the tasks released in this step, in their order (by release time, in `tasks.arrival`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Forecasts for the H steps from now on, for policies that choose the time.

    `green_watts` (H, N): generation less idle load, at least 0. `grams_per_joule` (H,): of the grid.
    """

    start: Seconds
    seconds: Seconds
    green_watts: FloatArray
    grams_per_joule: FloatArray


class Shifting(Protocol):
    """A way to choose when deferrable tasks are released."""

    def release(self, tasks: Tasks, cluster: Cluster, outlook: Outlook) -> FloatArray:
        """Return the release times (M,), each at or after the arrival and early enough for the deadline."""
