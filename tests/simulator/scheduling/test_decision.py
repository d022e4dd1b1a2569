"""Laws of the last decision: it is the one that the kernel made, its second is whom the kernel takes otherwise."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Seconds
from simulator.arrays import FloatArray
from simulator.scheduling.decision import REASONS, Decision, last_decision
from simulator.scheduling.interface import Cluster, Placements, Policy, StepView
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.policies import build_policy
from simulator.scheduling.ruled import ONLY, REQUESTS, START, TURN
from simulator.scheduling.score import Levels
from simulator.scheduling.weights import TERMS, Weights
from simulator.workload.task import Tasks
from tests.simulator.scheduling.clusters import (
    ALL_POLICIES,
    cluster,
    random_cluster,
    random_tasks,
    spread_out,
    tasks,
    view,
)

WEIGHTS = Weights(latency=0.3, energy=0.2, grid=0.1, carbon=0.3, load=0.1)

SCORED = ("least-energy", "least-carbon", "weighted", "joint", "casper-like", "carbon-greedy")

SITES = 3

NOT_ADMITTED = 1e6
"""Seconds for which a node is busy that no task may wait for."""


def built(name: str) -> Policy:
    return build_policy(name, WEIGHTS, levels=Levels.ALL, backend=Backend.PLAIN)


def decided(policy: Policy, where: Cluster, seen: StepView, asked: Tasks, placed: Placements) -> Decision | None:
    return last_decision(policy, where, seen, asked, placed.node, placed.level, placed.finish)


def drawn(seed: int) -> tuple[Cluster, StepView, Tasks]:
    """Draw a cluster of three sites, some nodes of which are busy or asleep, and the tasks of a step."""
    random = np.random.default_rng(seed)
    drawn = random_cluster(random, int(random.integers(1, 9)), kinds=int(random.integers(1, 4)))
    where = spread_out(random, drawn, sites=SITES, buses=5)
    nodes, buses = len(where.names), len(where.site_of_bus)
    seen = StepView(
        start=Seconds(0.0),
        seconds=Seconds(300.0),
        free_at=random.choice([0.0, 1.0, 20.0, 100.0], nodes),
        wake=random.choice([0.0, 2.0], nodes),
        green_joules=random.choice([0.0, 5.0, 100.0], buses),
        # A site is on one grid.
        grams_per_joule=random.choice([0.0, 1e-5, 1e-4], SITES)[where.site_of_bus],
    )
    return where, seen, random_tasks(random, where, int(random.integers(1, 8)), utilization=0.8)


def before_the_last(policy: Policy, where: Cluster, seen: StepView, asked: Tasks) -> StepView:
    """Return the state that the last task met, task by task with the kernel itself."""
    free_at, wake, green = seen.free_at.copy(), seen.wake.copy(), seen.green_joules.copy()
    for at in range(len(asked) - 1):
        now = replace(seen, free_at=free_at, wake=wake, green_joules=green)
        one = asked[at : at + 1]
        placed = policy.place(one, where, now)
        n, k, level = int(placed.node[0]), int(one.task_class[0]), int(placed.level[0])
        if n >= 0:
            need = float(one.work[0] * where.service[n, k, level] * where.extra_watts[n, level])
            free_at[n], wake[n] = float(placed.finish[0]), 0.0
            green[where.bus[n]] = max(green[where.bus[n]] - need, 0.0)
    return replace(seen, free_at=free_at, wake=wake, green_joules=green)


def weighed(policy: Policy, where: Cluster, seen: StepView, asked: Tasks) -> tuple[int, FloatArray]:
    """Return the node of a single task and its weighted terms, as the kernel sums them."""
    placed = policy.place(asked, where, seen)
    weights = policy.weights.values()  # type: ignore[attr-defined] # only scored policies are asked
    return int(placed.node[0]), placed.terms * np.array(weights)


@pytest.mark.parametrize("name", SCORED)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_second_is_whom_the_kernel_takes_without_the_first(name: str, seed: int) -> None:
    where, seen, asked = drawn(seed)
    policy = built(name)
    placed = policy.place(asked, where, seen)
    found = decided(policy, where, seen, asked, placed)
    if found is None:
        assert (placed.node < 0).all()
        return
    last = int(np.flatnonzero(placed.node >= 0)[-1])
    asked = asked[: last + 1]
    assert (found.chosen, found.level) == (placed.node[last], placed.level[last])
    now = before_the_last(policy, where, seen, asked)
    chosen, own = weighed(policy, where, now, asked[last:])
    assert chosen == found.chosen
    assert found.scores is not None
    assert found.scores[0] == pytest.approx(own)
    busy = now.free_at.copy()
    busy[chosen] += NOT_ADMITTED
    second, others = weighed(policy, where, replace(now, free_at=busy), asked[last:])
    if second < 0:
        assert (found.second, found.term) == (None, ONLY)
        return
    # Rounding in another order may turn a tie, but not the score.
    assert found.scores[1].sum() == pytest.approx(others.sum())
    assert found.scores[0].sum() <= found.scores[1].sum() + 1e-9
    gain = found.scores[1] - found.scores[0]
    if found.term in TERMS:
        assert gain[TERMS.index(found.term)] == pytest.approx(gain.max())
    else:
        assert gain == pytest.approx(np.zeros(len(TERMS)), abs=1e-9)


@pytest.mark.parametrize("name", ALL_POLICIES)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_policy_says_what_it_goes_by(name: str, seed: int) -> None:
    where, seen, asked = drawn(seed)
    policy = built(name)
    found = decided(policy, where, seen, asked, policy.place(asked, where, seen))
    if found is not None:
        assert found.term in REASONS
        assert found.chosen != found.second
        assert (found.scores is None) is (name not in {*SCORED, "shifting", "oracle"})


@pytest.mark.parametrize(
    ("name", "term"),
    {
        "round-robin": TURN,
        "weighted-round-robin": TURN,
        "least-loaded": START,
        "least-loaded-dvfs": START,
        "wait-awhile-like": START,
        "kubernetes-most-allocated": REQUESTS,
        "single-node:node-0": ONLY,
    }.items(),
)
def test_a_policy_without_a_score_has_no_second(name: str, term: str) -> None:
    where, asked = cluster([[[1.0]], [[1.0]]], [[5.0], [5.0]]), tasks(0.0)
    policy = built(name)
    found = decided(policy, where, view(where), asked, policy.place(asked, where, view(where)))
    assert found is not None
    assert (found.second, found.term, found.scores) == (None, term, None)


def test_the_term_is_that_of_the_greatest_gain() -> None:
    """By hand: the second node is twice as fast and takes ten times the energy; weights of 9 to 1 for energy."""
    where = cluster([[[2.0]], [[1.0]]], [[1.0], [20.0]])
    policy = build_policy("joint", Weights(energy=0.9, latency=0.1), levels=Levels.ALL, backend=Backend.PLAIN)
    asked = tasks(0.0)
    found = decided(policy, where, view(where), asked, policy.place(asked, where, view(where)))
    assert found is not None
    assert (found.chosen, found.second, found.term) == (0, 1, "energy")
    assert found.scores is not None
    assert found.scores[:, :2] == pytest.approx(np.array([[0.02, 0.09], [0.01, 0.9]]))


def test_equal_nodes_are_a_tie() -> None:
    where, asked = cluster([[[1.0]], [[1.0]]], [[5.0], [5.0]]), tasks(0.0)
    policy = built("joint")
    found = decided(policy, where, view(where), asked, policy.place(asked, where, view(where)))
    assert found is not None
    assert (found.chosen, found.second, found.term) == (0, 1, "tie")


def test_nobody_decides_on_a_task_that_was_dropped() -> None:
    where, asked = cluster([[[1.0]]], [[5.0]], longest_wait=1.0), tasks(0.0)
    seen = view(where, free_at=np.array([50.0]))
    policy = built("joint")
    assert decided(policy, where, seen, asked, policy.place(asked, where, seen)) is None
