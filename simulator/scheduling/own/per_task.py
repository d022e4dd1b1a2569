"""A policy of a user's own, in plain Python: a `choose` that is called task by task.

    class FirstFree:
        def choose(self, task, nodes):
            return next(((node.index, 0) for node in nodes if node.fits and node.wait == 0), None)

The policy `package.module:FirstFree` is that. It is far slower than the policies of the kernel, and sees the same.
"""

import importlib
import inspect
import math
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from simulator.scheduling.interface import DROPPED, Cluster, Placements, Policy, StepView
from simulator.scheduling.kernels.placement import starting, waiting
from simulator.scheduling.outputs import empty_placements
from simulator.scheduling.own.users_code import PolicyError, defined_at, place_of, users_code
from simulator.workload.task import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """The task to place; times are seconds of the simulated clock. `work` is its time on the reference device."""

    task_class: int
    release: float
    deadline: float
    priority: float
    work: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """A node as this task would meet it.

    `fits` says whether the model fits into the memory and the wait is short enough. `wait` is in seconds: for the
    queue, for a node asleep to wake, or for the task's input from another site. `green_joules` is left of the energy
    without emissions that the node's bus is expected to have until the weather's next point, which comes every 300 s.
    `seconds`, `joules` (above idle) and `grams` (as if all of it came from the grid) are by operating point, in
    ascending frequency.
    """

    index: int
    name: str
    fits: bool
    wait: float
    green_joules: float
    seconds: tuple[float, ...]
    joules: tuple[float, ...]
    grams: tuple[float, ...]


Choice = tuple[int, int] | None
"""Index of the node and of its operating point, or None to drop the task."""


class Chooser(Protocol):
    """The interface of a policy of a user's own that chooses task by task."""

    def choose(self, task: TaskView, nodes: Sequence[NodeView], /) -> Choice:
        """Return the node and the operating point for this task."""


class PerTask:
    """A policy made of a function that chooses for one task at a time."""

    def __init__(self, name: str, choose: Callable[[TaskView, Sequence[NodeView]], Choice]) -> None:
        self.name = name
        self.choose = choose

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`. Raises PolicyError for a choice that the cluster does not admit."""
        placed = empty_placements(len(tasks))
        free_at, wake = view.free_at.tolist(), view.wake.tolist()
        green = [max(0.0, float(one)) for one in view.green_joules]
        for i in range(len(tasks)):
            task = _task(tasks, cluster, i)
            nodes = tuple(
                _node(cluster, view, task, n, _wait(cluster, task, n, free_at[n], wake[n]), green[cluster.bus[n]])
                for n in range(len(free_at))
            )
            choice: object = self.choose(task, nodes)
            placed.node[i], placed.level[i] = DROPPED, 0
            placed.start[i] = placed.finish[i] = math.nan
            if choice is None:
                continue
            n, level = self._admitted(choice, nodes)
            placed.node[i], placed.level[i] = n, level
            placed.start[i] = starting(task.release, free_at[n], wake[n], float(cluster.delay[n, task.task_class]))
            placed.finish[i] = free_at[n] = placed.start[i] + nodes[n].seconds[level]
            bus, wake[n] = cluster.bus[n], 0.0
            green[bus] = max(0.0, green[bus] - nodes[n].joules[level])
        return placed

    def _admitted(self, choice: object, nodes: Sequence[NodeView]) -> tuple[int, int]:
        if not isinstance(choice, tuple | list) or len(choice) != 2 or not all(_is_index(one) for one in choice):
            raise self._refusal("two whole numbers, the node and its operating point, or None", choice)
        n, level = choice
        if not (0 <= n < len(nodes) and 0 <= level < len(nodes[n].seconds) and nodes[n].fits):
            raise self._refusal("a node that fits and one of its operating points", choice)
        return n, level

    def _refusal(self, expected: str, choice: object) -> PolicyError:
        told = f"expected {expected}, got {reprlib.repr(choice)}"
        return PolicyError(": ".join(part for part in (self.name, defined_at(self.choose), told) if part))


def _is_index(value: object) -> bool:
    """Return whether a value is an integer. Python's truth values are integers, but no indices."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _task(tasks: Tasks, cluster: Cluster, i: int) -> TaskView:
    task_class = int(tasks.task_class[i])
    return TaskView(
        task_class=task_class,
        release=float(tasks.arrival[i]),
        deadline=float(tasks.deadline[i]),
        priority=float(cluster.priority[task_class]),
        work=float(tasks.work[i]),
    )


def _wait(cluster: Cluster, task: TaskView, n: int, free_at: float, wake: float) -> float:
    return waiting(task.release, free_at, wake, float(cluster.delay[n, task.task_class]))


def _node(cluster: Cluster, view: StepView, task: TaskView, n: int, wait: float, green: float) -> NodeView:
    intensity = float(view.grams_per_joule[cluster.bus[n]])
    seconds = tuple(task.work * float(one) for one in cluster.service[n, task.task_class])
    joules = tuple(float(watts) * one for watts, one in zip(cluster.extra_watts[n], seconds, strict=True))
    return NodeView(
        index=n,
        name=cluster.names[n],
        fits=bool(cluster.fits[n, task.task_class]) and wait <= cluster.longest_wait,
        wait=wait,
        green_joules=green,
        seconds=seconds,
        joules=joules,
        grams=tuple(one * intensity for one in joules),
    )


def load_policy(path: str) -> Policy:
    """Return the policy called `package.module:Class`: one with `place` or `choose`, or a function like `choose`.

    A class is made into an object without arguments, afresh for every run. Raises ValueError, in one line, where there
    is no such thing, or where its code raises something.
    """
    module, _, attribute = path.partition(":")
    with users_code(path):
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            if place_of(error):
                raise
            raise PolicyError(f"expected the policy {path} to be importable: {error}") from error
    with users_code(path, found):
        if inspect.isclass(found):
            found = found()
        if hasattr(found, "place"):
            return cast(Policy, found)
        choose = getattr(found, "choose", found)
    if not callable(choose):
        raise ValueError(f"expected {path} to have choose(task, nodes) or place(tasks, cluster, view)")  # noqa: TRY004 - a mistake of the user's
    return PerTask(path, choose)
