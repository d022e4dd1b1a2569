"""The experiment on scaling: more nodes, more tasks, and faster arrivals."""

from collections.abc import Sequence

import msgspec

from simulator.experiments.plan.cases import Case, job_of
from simulator.experiments.plan.work import Saturation
from simulator.run.job import Job, full_method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario

NODES = (2, 4, 8, 16, 32, 64, 128)
WORKLOADS = (1_000, 2_000, 5_000, 10_000, 20_000)
RATES_PER_HOUR = (50.0, 100.0, 200.0, 400.0)

SATURATION_TASKS_PER_NODE = 1_000
"""Tasks per node in a search for saturation. Short runs fill no queues and flatter the cluster: compared with 4,000,
the answer for 32 nodes of `edge` is 1% higher with 1,000, and 10% with 250.
"""


def scaling(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return cases with more nodes, more tasks and faster arrivals.

    The published model has no queue, so it never saturates: there, nodes are added at the same arrival rate.
    """
    method = full_method(scenario)
    workloads = [
        Case(label=f"{count} tasks", panel="workload", size=count, work=job_of(method, scenario, count))
        for count in WORKLOADS
    ]
    if isinstance(scenario, PublishedScenario):
        nodes = [_varied(job_of(method, scenario, tasks), "nodes", count, nodes=count) for count in NODES]
        rates = [_varied(job_of(method, scenario, tasks), "rate", rate, rate_per_hour=rate) for rate in RATES_PER_HOUR]
    else:
        nodes = [_saturation(scenario, count) for count in NODES]
        rates = [_varied(job_of(method, scenario, None), "rate", rate, rate_per_hour=rate) for rate in RATES_PER_HOUR]
    return [*nodes, *workloads, *rates]


def _varied(job: Job, panel: str, size: float, **changes: float) -> Case:
    unit = "nodes" if panel == "nodes" else "tasks/h"
    return Case(label=f"{size:g} {unit}", panel=panel, size=size, work=msgspec.structs.replace(job, **changes))


def _saturation(scenario: Scenario, nodes: int) -> Case:
    # A task that is put off beyond the end of a short run would count as done.
    method = msgspec.structs.replace(full_method(scenario), shift=False)
    tasks = nodes * SATURATION_TASKS_PER_NODE
    search = Saturation(scenario=scenario, method=method, seed=0, nodes=nodes, tasks=tasks)
    return Case(label=f"{nodes} nodes", panel="saturation", size=nodes, work=search)
