"""Clusters, tasks and runs for the tests of scheduling."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.scheduling.interface import DROPPED, Cluster, Outlook, Placements, Policy, Shifting, StepView
from simulator.scheduling.policies import POLICIES
from simulator.workload.task import Tasks

STEP = Seconds(300.0)

LINEAR = "rolling-horizon-lp"
"""The policy that solves a linear programme in every hour of a run, and places tasks as `rolling-horizon` does."""

ALL_POLICIES = (*(name for name in POLICIES if ":" not in name and name != LINEAR), "single-node:node-0")
"""Every way of placing tasks of the simulator by the name of a policy, on a cluster of this file."""

IN_RUNS = tuple(
    pytest.param(name, marks=pytest.mark.slow) if name == LINEAR else pytest.param(name)
    for name in POLICIES
    if ":" not in name
)
"""Every policy by name, as a parameter of a test of whole runs."""


def cluster(
    service: Sequence[Sequence[Sequence[float]]],
    extra_watts: Sequence[Sequence[float]],
    *,
    fits: Sequence[Sequence[bool]] | None = None,
    deadline: float = 10.0,
    priority: float = 1.0,
    longest_wait: float = 60.0,
) -> Cluster:
    """Return a cluster from its tables; nodes are called node-0, node-1 and so on."""
    nodes, classes, _ = np.shape(service)
    return Cluster(
        names=tuple(f"node-{one}" for one in range(nodes)),
        service=np.array(service, float),
        extra_watts=np.array(extra_watts, float),
        idle_watts=np.ones(nodes),
        fits=np.ones((nodes, classes), bool) if fits is None else np.array(fits),
        memory_share=np.full((nodes, classes), 0.1),
        **one_place(nodes, classes),
        deadline=np.full(classes, deadline),
        priority=np.full(classes, priority),
        longest_wait=Seconds(longest_wait),
    )


def one_place(nodes: int, classes: int) -> dict[str, Any]:
    """Return the fields of a cluster at one site, where each node has a bus of its own."""
    return {
        "delay": np.zeros((nodes, classes)),
        "moved_joules": np.zeros((nodes, classes)),
        "input_bytes": np.full(classes, 1e5),
        "work": np.ones(classes),
        "bus": np.arange(nodes, dtype=np.int32),
        "site_of_bus": np.zeros(nodes, np.int32),
        "home": np.zeros(classes, np.int32),
    }


def spread_out(random: np.random.Generator, cluster: Cluster, *, sites: int, buses: int) -> Cluster:
    """Spread the nodes over sites and buses, and let each class arrive at one of the sites."""
    nodes, classes = cluster.fits.shape
    site_of_bus = (np.arange(buses) % sites).astype(np.int32)
    bus = np.asarray(random.integers(0, buses, nodes), np.int32)
    home = np.asarray(random.integers(0, buses, classes), np.int32)
    away = site_of_bus[bus][:, None] != site_of_bus[home][None, :]
    seconds = random.choice([0.0, 0.5, 3.0], (sites, sites))[site_of_bus[bus]][:, site_of_bus[home]]
    joules = random.choice([0.0, 1.0, 20.0], (sites, sites))[site_of_bus[bus]][:, site_of_bus[home]]
    moved = {"delay": seconds * away, "moved_joules": joules * away}
    return replace(cluster, bus=bus, site_of_bus=site_of_bus, home=home, **moved)


def random_cluster(
    random: np.random.Generator, nodes: int, *, kinds: int, levels: int = 5, longest_wait: float = 30.0
) -> Cluster:
    """Draw nodes of `kinds` device kinds in turn, and three classes that each fit somewhere. Equal nodes make ties."""
    kind = np.arange(nodes) % kinds
    frequency = np.linspace(0.4, 1.0, levels)
    speed = random.uniform(0.2, 4.0, kinds)[kind]
    fits = random.random((kinds, 3)) < 0.8
    fits[0] = True
    return Cluster(
        names=tuple(f"node-{one}" for one in range(nodes)),
        service=random.uniform(0.5, 2.0, 3)[None, :, None] / speed[:, None, None] / frequency[None, None, :],
        extra_watts=random.uniform(3.0, 60.0, kinds)[kind][:, None] * frequency**2,
        idle_watts=random.uniform(1.0, 30.0, kinds)[kind],
        fits=fits[kind],
        memory_share=random.uniform(0.05, 0.6, (kinds, 3))[kind],
        **one_place(nodes, 3),
        deadline=random.uniform(5.0, 50.0, 3),
        priority=random.uniform(0.2, 1.0, 3),
        longest_wait=Seconds(longest_wait),
    )


def random_tasks(random: np.random.Generator, cluster: Cluster, count: int, *, utilization: float) -> Tasks:
    """Draw Poisson arrivals that keep the cluster busy for this share of its time at full frequency."""
    rate = utilization * (1.0 / cluster.service[:, :, -1].mean(axis=1)).sum()
    arrival = np.cumsum(random.exponential(1.0 / rate, count))
    classes = len(cluster.deadline)
    task_class = random.integers(0, classes, count).astype(np.int32)
    work = random.uniform(0.95, 1.05, count)
    return Tasks(arrival=arrival, task_class=task_class, work=work, deadline=arrival + cluster.deadline[task_class])


def tasks(*arrivals: float, work: float = 1.0, task_class: int = 0, deadline: float = 10.0) -> Tasks:
    """Return equal tasks at these times."""
    arrival = np.array(arrivals, float)
    return Tasks(
        arrival=arrival,
        task_class=np.full(len(arrival), task_class, np.int32),
        work=np.full(len(arrival), work),
        deadline=arrival + deadline,
    )


def outlook(green_watts: FloatArray, grams_per_joule: FloatArray, *, start: float = 0.0) -> Outlook:
    """Return the outlook of one step, for some points (H, B) of the weather."""
    return Outlook(
        start=np.array([start]),
        seconds=STEP,
        green_watts=np.ascontiguousarray(green_watts)[np.newaxis],
        grams_per_joule=np.ascontiguousarray(grams_per_joule),
        first=np.zeros(1, np.int64),
    )


def release_in_step(shifting: Shifting, asked: Tasks, cluster: Cluster, seen: Outlook) -> FloatArray:
    """Return when tasks are released that all arrive in one step."""
    return shifting.release(asked, np.array([0, len(asked)]), cluster, seen)


def view(cluster: Cluster, *, start: float = 0.0, free_at: FloatArray | None = None, green: float = 0.0) -> StepView:
    """Return the start of a step, with the same green joules everywhere and all nodes awake."""
    nodes, buses = len(cluster.names), int(cluster.bus.max()) + 1
    return StepView(
        start=Seconds(start),
        seconds=STEP,
        free_at=np.zeros(nodes) if free_at is None else free_at,
        wake=np.zeros(nodes),
        green_joules=np.full(buses, green),
        grams_per_joule=np.full(buses, 1e-4),
    )


def run(
    policy: Policy,
    cluster: Cluster,
    tasks: Tasks,
    green: FloatArray,
    *,
    wake: FloatArray | None = None,
    grams: FloatArray | None = None,
) -> Placements:
    """Place all tasks, step by step.

    `green` (S, B) is the green energy by step, repeated in turn, `wake` (N,) the seconds that the nodes which sleep at
    the start of every step take to wake, and `grams` (B,) the grams per joule of each grid.
    """
    nodes, buses = len(cluster.names), green.shape[1]
    free_at = np.zeros(len(cluster.names))
    parts = []
    last = int(tasks.arrival[-1] // STEP) + 1
    edges = np.searchsorted(tasks.arrival, np.arange(last + 1) * STEP)
    for step in range(last):
        seen = StepView(
            start=Seconds(step * STEP),
            seconds=STEP,
            free_at=free_at,
            wake=np.zeros(nodes) if wake is None else wake,
            green_joules=green[step % len(green)],
            grams_per_joule=np.full(buses, 1e-4) if grams is None else grams,
        )
        part = policy.place(tasks[edges[step] : edges[step + 1]], cluster, seen)
        placed = part.node != DROPPED
        np.maximum.at(free_at, part.node[placed], part.finish[placed])
        parts.append(part)
    return Placements(
        node=np.concatenate([part.node for part in parts]),
        level=np.concatenate([part.level for part in parts]),
        start=np.concatenate([part.start for part in parts]),
        finish=np.concatenate([part.finish for part in parts]),
        terms=np.sum([part.terms for part in parts], axis=0),
    )


def same_bits(one: Placements, other: Placements) -> bool:
    """Return whether two answers are equal to the last bit."""
    names = ("node", "level", "start", "finish", "terms")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)
