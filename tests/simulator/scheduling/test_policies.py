"""The choices of each policy, in cases worked out by hand."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from simulator.scheduling.interface import DROPPED, Cluster, Policy
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.own.load import load_policy
from simulator.scheduling.policies import Shifts, build_policy, traits, weights_of
from simulator.scheduling.score import Levels
from simulator.scheduling.weights import Weights
from tests.simulator.scheduling.clusters import ALL_POLICIES, cluster, random_cluster, random_tasks, run, tasks, view

# Node 0 is slow and frugal, node 1 fast and hungry. Half the frequency: twice the time at a quarter of the power.
SLOW_AND_FAST = cluster([[[8.0, 4.0]], [[2.0, 1.0]]], [[0.5, 2.0], [5.0, 20.0]])
# Joules per second of reference work: 4 and 8, 10 and 20.


def policy(name: str, *, levels: Levels = Levels.ALL, **weights: float) -> Policy:
    return build_policy(name, Weights(**weights or {"latency": 1.0}), levels=levels, backend=Backend.PLAIN)


def choice(chosen: Policy, *, green: float = 0.0) -> tuple[int, int]:
    placed = chosen.place(tasks(0.0), SLOW_AND_FAST, view(SLOW_AND_FAST, green=green))
    return int(placed.node[0]), int(placed.level[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("least-energy", (0, 0)),
        ("least-carbon", (0, 0)),
        ("weighted", (1, 1)),
        ("joint", (1, 1)),
        ("least-loaded", (0, 1)),
        ("least-loaded-dvfs", (0, 1)),
        ("single-node:node-1", (1, 1)),
        ("carbon-greedy", (1, 1)),
    ],
)
def test_each_policy_follows_its_aim(name: str, expected: tuple[int, int]) -> None:
    assert choice(policy(name)) == expected


def test_the_score_is_the_weighted_sum_of_its_terms() -> None:
    # By node and level: latency = (8, 4, 2, 1) / 10, energy = (4, 8, 10, 20) / 20, grid with 5 green joules
    # = (0, 3/8, 1/2, 3/4), carbon = grid x energy. Weights 1, 1, 1: 1, 1.175, 1.2 and 1.85.
    chosen = policy("joint", latency=1.0, energy=1.0, grid=1.0)
    placed = chosen.place(tasks(0.0), SLOW_AND_FAST, view(SLOW_AND_FAST, green=5.0))
    assert (placed.node[0], placed.level[0], placed.finish[0]) == (0, 0, 8.0)
    assert placed.terms == pytest.approx([0.8, 0.2, 0.0, 0.0, 0.0])
    # With latency at twice the weight: 1.8, 1.575, 1.4 and 1.95.
    chosen = policy("joint", latency=2.0, energy=1.0, grid=1.0)
    placed = chosen.place(tasks(0.0), SLOW_AND_FAST, view(SLOW_AND_FAST, green=5.0))
    assert (placed.node[0], placed.level[0]) == (1, 0)
    assert placed.terms == pytest.approx([0.2, 0.5, 0.5, 0.25, 0.0])


def test_green_energy_is_spent_once() -> None:
    # Each node has 25 green joules. A task takes 20 of them on the fast one, where the first ends sooner, or 8 on the
    # slow one, which is greener for the next three. The fifth would lack 7 of 8 there, and 15 of 20 on the fast one.
    placed = policy("carbon-greedy").place(tasks(*[0.0] * 5), SLOW_AND_FAST, view(SLOW_AND_FAST, green=25.0))
    assert placed.node.tolist() == [1, 0, 0, 0, 1]
    assert placed.terms[2] == pytest.approx(0.75)


def test_only_fast_levels_where_no_others_are_allowed() -> None:
    assert choice(policy("joint", levels=Levels.FASTEST, energy=1.0)) == (0, 1)
    assert choice(policy("least-energy", levels=Levels.FASTEST)) == (0, 1)


def test_least_loaded_with_dvfs_chooses_the_level_on_its_node_alone() -> None:
    # Of energy node 0 at its lower level needs the least, and of node 1 it is the lower level as well.
    energy = policy("least-loaded-dvfs", energy=1.0)
    assert choice(energy) == (0, 0)
    busy = view(SLOW_AND_FAST, free_at=np.array([3.0, 0.0]))
    placed = energy.place(tasks(0.0, 0.5, 20.0), SLOW_AND_FAST, busy)
    assert (placed.node.tolist(), placed.level.tolist()) == ([1, 1, 0], [0, 1, 0])
    # 8 joules are green, and so free of what the score counts; the second task finds none of them left.
    grid = policy("least-loaded-dvfs", latency=0.01, grid=1.0)
    one = cluster([[[8.0, 4.0]]], [[0.5, 2.0]])
    assert grid.place(tasks(0.0, 50.0), one, view(one, green=9.0)).level.tolist() == [1, 0]


@pytest.mark.parametrize("seed", range(4))
def test_least_loaded_with_dvfs_and_one_level_is_least_loaded(seed: int) -> None:
    random = np.random.default_rng(seed)
    nodes = random_cluster(random, 9, kinds=3)
    asked = random_tasks(random, nodes, 500, utilization=[0.2, 0.6, 0.9, 1.3][seed])
    state = {"green": random.uniform(0.0, 500.0, (1, 9)), "wake": np.resize([0.0, 4.0, 0.0], 9)}
    found = [
        run(policy(name, levels=Levels.FASTEST, latency=1.0, energy=1.0), nodes, asked, **state)
        for name in ("least-loaded", "least-loaded-dvfs")
    ]
    for field in ("node", "level", "start", "finish"):
        assert getattr(found[0], field).tobytes() == getattr(found[1], field).tobytes()


def test_a_task_that_waits_runs_at_full_frequency() -> None:
    placed = policy("single-node:node-0").place(tasks(0.0), SLOW_AND_FAST, view(SLOW_AND_FAST))
    assert placed.level[0] == 1
    energy = policy("joint", energy=1.0)
    busy = view(SLOW_AND_FAST, free_at=np.array([3.0, 3.0]))
    placed = energy.place(tasks(0.0, 20.0), SLOW_AND_FAST, busy)
    assert placed.node.tolist() == [0, 0]
    assert placed.level.tolist() == [1, 0]


def test_equally_green_nodes_share_the_work() -> None:
    same = cluster([[[1.0, 1.0]]] * 3, [[2.0, 2.0]] * 3)
    for name in ("least-energy", "least-carbon", "carbon-greedy"):
        placed = policy(name).place(tasks(0.0, 0.0, 0.0), same, view(same, green=9.0))
        assert placed.node.tolist() == [0, 1, 2]


def test_ties_go_to_the_lowest_node_and_level() -> None:
    same = cluster([[[1.0, 1.0]]] * 3, [[2.0, 2.0]] * 3)
    for search in ("joint", "least-energy"):
        placed = policy(search, load=1.0).place(tasks(0.0, 0.0), same, view(same))
        assert placed.level[0] == 0
        assert placed.node[0] == 0


def test_round_robin_passes_over_nodes_that_cannot() -> None:
    three = cluster([[[1.0]]] * 3, [[1.0]] * 3, fits=[[True], [False], [True]], longest_wait=1.5)
    turns = policy("round-robin")
    placed = turns.place(tasks(*[0.0] * 5), three, view(three))
    assert placed.node.tolist() == [0, 2, 0, 2, DROPPED]
    later = turns.place(tasks(300.0), three, view(three, start=300.0))
    assert later.node.tolist() == [0]


@given(speeds=st.lists(st.integers(1, 9), min_size=1, max_size=6), rounds=st.integers(1, 4))
@example(speeds=[1, 1, 1, 1, 7, 7], rounds=1)
def test_weighted_round_robin_shares_in_proportion_to_speed(speeds: list[int], rounds: int) -> None:
    """No node is ever a turn ahead of its share, and after whole rounds each has just that.

    A node takes its turn while its credit is the highest, so above zero as all sum to none, and pays one for it.
    The others together may be as far behind as those ahead: one of them by more than a turn.
    """
    nodes = cluster([[[1.0 / speed]] for speed in speeds], [[1.0]] * len(speeds), longest_wait=1e9)
    count = rounds * sum(speeds)
    placed = policy("weighted-round-robin").place(tasks(*[0.0] * count), nodes, view(nodes)).node
    assert np.bincount(placed, minlength=len(speeds)).tolist() == [rounds * speed for speed in speeds]
    for done in range(1, count):
        due = done * np.array(speeds) / sum(speeds)
        assert (np.bincount(placed[:done], minlength=len(speeds)) - due).max() < 1.0


def test_weighted_round_robin_goes_on_from_step_to_step_and_passes_over_nodes_that_cannot() -> None:
    # Twice as fast: twice as often. Of the second class the first node takes nothing.
    service = [[[1.0], [1.0]], [[0.5], [1.0]], [[1.0], [1.0]]]
    three = cluster(service, [[1.0]] * 3, fits=[[True, False], [True, True], [True, True]])
    whole, parts = policy("weighted-round-robin"), policy("weighted-round-robin")
    at_once = whole.place(tasks(*[0.0] * 8), three, view(three)).node.tolist()
    assert at_once == [1, 0, 2, 1] * 2
    assert [int(parts.place(tasks(0.0), three, view(three)).node[0]) for _ in range(8)] == at_once
    assert whole.place(tasks(*[0.0] * 4, task_class=1), three, view(three)).node.tolist() == [1, 2, 1, 2]
    busy = view(three, free_at=np.array([0.0, 100.0, 0.0]))
    assert policy("weighted-round-robin").place(tasks(*[0.0] * 4), three, busy).node.tolist() == [0, 2, 0, 2]


LEAST, MOST = "kubernetes-least-allocated", "kubernetes-most-allocated"


def requesting(*shares: float, longest_wait: float = 60.0) -> Cluster:
    """Return nodes on which a task requests these shares of the memory, and takes a second."""
    nodes = cluster([[[1.0]]] * len(shares), [[1.0]] * len(shares), longest_wait=longest_wait)
    return replace(nodes, memory_share=np.array(shares)[:, None])


def test_kubernetes_like_policies_score_requests_over_capacity() -> None:
    # Both are free at first, then the other one is. Then both are busy, and free again at the same time.
    two = requesting(0.5, 0.2)
    assert policy(LEAST).place(tasks(*[0.0] * 4), two, view(two)).node.tolist() == [1, 0, 1, 0]
    assert policy(MOST).place(tasks(*[0.0] * 4), two, view(two)).node.tolist() == [0, 1, 0, 1]
    far = [10.0 * number for number in range(4)]
    assert policy(LEAST).place(tasks(*far), two, view(two)).node.tolist() == [1] * 4
    assert policy(MOST).place(tasks(*far), two, view(two)).node.tolist() == [0] * 4


def test_nodes_of_equal_score_take_turns_from_step_to_step() -> None:
    three = requesting(0.1, 0.1, 0.1)
    for name in (LEAST, MOST):
        parts = policy(name)
        placed = [
            int(parts.place(tasks(at), three, view(three, start=at)).node[0]) for at in (0.0, 300.0, 600.0, 900.0)
        ]
        assert placed == [0, 1, 2, 0]


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5), st.lists(st.floats(0.0, 3.0), max_size=30))
def test_no_task_is_bound_to_a_busy_node_while_another_is_free(shares: list[float], gaps: list[float]) -> None:
    """A task requests the whole processor: it is pending until one is free, and then has the best score of the free."""
    arrivals = np.cumsum(gaps).tolist()
    nodes = requesting(*shares, longest_wait=1e9)
    for name, sign in ((LEAST, 1.0), (MOST, -1.0)):
        free_at = [0.0] * len(shares)
        placed = policy(name).place(tasks(*arrivals), nodes, view(nodes))
        for at, node, start, finish in zip(arrivals, placed.node, placed.start, placed.finish, strict=True):
            begin = max(at, min(free_at))
            assert start == begin
            free = [sign * share for share, until in zip(shares, free_at, strict=True) if until <= begin]
            assert sign * shares[node] == min(free)
            free_at[node] = finish


def test_what_cannot_start_in_time_is_dropped_and_requests_nothing() -> None:
    two = requesting(0.1, 0.2, longest_wait=1.5)
    seen = view(two, free_at=np.array([100.0, 0.0]))
    assert policy(LEAST).place(tasks(0.0, 0.0, 0.0, 1.0), two, seen).node.tolist() == [1, 1, DROPPED, 1]


def test_least_loaded_takes_the_queue_that_ends_first() -> None:
    two = cluster([[[1.0]]] * 2, [[1.0]] * 2)
    seen = view(two, free_at=np.array([5.0, 4.0]))
    assert policy("least-loaded").place(tasks(0.0, 0.0, 9.0), two, seen).node.tolist() == [1, 0, 0]


@pytest.mark.parametrize("name", ["least-loaded", "joint", "shifting"])
def test_what_arrives_for_a_node_asleep_goes_elsewhere_or_waits_for_its_wake(name: str) -> None:
    two, chosen = cluster([[[1.0]]] * 2, [[1.0]] * 2), policy(name)
    seen = replace(view(two), wake=np.array([3.0, 0.0]))
    placed = chosen.place(tasks(0.0, 0.0, 0.0, 0.0, 0.0), two, seen)
    # The second node has three tasks before the first would be awake: the fourth waits for the wake, not the fifth.
    assert placed.node.tolist() == [1, 1, 1, 0, 1]
    assert placed.start.tolist() == [0.0, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("name", ALL_POLICIES)
def test_no_task_waits_longer_than_admitted_and_none_goes_where_it_does_not_fit(name: str) -> None:
    random = np.random.default_rng(7)
    nodes = random_cluster(random, 5, kinds=3, longest_wait=4.0)
    asked = random_tasks(random, nodes, 2000, utilization=1.6)
    placed = run(
        build_policy(name, Weights(latency=1), levels=Levels.ALL, backend=Backend.COMPILED),
        nodes,
        asked,
        np.ones((1, 5)),
    )
    taken = placed.node != DROPPED
    assert 0 < taken.sum() < len(asked)
    assert np.all(placed.start[taken] >= asked.arrival[taken])
    assert np.max(placed.start[taken] - asked.arrival[taken]) <= 4.0
    assert np.all(nodes.fits[placed.node[taken], asked.task_class[taken]])
    assert np.all(np.isnan(placed.start[~taken]))
    for node in range(5):
        own = taken & (placed.node == node)
        assert np.all(placed.start[own][1:] >= placed.finish[own][:-1])  # one task at a time


@pytest.mark.parametrize("name", ALL_POLICIES)
def test_a_policy_changes_nothing_that_it_is_shown(name: str) -> None:
    shown = (tasks(0.0, 1.0), SLOW_AND_FAST, replace(view(SLOW_AND_FAST, green=30.0), wake=np.array([0.0, 2.0])))
    before = [pickle.dumps(one) for one in shown]
    policy(name).place(*shown)
    assert [pickle.dumps(one) for one in shown] == before


def test_energy_that_is_expected_to_lack_counts_as_none() -> None:
    assert choice(policy("carbon-greedy"), green=-5.0) == choice(policy("carbon-greedy"), green=0.0)


@pytest.mark.parametrize("name", ["fastest", ""])
def test_an_unknown_policy_is_named_in_one_line(name: str) -> None:
    for ask in (traits, policy):
        with pytest.raises(ValueError, match=r"^expected [^\n]*$"):
            ask(name)


@pytest.mark.parametrize("name", ["no.such.module:Policy", "math:nothing"])
def test_a_policy_that_cannot_be_imported_is_a_mistake_of_the_users(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"^scheduler.policy: expected the policy {name} to be importable: [^\n]*$"):
        load_policy(name)


def test_a_policy_that_is_not_found_is_told_with_where_python_looks() -> None:
    with pytest.raises(ConfigError, match=r"No module named 'lowest_grid'; PYTHONPATH=\. "):
        load_policy("lowest_grid:LowestGrid")
    with pytest.raises(ConfigError) as caught:
        load_policy("math:nothing")
    assert "PYTHONPATH" not in str(caught.value)


def test_a_single_node_has_to_exist() -> None:
    with pytest.raises(ValueError, match="expected one of node-0, node-1, got nowhere"):
        policy("single-node:nowhere").place(tasks(0.0), SLOW_AND_FAST, view(SLOW_AND_FAST))


def test_traits_tell_who_shifts_and_who_sees_the_future() -> None:
    shifts = {name: traits(name).shifts for name in ALL_POLICIES if traits(name).shifts is not Shifts.NOTHING}
    green = Shifts.TO_GREEN_ENERGY
    assert shifts == {"shifting": green, "oracle": green, "wait-awhile-like": Shifts.TO_CLEAN_GRID}
    assert {name for name in ALL_POLICIES if traits(name).sees_future} == {"oracle"}


def test_weights_of_a_policy_are_its_own_or_the_configured_ones() -> None:
    configured = Weights(latency=1.0, energy=3.0)
    assert weights_of("joint", configured) == Weights(latency=0.25, energy=0.75)
    assert weights_of("casper-like", configured) == Weights(carbon=0.5, load=0.5)
    assert weights_of("round-robin", configured) is None


def test_no_task_is_no_trouble() -> None:
    for name in ALL_POLICIES:
        assert len(policy(name).place(tasks(), SLOW_AND_FAST, view(SLOW_AND_FAST)).node) == 0


def test_weightless_energy_does_not_divide_by_nothing() -> None:
    free = cluster([[[1.0, 1.0]]], [[0.0, 0.0]])
    placed = policy("joint", energy=1.0, grid=1.0).place(tasks(0.0), free, view(free))
    assert placed.node[0] == 0
    assert not any(math.isnan(term) for term in placed.terms)
