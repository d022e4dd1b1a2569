"""Policies of one's own in plain Python."""

from collections.abc import Sequence

import numpy as np
import pytest

from exporter.core.config import ConfigError
from simulator.scheduling.interface import DROPPED
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.own.load import load_policy
from simulator.scheduling.own.per_task import PerTask
from simulator.scheduling.own.views import Choice, NodeView, TaskView
from simulator.scheduling.policies import Shifts, build_policy, traits
from simulator.scheduling.score import Levels
from simulator.scheduling.weights import Weights
from tests.simulator.scheduling.clusters import cluster, random_cluster, random_tasks, run, tasks, view


class Turns:
    """Round robin in ten lines."""

    def __init__(self) -> None:
        self.next = 0

    def choose(self, _task: TaskView, nodes: Sequence[NodeView]) -> Choice:
        turn = [*nodes[self.next :], *nodes[: self.next]]
        for node in turn:
            if node.fits:
                self.next = (node.index + 1) % len(nodes)
                return node.index, len(node.seconds) - 1
        return None


def shortest(_task: TaskView, nodes: Sequence[NodeView]) -> Choice:
    """Least loaded in one."""
    node = min((node for node in nodes if node.fits), key=lambda node: node.wait, default=None)
    return None if node is None else (node.index, len(node.seconds) - 1)


@pytest.mark.parametrize(("own", "name"), [("Turns", "round-robin"), ("shortest", "least-loaded")])
@pytest.mark.parametrize("utilization", [0.5, 1.5])
def test_a_policy_written_by_hand_is_that_of_the_kernel(own: str, name: str, utilization: float) -> None:
    random = np.random.default_rng(3)
    nodes = random_cluster(random, 6, kinds=4, longest_wait=5.0)
    asked = random_tasks(random, nodes, 500, utilization=utilization)
    green = np.zeros((1, 6))
    by_hand = run(load_policy(f"{__name__}:{own}").policy, nodes, asked, green)
    kernels = run(build_policy(name, Weights(load=1.0), levels=Levels.ALL, backend=Backend.PLAIN), nodes, asked, green)
    for field in ("node", "start", "finish"):
        assert getattr(by_hand, field).tobytes() == getattr(kernels, field).tobytes()
    if utilization > 1:
        assert DROPPED in by_hand.node


def test_what_a_policy_sees() -> None:
    seen: list[tuple[TaskView, NodeView]] = []

    def watch(task: TaskView, nodes: Sequence[NodeView]) -> Choice:
        seen.append((task, nodes[1]))
        return 1, 0

    two = cluster([[[2.0, 1.0]], [[4.0, 3.0]]], [[1.0, 2.0], [5.0, 7.0]], priority=0.5, longest_wait=9.0)
    PerTask("watch", watch).place(tasks(1.0, 2.0, work=2.0), two, view(two, green=50.0))
    task, node = seen[1]
    assert (task.release, task.deadline, task.priority, task.work) == (2.0, 12.0, 0.5, 2.0)
    assert (node.index, node.name, node.fits, node.wait) == (1, "node-1", True, 7.0)
    assert (node.seconds, node.joules, node.green_joules) == ((8.0, 6.0), (40.0, 42.0), 10.0)
    assert node.grams == pytest.approx((40e-4, 42e-4))


@pytest.mark.parametrize("choice", [(2, 0), (0, 5), (-1, 0), (1, 0)])
def test_an_inadmissible_choice_is_refused(choice: tuple[int, int]) -> None:
    two = cluster([[[1.0]]] * 2, [[1.0]] * 2, fits=[[True], [False]])
    with pytest.raises(ValueError, match=r"^mine: .*test_per_task.py:\d+: expected a node that fits"):
        PerTask("mine", lambda _task, _nodes: choice).place(tasks(0.0), two, view(two))


@pytest.mark.parametrize("path", ["no_such_module:X", "math:absent", "math:pi", ":x", "math:"])
def test_what_cannot_be_loaded_is_told_in_one_line(path: str) -> None:
    with pytest.raises(ConfigError, match=r"^scheduler.policy: expected [^\n]*$"):
        load_policy(path)


def test_a_policy_of_ones_own_is_known_by_its_path() -> None:
    name = f"{__name__}:Turns"
    assert load_policy(name).policy.name == name
    assert traits(name).shifts is Shifts.NOTHING
