"""Tasks placed per CPU second by the kernel alone: no weather, no energy balance, no statistics.

Nodes are those of the scenario `edge`, replicated, with its mix of task classes and five operating points, kept busy
for 80% of their time at full frequency. Policy `joint` under the scenario's weights, as a scan of all nodes (compiled
and interpreted) and as the pruned search; both searches must give the same bits. Beside it `least-loaded`, and SimPy
placing the same arrivals on the node with the fewest tasks. Prints figures and fails on none.
"""

import argparse
import time
from collections.abc import Callable, Generator, Iterator

import msgspec
import numpy as np
import simpy

from bench.record import record, table
from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray
from simulator.assembly import parts
from simulator.assembly.inputs import cluster_of
from simulator.assembly.layout import layout_of
from simulator.run.simulate import fixed_tasks
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.interface import DROPPED, Cluster, Placements, Policy, StepView
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.policies import build_policy
from simulator.scheduling.score import Levels, Scored, Search
from simulator.scheduling.weights import Weights
from simulator.workload.task import Tasks

NODES = (4, 32, 1000)
UTILIZATION = 0.8
TASKS = 1_000_000
AT_ONCE = 10_000
"""Tasks that one call places, so that the cost of the call does not count."""

FEW = 20
"""So many times fewer tasks for SimPy, and fewer still for the interpreted scan, by the number of nodes."""


def main() -> None:
    """Measure all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    scenario = load_scenario("edge")
    assert isinstance(scenario, Scenario)
    columns = [measure(scenario, nodes) for nodes in NODES]
    head = ("tasks per CPU second", *(f"{nodes} nodes" for nodes in NODES))
    figures = table(head, ((label, *(f"{column[label]:,.0f}" for column in columns)) for label in columns[0]))
    print(figures)
    if options.record:
        text = " ".join((__doc__ or "").split("\n\n")[1].split())
        record("placement", ["Placement: the kernel alone, beside SimPy", text, figures])


def measure(scenario: Scenario, nodes: int) -> dict[str, float]:
    """Return a column of the table."""
    cluster = cluster_of(layout_of(scenario, count=nodes), scenario, compressed=parts.profile_of(scenario))
    count = TASKS if nodes < NODES[-1] else TASKS // 5
    rate = UTILIZATION * capacity(cluster, scenario)
    tasks = fixed_tasks(scenario, count, rate * SECONDS_PER_HOUR, seed=1)
    few, fewest = tasks[: count // FEW], tasks[: max(AT_ONCE // FEW, count // FEW // nodes)]
    green = np.random.default_rng(1).uniform(0.0, 2.0, nodes) * green_joules(cluster, tasks)
    weights = Weights(**msgspec.structs.asdict(scenario.scheduler.weights))

    def joint(search: Search, backend: Backend) -> Policy:
        return Scored("joint", weights, levels=Levels.ALL, backend=backend, search=search)

    scan, by_scan = speed(joint(Search.SCAN, Backend.COMPILED), cluster, tasks, green)
    pruned, by_pruned = speed(joint(Search.PRUNED, Backend.COMPILED), cluster, tasks, green)
    for one, other in zip(by_scan, by_pruned, strict=True):
        assert one.finish.tobytes() == other.finish.tobytes()
        assert one.node.tobytes() == other.node.tobytes()
    least_loaded = build_policy("least-loaded", weights, levels=Levels.ALL, backend=Backend.COMPILED)
    return {
        "joint, 5 operating points, pruned": pruned,
        "joint, 5 operating points, scan": scan,
        "joint, 5 operating points, scan, interpreted": speed(
            joint(Search.SCAN, Backend.PLAIN), cluster, fewest, green
        )[0],
        "least-loaded": speed(least_loaded, cluster, tasks, green)[0],
        "least-loaded by SimPy": len(few) / cpu_seconds(lambda: by_simpy(cluster, few)),
    }


def capacity(cluster: Cluster, scenario: Scenario) -> float:
    """Return tasks per second of the cluster's mix that keep all nodes busy at full frequency."""
    work = [float(kind.work) * kind.share for kind in parts.classes_of(scenario)]
    return float((1.0 / (cluster.service[:, :, -1] @ work)).sum())


def green_joules(cluster: Cluster, tasks: Tasks) -> float:
    """Return about half of a node's share of the energy of a call's tasks."""
    mean_joules = (cluster.service * cluster.extra_watts[:, None, :]).mean() * tasks.work.mean()
    return float(0.5 * mean_joules * AT_ONCE / len(cluster.names))


def speed(policy: Policy, cluster: Cluster, tasks: Tasks, green: FloatArray) -> tuple[float, list[Placements]]:
    """Return tasks per CPU second, and the placements. Kernels are compiled before."""
    list(place(policy, cluster, tasks[:1], green))
    placed: list[Placements] = []
    seconds = cpu_seconds(lambda: placed.extend(place(policy, cluster, tasks, green)))
    return len(tasks) / seconds, placed


def place(policy: Policy, cluster: Cluster, tasks: Tasks, green: FloatArray) -> Iterator[Placements]:
    """Place all tasks, so many at once."""
    free_at, wake = np.zeros((2, len(cluster.names)))
    grams_per_joule = np.full(len(green), 1e-4)
    for first in range(0, len(tasks), AT_ONCE):
        part = tasks[first : first + AT_ONCE]
        seen = StepView(
            start=Seconds(float(part.arrival[0])),
            seconds=Seconds(float(part.arrival[-1] - part.arrival[0])),
            free_at=free_at,
            wake=wake,
            green_joules=green,
            grams_per_joule=grams_per_joule,
        )
        answer = policy.place(part, cluster, seen)
        taken = answer.node != DROPPED
        np.maximum.at(free_at, answer.node[taken], answer.finish[taken])
        yield answer


def by_simpy(cluster: Cluster, tasks: Tasks) -> None:
    """Place every task as a process that queues at the node with the fewest tasks among those that fit."""
    environment = simpy.Environment()
    nodes = [simpy.Resource(environment) for _ in cluster.names]
    fitting = [np.flatnonzero(cluster.fits[:, kind]).tolist() for kind in range(cluster.fits.shape[1])]
    service = cluster.service[:, :, -1].tolist()

    def execute(kind: int, work: float) -> Generator[simpy.Event, None, None]:
        chosen = min(fitting[kind], key=lambda n: nodes[n].count + len(nodes[n].queue))
        with nodes[chosen].request() as turn:
            yield turn
            yield environment.timeout(work * service[chosen][kind])

    def arrive() -> Generator[simpy.Event, None, None]:
        for arrival, kind, work in zip(
            tasks.arrival.tolist(), tasks.task_class.tolist(), tasks.work.tolist(), strict=True
        ):
            yield environment.timeout(arrival - environment.now)
            environment.process(execute(kind, work))

    environment.process(arrive())
    environment.run()


def cpu_seconds(action: Callable[[], None]) -> float:
    """Return the CPU time of this process in an action."""
    began = time.process_time()
    action()
    return time.process_time() - began


if __name__ == "__main__":
    main()
