"""Waiting for a clean grid, in cases worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.arrays import FloatArray
from simulator.scheduling.interface import Cluster, Outlook
from simulator.scheduling.shifting import DEFERRED_SHARE
from simulator.scheduling.waiting import WaitAwhile, window_means
from tests.simulator.scheduling.clusters import STEP, cluster, outlook, release_in_step, tasks

TWO = cluster([[[2.0, 1.0]], [[6.0, 3.0]]], [[1.0, 2.0]] * 2, longest_wait=60.0)
"""Two nodes that take 1 s and 3 s, so 2 s in the mean, for a second of work at full frequency."""


def released(grams: list[float], *arrivals: float, work: float = 1.0, within: float = 1e4) -> list[float]:
    """Return when equal deferrable tasks are released that have so many seconds."""
    asked = tasks(*arrivals, work=work, deadline=within)
    return [float(one) for one in release_in_step(WaitAwhile(np.array([True])), asked, TWO, seen(TWO, grams))]


def seen(nodes: Cluster, grams: list[float]) -> Outlook:
    """Return an outlook in which all grids have these grams by point, and nobody has supply."""
    by_bus: FloatArray = np.tile(np.array(grams)[:, None], int(nodes.bus.max()) + 1)
    return outlook(np.zeros_like(by_bus), by_bus)


def test_a_task_waits_for_the_cleanest_point_and_for_the_first_of_several() -> None:
    assert released([5.0, 4.0, 1.0, 2.0, 1.0], 10.0) == [2 * STEP]


def test_nobody_waits_where_waiting_saves_nothing() -> None:
    assert released([3.0] * 5, 10.0) == [10.0]
    assert released([3.0, 3.0 * (1.0 - 1e-12), 3.0], 10.0) == [10.0]
    assert released([1.0, 2.0, 3.0], 10.0) == [10.0]


def test_a_long_task_begins_where_the_mean_over_its_duration_is_least() -> None:
    # 300 s of work last 600 s in the mean: the pairs have means 5, 3, 4.5 and 2.5, though the least single point is 0.
    assert released([5.0, 5.0, 1.0, 8.0, 0.0, 5.0, 9.0], 0.0, work=300.0) == [4 * STEP]
    # One and a half points: (1 + 8 / 2) / 1.5, (8 + 0) / 1.5, (0 + 5 / 2) / 1.5.
    assert released([5.0, 5.0, 1.0, 8.0, 0.0, 5.0, 9.0], 0.0, work=225.0) == [4 * STEP]


def test_a_task_is_released_in_time_for_its_deadline() -> None:
    # The slowest node takes 3 s for 1 s of work; a task may wait 60 s for its start.
    grams = [5.0, 4.0, 3.0, 2.0]
    assert released(grams, 0.0, within=2 * STEP + 63.0) == [2 * STEP]
    assert released(grams, 0.0, within=2 * STEP + 62.9) == [STEP]
    assert released(grams, 0.0, within=62.9) == [0.0]


def test_a_window_that_reaches_beyond_the_forecast_is_none() -> None:
    assert released([5.0, 5.0, 0.0], 0.0, work=300.0) == [STEP]
    assert released([5.0, 0.0], 0.0, work=1e5, within=1e7) == [0.0]


def test_a_point_takes_no_more_than_the_nodes_can_execute_in_a_part_of_it() -> None:
    # The nodes do 1 + 1/3 of work in a second.
    room = DEFERRED_SHARE * STEP * (1.0 + 1.0 / 3.0)
    found = released([5.0, 1.0, 2.0, 4.0], *[0.0] * 5, work=room / 2)
    assert found == [STEP, STEP, 2 * STEP, 2 * STEP, 3 * STEP]
    # One task may always wait for it, however long.
    assert released([5.0, 5.0, 1.0, 1.0, 5.0], *[0.0] * 2, work=2.0 * room, within=1e5) == [2 * STEP, STEP]


def test_only_deferrable_tasks_wait() -> None:
    asked = tasks(0.0, deadline=1e4)
    still = WaitAwhile(np.array([False]))
    assert release_in_step(still, asked, TWO, seen(TWO, [5.0, 1.0])).tolist() == [0.0]


def test_each_task_looks_at_the_grid_where_it_arrives() -> None:
    grams = np.array([[5.0, 1.0], [1.0, 5.0]])
    for home, expected in ((0, STEP), (1, 0.0)):
        nodes = replace(TWO, home=np.array([home], np.int32))
        chosen = WaitAwhile(np.array([True]))
        asked = outlook(np.zeros((2, 2)), grams)
        assert release_in_step(chosen, tasks(0.0, deadline=1e4), nodes, asked).tolist() == [expected]


def test_means_of_windows() -> None:
    grams = np.array([1.0, 3.0, 5.0])
    assert window_means(grams, 0.2).tolist() == [1.0, 3.0, 5.0]
    assert window_means(grams, 2.0).tolist() == [2.0, 4.0]
    assert window_means(grams, 1.5) == pytest.approx([2.5 / 1.5, 5.5 / 1.5])
    assert window_means(grams, 9.0).tolist() == [3.0]
