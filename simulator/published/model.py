"""A run of the published model: its equations, its accounting and nothing else."""

from typing import TypeVar

import msgspec
import numpy as np

from exporter.core.config import ConfigError
from exporter.core.units import JOULES_PER_KWH
from simulator.published.booked import booked
from simulator.published.draws import arrivals_of, tasks_of
from simulator.run.job import Method, RunResult, with_units
from simulator.scenario.published import LEAST_PER_HOUR, MOST_PER_HOUR, MOST_TASKS, PublishedNode, PublishedScenario
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.published import (
    ROUND_ROBIN,
    WEIGHTED,
    Executions,
    PublishedNodes,
    PublishedRules,
    executed,
)
from simulator.scheduling.names import SINGLE_NODE, single_node

Number = TypeVar("Number", int, float)


def run_published(
    scenario: PublishedScenario,
    method: Method,
    seed: int,
    *,
    nodes: int | None = None,
    rate_per_hour: float | None = None,
    tasks: int | None = None,
) -> RunResult:
    """Run the scenario once; `nodes`, `rate_per_hour` and `tasks` replace its own.

    The run ends with the completion of its last task. Nothing queues, so latency is execution time, and nothing has a
    deadline, so nothing is late. `method.batteries` changes nothing: no published equation has a battery. Raises
    ConfigError for a policy that the published model does not have, and for numbers that a file could not hold either.
    """
    cluster = replicated(scenario.nodes, nodes)
    workload = scenario.workload
    if tasks is not None:
        workload = msgspec.structs.replace(workload, tasks=_within("tasks", tasks, 1, MOST_TASKS))
    if rate_per_hour is not None:
        rate = _within("rate_per_hour", rate_per_hour, LEAST_PER_HOUR, MOST_PER_HOUR)
        workload = msgspec.structs.replace(workload, rate_per_hour=rate)
    drawn = tasks_of(workload, cluster, scenario.supply, seed)
    ran = executed(drawn, table_of(cluster), rules_of(scenario, method, cluster), Backend.COMPILED)
    end = float(np.max(arrivals_of(workload, seed) + ran.seconds))
    found = _result(scenario, ran, seed=seed, end=end, ledger=method.ledger)
    return with_units(found, booked(scenario, cluster, ran)) if method.ledger else found


def replicated(nodes: tuple[PublishedNode, ...], count: int | None) -> tuple[PublishedNode, ...]:
    """Return the first `count` nodes, all repeated in turn where there are fewer. Raises ConfigError below 1."""
    if count is None:
        return nodes
    if count < 1:
        raise ConfigError([f"nodes: expected a number >= 1, got {count}"])
    return tuple(_renamed(nodes[index % len(nodes)], index // len(nodes)) for index in range(count))


def _renamed(node: PublishedNode, copy: int) -> PublishedNode:
    return node if copy == 0 else msgspec.structs.replace(node, name=f"{node.name}-{copy + 1}")


def _within(name: str, value: Number, least: Number, most: Number) -> Number:
    if not least <= value <= most:
        raise ConfigError([f"{name}: expected a number >= {least:g} and <= {most:,.0f}, got {value:.15g}"])
    return value


def table_of(nodes: tuple[PublishedNode, ...]) -> PublishedNodes:
    """Return the node table as arrays."""
    return PublishedNodes(
        base_watts=np.array([node.base_watts for node in nodes]),
        max_watts=np.array([node.max_watts for node in nodes]),
        min_gigahertz=np.array([node.min_gigahertz for node in nodes]),
        max_gigahertz=np.array([node.max_gigahertz for node in nodes]),
    )


def rules_of(scenario: PublishedScenario, method: Method, nodes: tuple[PublishedNode, ...]) -> PublishedRules:
    """Return the equations' constants for a method. Raises ConfigError for an unknown policy."""
    weights, dvfs, accounting = scenario.weights, scenario.dvfs, scenario.accounting
    return PublishedRules(
        placement=_placement(method.policy, [node.name for node in nodes]),
        dvfs=method.dvfs,
        forecast=method.forecast,
        utilisation=accounting.utilisation,
        assumed_renewable=accounting.assumed_renewable,
        qos_weight=weights.qos,
        energy_weight=weights.energy,
        renewable_weight=weights.renewable,
        load_weight=weights.load,
        dvfs_renewable_weight=dvfs.renewable_weight,
        dvfs_priority_weight=dvfs.priority_weight,
        least_change_gigahertz=dvfs.least_change_gigahertz,
        speedup=scenario.compression.speedup if method.compression else 1.0,
        power_factor=scenario.compression.power_factor if method.compression else 1.0,
    )


def _placement(policy: str, names: list[str]) -> int:
    if policy == "round-robin":
        return ROUND_ROBIN
    if policy == "weighted":
        return WEIGHTED
    if (node := single_node(policy)) in names:
        return names.index(node)
    known = ", ".join(("round-robin", "weighted", *(SINGLE_NODE + name for name in names)))
    raise ConfigError([f'policy: expected one of {known} in the published model, got "{policy}"'])


def _result(scenario: PublishedScenario, ran: Executions, *, seed: int, end: float, ledger: bool) -> RunResult:
    """Return the figures of a run, by the published accounts.

    Only the energy of tasks counts, and only energy from the grid is paid for and emits. By the published rule, credits
    are paid for what the renewable energy would have emitted, had it come from the grid.
    """
    accounting, count = scenario.accounting, len(ran.seconds)
    joules = ran.watts * ran.seconds
    energy, grid = float(joules.sum()), float((joules * (1 - ran.renewable)).sum())
    avoided_grams = (energy - grid) / JOULES_PER_KWH * accounting.grams_per_kwh
    electricity = grid / JOULES_PER_KWH * accounting.dollars_per_kwh
    credits = avoided_grams * accounting.credit_dollars_per_gram if ledger else None
    return RunResult(
        seed=seed,
        simulated_seconds=end,
        tasks_offered=count,
        tasks_completed=count,
        tasks_late=0,
        tasks_dropped=0,
        tasks_unfinished=0,
        energy_joules=energy,
        idle_joules=0.0,
        ledger_joules=0.0,
        grid_joules=grid,
        emissions_grams=grid / JOULES_PER_KWH * accounting.grams_per_kwh,
        latency_seconds=float(ran.seconds.mean()),
        latency_p95_seconds=float(np.quantile(ran.seconds, 0.95)),
        renewable_ratio=1 - grid / energy,
        electricity_dollars=electricity,
        credit_dollars=credits,
        cost_dollars=electricity - (credits or 0.0),
        deadline_miss_ratio=0.0,
    )
