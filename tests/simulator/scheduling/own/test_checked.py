"""A policy of a user's own may do what a cluster could do, and nothing else."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from exporter.core.config import ConfigError
from simulator.scheduling.interface import Cluster, Placements, StepView
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.own.checked import Checked
from simulator.scheduling.policies import build_policy
from simulator.scheduling.score import Levels
from simulator.scheduling.weights import Weights
from simulator.workload.task import Tasks
from tests.simulator.scheduling.clusters import ALL_POLICIES, cluster, tasks, view

TWO = cluster([[[2.0]], [[1.0]]], [[10.0], [5.0]], longest_wait=60.0, fits=[[True], [True]])
ARRIVED = tasks(1.0, 2.0, 3.0)
GOOD = Placements(
    node=np.array([0, 1, 0], np.int32),
    level=np.zeros(3, np.int32),
    start=np.array([1.0, 2.0, 3.0]),
    finish=np.array([3.0, 3.0, 5.0]),
    terms=np.zeros(5),
)


class Fixed:
    """Answers the same whatever it is asked."""

    name = "fixed"

    def __init__(self, answer: Placements) -> None:
        self._answer = answer

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:  # noqa: ARG002 - the protocol's
        """See `Policy.place`."""
        return self._answer


def answer(placed: Placements, made: Cluster = TWO) -> Placements:
    return Checked(Fixed(placed), "mine:Fixed").place(ARRIVED, made, view(TWO))


def test_what_can_be_is_passed_on() -> None:
    assert answer(GOOD) is GOOD
    dropped = replace(GOOD, node=np.full(3, -1, np.int32), start=np.full(3, np.nan), finish=np.full(3, np.nan))
    assert answer(dropped) is dropped


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"node": np.array([0, 99, 0])}, "expected nodes from -1 to 1, got 0 to 99"),
        ({"node": np.array([0, -2, 0])}, "expected nodes from -1 to 1, got -2 to 0"),
        ({"node": np.array([0, 1])}, r"expected node of 3 tasks, got the shape \(2,\)"),
        ({"level": np.array([0, 1, 0])}, "expected operating points from 0 to 0, got 0 to 1"),
        (
            {"start": np.array([0.0, 2.0, 3.0])},
            "expected starts once the input has arrived, got 0 s",
        ),
        ({"start": np.array([1.0, 70.0, 3.0])}, "expected starts within the longest wait, got 70 s"),
        (
            {"start": np.array([1.0, np.nan, 3.0])},
            "expected starts once the input has arrived, got nan s",
        ),
        ({"finish": np.array([3.0, 3.0, 3.1])}, "expected finishes as long after the start as it takes, got 3.1 s"),
        ({"finish": np.array([3.0, np.inf, 5.0])}, "expected finishes as long after the start as it takes, got inf s"),
        ({"node": [0, 1, 0]}, "expected node as an array of whole numbers, got list"),
        ({"node": np.array([0.0, 1.0, 0.0])}, "expected node as an array of whole numbers, got an array of float64"),
        ({"node": np.array([False, True, False])}, "expected node as an array of whole numbers, got an array of bool"),
        ({"level": None}, "expected level as an array of whole numbers, got NoneType"),
        ({"start": np.array(["1", "2", "3"])}, "expected start as an array of numbers, got an array of <U1"),
        ({"terms": np.zeros(4)}, r"expected terms of 5 finite numbers, got \[0. 0. 0. 0.\]"),
        ({"terms": np.array([0, 0, 0, 0, np.nan])}, r"expected terms of 5 finite numbers, got \[ 0.  0.  0.  0. nan\]"),
        (
            {"node": np.array([0, 0, 1]), "finish": np.array([3.0, 4.0, 4.0])},
            "expected one task at a time on a node, once it is awake, got 2 s",
        ),
    ],
)
def test_what_cannot_be_is_one_line(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=f"^scheduler.policy: mine:Fixed: {expected}$"):
        answer(replace(GOOD, **changes))


def test_a_node_that_is_busy_cannot_start() -> None:
    busy = replace(view(TWO), free_at=np.array([0.0, 2.5]))
    with pytest.raises(ConfigError, match="expected one task at a time on a node, once it is awake, got 2 s"):
        Checked(Fixed(GOOD), "x").place(ARRIVED, TWO, busy)


def test_models_have_to_fit() -> None:
    with pytest.raises(ConfigError, match="expected nodes into whose memory the models fit"):
        answer(GOOD, cluster([[[2.0]], [[1.0]]], [[10.0], [5.0]], longest_wait=60.0, fits=[[True], [False]]))


def test_only_placements_are_an_answer() -> None:
    with pytest.raises(ConfigError, match="expected Placements, got NoneType"):
        answer(cast(Placements, None))


@pytest.mark.parametrize("name", ALL_POLICIES)
def test_the_policies_of_the_simulator_pass(name: str) -> None:
    policy = build_policy(name, Weights(latency=1.0, grid=1.0), levels=Levels.ALL, backend=Backend.PLAIN)
    many = tasks(*np.sort(np.random.default_rng(4).uniform(0.0, 60.0, 300)))
    assert (Checked(policy, name).place(many, TWO, view(TWO)).node >= -1).all()
