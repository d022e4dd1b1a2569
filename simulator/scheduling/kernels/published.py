"""Placement and execution by the published equations, task by task: plain Python that numba can compile."""

from typing import NamedTuple

import numpy as np

from simulator.arrays import FloatArray, IntArray
from simulator.scheduling.kernels.compiled import Backend, kernel

WEIGHTED = -1
"""Placement by the published score; the lowest node wins ties."""

ROUND_ROBIN = -2
"""Placement in turn. A placement of 0 and above is the one node that takes every task."""

SCORED, CHOSEN, EXECUTED = range(3)
"""The calls that draw generation anew: by the score, by the DVFS rule, by the execution."""

CALLS = 3


class PublishedNodes(NamedTuple):
    """The node table, each (N,); a tuple because numba takes no dataclasses."""

    base_watts: FloatArray
    max_watts: FloatArray
    min_gigahertz: FloatArray
    max_gigahertz: FloatArray


class PublishedTasks(NamedTuple):
    """M tasks. `generation` (M, N, 3): watts, for each call that asks. `work_seconds` and `priority`: (M,)."""

    generation: FloatArray
    work_seconds: FloatArray
    priority: FloatArray


class PublishedRules(NamedTuple):
    """The model's constants and switches."""

    placement: int
    dvfs: bool
    forecast: bool
    utilisation: float
    assumed_renewable: float
    qos_weight: float
    energy_weight: float
    renewable_weight: float
    load_weight: float
    dvfs_renewable_weight: float
    dvfs_priority_weight: float
    least_change_gigahertz: float
    speedup: float
    power_factor: float


class Executions(NamedTuple):
    """Executions of M tasks, each array (M,): the node, the time, the power, and its renewable share."""

    node: IntArray
    seconds: FloatArray
    watts: FloatArray
    renewable: FloatArray


def executed(tasks: PublishedTasks, nodes: PublishedNodes, rules: PublishedRules, backend: Backend) -> Executions:
    """Place and run all tasks in order; a task never waits for another."""
    count, scratch = len(tasks.work_seconds), np.zeros((2, len(nodes.base_watts)))
    out = Executions(np.empty(count, np.int32), np.empty(count), np.empty(count), np.empty(count))
    kernel(execute, backend)(tasks, nodes, rules, scratch, out)
    return out


def execute(
    tasks: PublishedTasks, nodes: PublishedNodes, rules: PublishedRules, scratch: FloatArray, out: Executions
) -> None:
    """Write the executions of all tasks; see `executed`.

    `scratch` (2, N) is room for the frequency of each node's previous task over its maximum, and for its tasks.
    """
    count, width = len(tasks.work_seconds), len(nodes.base_watts)
    speed, placed = scratch[0], scratch[1]
    for node in range(width):
        speed[node] = 1.0
        placed[node] = 0.0
    most = 0.0
    for task in range(count):
        chosen = task % width if rules.placement == ROUND_ROBIN else max(rules.placement, 0)
        if rules.placement == WEIGHTED:
            best = -np.inf
            for node in range(width):
                span = nodes.max_watts[node] - nodes.base_watts[node]
                power = nodes.base_watts[node] + span * speed[node] * rules.utilisation
                renewable = min(1.0, tasks.generation[task, node, SCORED] / power)
                if not rules.forecast:
                    renewable = rules.assumed_renewable
                score = rules.qos_weight * speed[node]
                score += rules.energy_weight * (1.0 - power / nodes.max_watts[node])
                score += rules.renewable_weight * renewable
                score += rules.load_weight * (1.0 - placed[node] / (most + 1.0))
                if score > best:
                    best, chosen = score, node
        base, span = nodes.base_watts[chosen], nodes.max_watts[chosen] - nodes.base_watts[chosen]
        if rules.dvfs:
            power = base + span * speed[chosen] * rules.utilisation
            renewable = min(1.0, tasks.generation[task, chosen, CHOSEN] / power)
            if not rules.forecast:
                renewable = rules.assumed_renewable
            wish = rules.dvfs_renewable_weight * renewable + rules.dvfs_priority_weight * tasks.priority[task]
            low, high = nodes.min_gigahertz[chosen], nodes.max_gigahertz[chosen]
            target = low + (high - low) * wish
            if abs(target - speed[chosen] * high) >= rules.least_change_gigahertz:
                speed[chosen] = target / high
        placed[chosen] += 1.0
        most = max(most, placed[chosen])
        watts = (base + span * speed[chosen] * rules.utilisation) * speed[chosen] * speed[chosen] * rules.power_factor
        out.node[task], out.watts[task] = chosen, watts
        out.seconds[task] = tasks.work_seconds[task] / speed[chosen] / rules.speedup
        out.renewable[task] = min(1.0, tasks.generation[task, chosen, EXECUTED] / watts)
