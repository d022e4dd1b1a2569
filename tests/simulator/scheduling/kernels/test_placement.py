"""The compiled kernel is the plain one, and the pruned search is the scan, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.arrays import FloatArray
from simulator.scheduling.interface import Cluster
from simulator.scheduling.kernels.compiled import Backend, kernel
from simulator.scheduling.policies import build_policy
from simulator.scheduling.ruled import Ruled
from simulator.scheduling.score import Levels, Scored, Search
from simulator.scheduling.shifting import TemporalShifting
from simulator.scheduling.weights import TERMS, Weights
from simulator.workload.task import Tasks
from tests.simulator.scheduling.clusters import (
    ALL_POLICIES,
    STEP,
    outlook,
    random_cluster,
    random_tasks,
    release_in_step,
    run,
    same_bits,
    spread_out,
)

WEIGHTS = Weights(latency=0.4, energy=0.3, grid=0.3, carbon=0.2, load=0.1)


def scenario(seed: int, count: int) -> tuple[Cluster, Tasks, FloatArray]:
    """Draw a cluster of more or fewer equal nodes on one or several sites, tasks, and green energy, sometimes zero."""
    random = np.random.default_rng(seed)
    nodes = int(random.integers(1, 13))
    cluster = random_cluster(random, nodes, kinds=int(random.integers(1, nodes + 1)))
    tasks = random_tasks(random, cluster, count, utilization=random.choice([0.3, 0.8, 1.3]))
    buses = nodes
    if seed % 2:
        buses = int(random.integers(1, nodes + 1))
        cluster = spread_out(random, cluster, sites=min(3, buses), buses=buses)
    green = np.maximum(0.0, random.uniform(-1.0, 3.0, (7, 1)) * 1000 * random.integers(0, 3, (1, buses)))
    return cluster, tasks, green * (seed % 4 > 0)


def results(name: str, cluster: Cluster, tasks: Tasks, green: FloatArray, backend: Backend) -> list[bytes]:
    """Return all that the kernels compute, as bytes."""
    policy = build_policy(name, WEIGHTS, levels=Levels.ALL, backend=backend)
    wake, grams = np.resize([0.0, 4.0, 0.0], len(cluster.names)), np.resize([1e-4, 5e-5], green.shape[1])
    placed = run(policy, cluster, tasks, green, wake=wake, grams=grams)
    release = releases(cluster, tasks[:300], green, backend)
    return [
        *(getattr(placed, field).tobytes() for field in placed.__slots__),
        release.tobytes(),
    ]


def releases(cluster: Cluster, tasks: Tasks, green: FloatArray, backend: Backend) -> FloatArray:
    shifting = TemporalShifting(np.array([True, False, True]), backend=backend)
    # Every third task takes minutes, and so spans steps.
    length = np.where(np.arange(len(tasks)) % 3, 1.0, 100.0)
    patient = replace(tasks, work=tasks.work * length, deadline=tasks.deadline + 12_000.0)
    grams = np.repeat(np.linspace(2e-4, 1e-4, 42)[:, np.newaxis], green.shape[1], axis=1)
    return release_in_step(shifting, patient, cluster, outlook(np.resize(green, (42, len(green[0]))) / STEP, grams))


@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", ALL_POLICIES)
def test_the_compiled_kernel_is_bit_identical_to_the_plain_one(name: str, count: int) -> None:
    for seed in (ALL_POLICIES.index(name), ALL_POLICIES.index(name) + len(ALL_POLICIES)):
        given_ = scenario(seed, count)
        assert results(name, *given_, Backend.COMPILED) == results(name, *given_, Backend.PLAIN)


@st.composite
def searches(draw: st.DrawFn) -> tuple[Weights, Cluster, Tasks, dict[str, FloatArray]]:
    """Draw weights, clusters of equal nodes, tasks and the states of a run, such that many scores tie."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes, levels = draw(st.integers(1, 24)), draw(st.sampled_from([1, 2, 5]))
    kinds = min(nodes, draw(st.integers(1, 6)))
    cluster = random_cluster(random, nodes, kinds=kinds, levels=levels, longest_wait=5.0)
    tasks = random_tasks(random, cluster, 200, utilization=draw(st.sampled_from([0.2, 0.8, 1.5])))
    if draw(st.booleans()):  # whole seconds and equal work
        cluster = replace(cluster, service=np.ceil(cluster.service))
        tasks = replace(tasks, arrival=np.floor(tasks.arrival), work=np.ones(len(tasks)))
    weights = draw(st.lists(st.sampled_from([0.0, 0.1, 1.0]), min_size=5, max_size=5).filter(any))
    buses, sites = nodes, 1
    if draw(st.booleans()):
        buses = draw(st.integers(1, nodes))
        sites = draw(st.integers(1, buses))
        cluster = spread_out(random, cluster, sites=sites, buses=buses)

    def some(*values: float, size: int) -> FloatArray:
        return np.array(draw(st.lists(st.sampled_from(values), min_size=size, max_size=size)))

    state = {
        "green": some(0.0, 1.0, 50.0, 50.0, 1e4, size=buses)[np.newaxis],
        "wake": some(0.0, 0.0, 1.0, 3.0, size=nodes),
        "grams": np.array([1e-4, 5e-5, 0.0])[np.arange(buses) % sites % 3],
    }
    return Weights(**dict(zip(TERMS, weights, strict=True))), cluster, tasks, state


@pytest.mark.slow
@settings(max_examples=300)
@given(searches())
def test_the_pruned_search_chooses_what_the_scan_chooses(
    search: tuple[Weights, Cluster, Tasks, dict[str, FloatArray]],
) -> None:
    weights, cluster, tasks, state = search
    scan, pruned = (
        run(
            Scored("joint", weights, levels=Levels.ALL, backend=Backend.COMPILED, search=how),
            cluster,
            tasks,
            **state,
        )
        for how in Search
    )
    assert same_bits(scan, pruned)


@pytest.mark.parametrize("backend", Backend)
@pytest.mark.parametrize("name", ALL_POLICIES)
def test_to_never_sleep_or_move_is_to_be_awake_at_once_and_to_move_for_nothing(name: str, backend: Backend) -> None:
    random = np.random.default_rng(6)
    cluster = random_cluster(random, 12, kinds=3)
    tasks = random_tasks(random, cluster, 300, utilization=0.9)
    found = []
    for free in (False, True):
        policy = build_policy(name, WEIGHTS, levels=Levels.ALL, backend=backend)
        assert isinstance(policy, Ruled)
        order, rule = policy.choice(cluster, np.full(12, 1e-4))
        assert rule.moved is None
        moved = np.zeros((4, *rule.fits.shape)) if free else None
        wake = np.zeros(12) if free else None
        choice, times, terms = np.zeros((2, 300), np.int32), np.zeros((2, 300)), np.zeros(len(TERMS))
        green = np.linspace(0.0, 500.0, 12)
        work = (tasks.arrival, tasks.task_class, tasks.work)
        kernel(order, backend)(rule, moved, *work, np.zeros(12), wake, green, choice, times, terms)
        found.append([one.tobytes() for one in (choice, times, terms)])
        assert (choice[0] >= 0).any()
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ALL_POLICIES)
def test_no_policy_reads_the_future(name: str) -> None:
    random = np.random.default_rng(4)
    cluster = random_cluster(random, 9, kinds=3)
    tasks = random_tasks(random, cluster, 400, utilization=1.1)
    others = random_tasks(random, cluster, 400, utilization=0.4)
    joined = Tasks(
        **{
            field: np.concatenate((getattr(tasks[:150], field), getattr(others, field)[150:] + shift))
            for field, shift in (("arrival", 1e4), ("task_class", 0), ("work", 0.0), ("deadline", 1e4))
        }
    )
    joined = replace(joined, task_class=joined.task_class.astype(np.int32))
    green = random.uniform(0.0, 500.0, (1, 9))
    whole, other = (
        run(build_policy(name, WEIGHTS, levels=Levels.ALL, backend=Backend.COMPILED), cluster, one, green)
        for one in (tasks, joined)
    )
    for field in ("node", "level", "start", "finish"):
        assert getattr(whole, field)[:150].tobytes() == getattr(other, field)[:150].tobytes()
    assert whole.finish[150:].tobytes() != other.finish[150:].tobytes()
