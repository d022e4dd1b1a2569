"""The experiment on the value of each lever."""

from collections.abc import Sequence

import msgspec

from simulator.experiments.plan.cases import PLANNER, Case, job_of
from simulator.experiments.plan.design import FRACTION, FULL_FACTORIAL, Design
from simulator.run.job import Method
from simulator.scenario.published import AnyScenario, PublishedScenario

PLACER = PLANNER
"""The policy of methods with the lever place; what it does beside placing are levers of their own."""

PLACED_BY_LOAD = "least-loaded-dvfs"
"""The policy of methods without the lever place: the node of the reference, and a level there where DVFS is on."""

SLEEPING = "consolidate"
"""The setting of the lever sleep where the scenario itself lets nobody sleep."""


def factorial(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases of the fraction in which levers are on or off. The published model lacks most of the levers, and
    has no cases.
    """
    return _runs_of(FRACTION, scenario, tasks)


def full_factorial(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases with every combination of the levers; none for the published model."""
    return _runs_of(FULL_FACTORIAL, scenario, tasks)


def _runs_of(design: Design, scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    if isinstance(scenario, PublishedScenario):
        return []
    found = []
    for on in design.runs():
        method = Method(
            name=design.label(on),
            policy=PLACER if "place" in on else PLACED_BY_LOAD,
            compression="compression" in on,
            dvfs="dvfs" in on,
            ledger=False,
            batteries="batteries" in on,
            sleep="sleep" in on,
            sleeping=SLEEPING if scenario.scheduler.sleeping == "never" else None,
            shift="shift" in on,
            move="move" in on,
        )
        # Its effects are told in grams: no bound is asked for, which takes most of the time of a run.
        work = msgspec.structs.replace(job_of(method, scenario, tasks), bound=False)
        found.append(Case(label=method.name, work=work))
    return found
