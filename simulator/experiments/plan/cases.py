"""The cases of an experiment, and the runs that most of them are made of."""

from dataclasses import dataclass, replace

import msgspec

from exporter.core.units import HOURS_PER_DAY
from simulator.experiments.plan.work import Work
from simulator.hardware.device import LEVELS
from simulator.run.job import Job, Method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario

REFERENCE = "least-loaded"
"""The method that others are compared with: tasks to the node that can start first, with the same compression, on nodes
that are all awake. Of the simple ways it is the strongest that looks at queues alone."""

PLANNER = "rolling-horizon"
"""This project's policy, which plans the hours to come."""

MOST_VARIABLES = 250_000
"""Work variables of the linear programme up to which every run of whole days has its bound: twice those of a week of
`regions`, which takes a second. Peers have it in any case. A choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of an experiment: work to be repeated with different seeds, and its label in the results.

    `panel` groups the rows of the scaling experiment, and `size` is where one stands on its axis. Of the experiment on
    sensitivity they are the parameter and its factor; the unchanged scenario has no panel.
    """

    label: str
    work: Work
    panel: str = ""
    size: float = 0.0

    def seeded(self, seed: int) -> Work:
        """Return the work of one replication."""
        return msgspec.structs.replace(self.work, seed=seed)

    def on_chain(self) -> "Case":
        """Return the case with a ledger that is kept block by block, where a run has one and lasts whole days."""
        work = self.work
        if not isinstance(work, Job) or work.tasks is not None or not work.method.ledger:
            return self
        return replace(self, work=msgspec.structs.replace(work, chain=True))


def reference() -> Method:
    """Return the method that others are compared with."""
    return Method(name=REFERENCE, policy="least-loaded", ledger=False, sleep=False)


def case_of(method: Method, scenario: AnyScenario, tasks: int | None) -> Case:
    """Return the case of a method, by its name."""
    return Case(label=method.name, work=job_of(method, scenario, tasks))


def job_of(method: Method, scenario: AnyScenario, tasks: int | None) -> Job:
    """Return a run with `tasks` tasks; on `edge` it lasts whole days, so their number sets the rate."""
    if isinstance(scenario, PublishedScenario):
        return Job(scenario=scenario, method=method, seed=0, tasks=tasks)
    hours = scenario.run.days * HOURS_PER_DAY
    rate = None if tasks is None else tasks / hours
    return Job(scenario=scenario, method=method, seed=0, rate_per_hour=rate, bound=_is_small(scenario))


def _is_small(scenario: Scenario) -> bool:
    """Return whether the linear programme behind the bound of a run is solved in a time like that of the run."""
    kinds = len(scenario.workload.classes) * max(1, len(scenario.sites))
    return scenario.run.days * HOURS_PER_DAY * len(scenario.nodes) * kinds * LEVELS <= MOST_VARIABLES
