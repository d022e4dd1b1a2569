"""A policy in plain Python that chooses for one task at a time: a class of a user's own with a method `choose`.

The class needs that method alone: the example `docs/examples/greenest.py` has no other. It is far slower than the
policies of the kernel, and sees the same.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from simulator.scheduling.interface import DROPPED, Cluster, Placements, StepView
from simulator.scheduling.kernels.placement import starting, waiting
from simulator.scheduling.outputs import empty_placements
from simulator.scheduling.own.users_code import refusal
from simulator.scheduling.own.views import Choice, NodeView, TaskView
from simulator.workload.task import Tasks


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
            task = task_view(tasks, cluster, i)
            released, work, kind = task.release, task.work, task.task_class
            nodes = tuple(
                _node(cluster, view, task, n, free_at[n], wake[n], green[cluster.bus[n]]) for n in range(len(free_at))
            )
            fits, levels = [node.fits for node in nodes], len(nodes[0].seconds)
            choice: object = self.choose(task, nodes)
            placed.node[i], placed.level[i] = DROPPED, 0
            placed.start[i] = placed.finish[i] = math.nan
            if choice is None:
                continue
            n, level = self._admitted(choice, fits, levels)
            # From the tables: whatever became of the views, these have not changed.
            seconds = work * float(cluster.service[n, kind, level])
            placed.node[i], placed.level[i] = n, level
            placed.start[i] = starting(released, free_at[n], wake[n], float(cluster.delay[n, kind]))
            placed.finish[i] = free_at[n] = placed.start[i] + seconds
            bus, wake[n] = cluster.bus[n], 0.0
            green[bus] = max(0.0, green[bus] - float(cluster.extra_watts[n, level]) * seconds)
        return placed

    def _admitted(self, choice: object, fits: Sequence[bool], levels: int) -> tuple[int, int]:
        if not isinstance(choice, tuple | list) or len(choice) != 2 or not all(is_index(one) for one in choice):
            expected = "two whole numbers, the node and its operating point, or None"
            raise refusal(self.name, self.choose, expected, choice)
        n, level = choice
        if not (0 <= n < len(fits) and 0 <= level < levels and fits[n]):
            raise refusal(self.name, self.choose, "a node that fits and one of its operating points", choice)
        return n, level


def is_index(value: object) -> bool:
    """Return whether a value is an integer. Python's truth values are integers, but no indices."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def task_view(tasks: Tasks, cluster: Cluster, i: int) -> TaskView:
    """Return one of some tasks, as a user's own policy sees it."""
    task_class = int(tasks.task_class[i])
    return TaskView(
        task_class=task_class,
        site=int(cluster.site_of_bus[cluster.home[task_class]]),
        release=float(tasks.arrival[i]),
        deadline=float(tasks.deadline[i]),
        priority=float(cluster.priority[task_class]),
        work=float(tasks.work[i]),
    )


def _node(
    cluster: Cluster, view: StepView, task: TaskView, n: int, free_at: float, wake: float, green: float
) -> NodeView:
    bus, kind = cluster.bus[n], task.task_class
    delay = float(cluster.delay[n, kind])
    wait = waiting(task.release, free_at, wake, delay)
    intensity = float(view.grams_per_joule[bus])
    seconds = tuple(task.work * float(one) for one in cluster.service[n, kind])
    joules = tuple(float(watts) * one for watts, one in zip(cluster.extra_watts[n], seconds, strict=True))
    move_joules = float(cluster.moved_joules[n, kind])
    return NodeView(
        index=n,
        name=cluster.names[n],
        site=int(cluster.site_of_bus[bus]),
        asleep=wake > 0.0,
        fits=bool(cluster.fits[n, kind]) and wait <= cluster.longest_wait,
        wait=wait,
        green_joules=green,
        move_seconds=delay,
        move_joules=move_joules,
        # Each half of the network's energy is bought at one end.
        move_grams=move_joules * (intensity + float(view.grams_per_joule[cluster.home[kind]])) / 2.0,
        seconds=seconds,
        joules=joules,
        grams=tuple(one * intensity for one in joules),
    )
