"""Waits of the least-loaded policy on c equal nodes are those of the M/M/c queue (Erlang 1917)."""

import math

import numpy as np
import pytest
from scipy.stats import t  # type: ignore[import-untyped]

from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.kernels.placement import place_least_loaded
from simulator.scheduling.queues import InOrder
from simulator.workload.task import Tasks
from tests.simulator.scheduling.clusters import cluster, view

REPLICATIONS = 30
TASKS = 400_000
WARM_UP = 50_000
CASES = 9


def erlang_c_wait(servers: int, utilization: float) -> float:
    """Mean wait in units of the mean service time: C(c, a) / (c (1 - utilization)), C by Erlang B's recursion."""
    offered = servers * utilization
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    waits = blocked / (1.0 - utilization * (1.0 - blocked))
    return waits / (servers * (1.0 - utilization))


def mean_wait(servers: int, utilization: float, seed: int) -> float:
    """Return the mean wait of one long run, less its beginning, in which the queue is shorter than it will be."""
    random = np.random.default_rng([seed, servers, round(100 * utilization)])
    arrival = np.cumsum(random.exponential(1.0 / (servers * utilization), TASKS))
    work = random.exponential(1.0, TASKS)
    tasks = Tasks(arrival=arrival, task_class=np.zeros(TASKS, np.int32), work=work, deadline=arrival)
    nodes = cluster([[[1.0]]] * servers, [[1.0]] * servers, longest_wait=math.inf)
    placed = InOrder("least-loaded", place_least_loaded, backend=Backend.COMPILED).place(tasks, nodes, view(nodes))
    return float((placed.start - arrival)[WARM_UP:].mean())


@pytest.mark.slow
@pytest.mark.parametrize("servers", [1, 4, 32])
@pytest.mark.parametrize("utilization", [0.5, 0.8, 0.95])
def test_queue_waits_match_erlang_c(servers: int, utilization: float) -> None:
    waits = np.array([mean_wait(servers, utilization, seed) for seed in range(REPLICATIONS)])
    # 95% for all nine cases together (Bonferroni): one of nine 95% intervals misses in a third of all trials.
    quantile = t.ppf(1.0 - 0.05 / CASES / 2.0, REPLICATIONS - 1)
    half_width = quantile * waits.std(ddof=1) / math.sqrt(REPLICATIONS)
    expected = erlang_c_wait(servers, utilization)
    assert half_width < 0.5 * expected  # at 32 nodes, half used, one task in 3000 waits
    assert abs(waits.mean() - expected) <= half_width


def test_erlang_c_by_hand() -> None:
    assert erlang_c_wait(1, 0.5) == pytest.approx(1.0)  # M/M/1: utilization / (1 - utilization)
    assert erlang_c_wait(2, 0.5) == pytest.approx(1.0 / 3.0)  # C(2, 1) = 1/3
