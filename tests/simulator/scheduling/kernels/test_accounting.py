"""Executions spread over supply steps, and outcomes counted; worked out by hand."""

import numpy as np

from simulator.scheduling.kernels.placement import account, tally


def test_an_execution_is_spread_over_the_steps_that_it_overlaps() -> None:
    free_at, joules, seconds = np.zeros(2), np.zeros((4, 2)), np.zeros((4, 2))
    latest = account(
        np.array([1, -1, 0], np.int32),
        np.array([1, 0, 0], np.int32),
        np.array([95.0, np.nan, 10.0]),
        np.array([215.0, np.nan, 20.0]),
        np.array([[2.0, 3.0], [5.0, 7.0]]),
        100.0,
        free_at,
        joules,
        seconds,
    )
    assert latest == 215.0
    assert free_at.tolist() == [20.0, 215.0]
    assert seconds.tolist() == [[10.0, 5.0], [0.0, 100.0], [0.0, 15.0], [0.0, 0.0]]
    assert joules.tolist() == [[20.0, 35.0], [0.0, 700.0], [0.0, 105.0], [0.0, 0.0]]


def test_the_rows_are_a_ring() -> None:
    joules, seconds = np.zeros((3, 1)), np.zeros((3, 1))
    one, level = np.zeros(1, np.int32), np.zeros(1, np.int32)
    account(one, level, np.array([450.0]), np.array([620.0]), np.ones((1, 1)), 100.0, np.zeros(1), joules, seconds)
    assert seconds[:, 0].tolist() == [20.0, 50.0, 100.0]  # steps 6, 4 and 5


def test_no_energy_is_lost_between_steps() -> None:
    random = np.random.default_rng(1)
    start = np.sort(random.uniform(0.0, 5e4, 2000))
    finish = start + random.exponential(100.0, 2000)
    node = random.integers(0, 3, 2000).astype(np.int32)
    level = random.integers(0, 2, 2000).astype(np.int32)
    watts = random.uniform(1.0, 50.0, (3, 2))
    joules, seconds = np.zeros((6000, 3)), np.zeros((6000, 3))
    account(node, level, start, finish, watts, 10.0, np.zeros(3), joules, seconds)
    spent = np.bincount(node, weights=watts[node, level] * (finish - start))
    np.testing.assert_allclose(joules.sum(axis=0), spent, rtol=1e-9)


def test_outcomes_are_counted() -> None:
    class_tasks, node_tasks = np.zeros((2, 3), np.int64), np.zeros((2, 2), np.int64)
    placements, latency = np.zeros((2, 2), np.int64), np.zeros((2, 2))
    histogram = np.zeros((2, 3), np.int64)
    tally(
        np.array([0.0, 1.0, 2.0, 3.0]),
        np.array([1.0, 4.0, 5.0, 6.0]),
        np.array([0, 1, 1, 0], np.int32),
        np.array([0, 1, 0, -1], np.int32),
        np.array([1, 0, 1, 0], np.int32),
        np.array([1.0, 4.5, 12.0, np.nan]),
        np.array([1.0, 5.0, np.inf]),
        class_tasks,
        node_tasks,
        placements,
        latency,
        histogram,
    )
    assert class_tasks.tolist() == [[1, 0, 1], [2, 2, 0]]  # a task that ends at its deadline is in time
    assert node_tasks.tolist() == [[2, 1], [1, 1]]
    assert placements.tolist() == [[0, 2], [1, 0]]
    assert latency.tolist() == [[1.0, 1.0], [13.5, 3.5**2 + 100.0]]
    assert histogram.tolist() == [[1, 0, 0], [0, 1, 1]]  # at a bound belongs below it
