"""The experiment on how far a headline hangs on each assumption."""

from collections.abc import Sequence

import msgspec

from exporter.core.units import HOURS_PER_DAY
from simulator.experiments.plan.cases import REFERENCE, Case, reference
from simulator.run.job import FULL, Job, Method, full_method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario
from simulator.scenario.variation import VARIATIONS, vary

FACTORS = (0.5, 2.0)
"""Factors by which the experiment on sensitivity varies a parameter: a choice, as far as meters of one board differ in
idle power (1.6 to 3.1 W of a Raspberry Pi 5), and farther than the figures of a scenario are likely to be wrong."""


def sensitivity(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the reference and the scenario's own policy in the scenario itself, and with each parameter varied.

    The published model has neither queues nor idle power, and no cases. Raises ConfigError for a scenario that cannot
    bear a factor.
    """
    if isinstance(scenario, PublishedScenario):
        return []
    base = _at_rate(scenario, tasks)
    own = full_method(base)
    name = FULL if own.policy == REFERENCE else own.policy
    methods = (reference(), Method(name=name, policy=own.policy, ledger=False))
    varied = [("", 1.0, base)]
    for parameter in VARIATIONS:
        varied += [(parameter, factor, vary(base, parameter, factor)) for factor in FACTORS]
    return [
        _setting(method, parameter, factor, other)
        for parameter, factor, other in varied
        if not parameter or other != base
        for method in methods
    ]


def _setting(method: Method, parameter: str, factor: float, scenario: Scenario) -> Case:
    label = f"{method.name}, {setting_name(parameter, factor)}"
    return Case(label=label, panel=parameter, size=factor, work=Job(scenario=scenario, method=method, seed=0))


def setting_name(parameter: str, factor: float) -> str:
    """Return the name of a setting, as in `load x 2`; the scenario itself has no parameter."""
    return f"{parameter} x {factor:g}" if parameter else "unchanged"


def _at_rate(scenario: Scenario, tasks: int | None) -> Scenario:
    """Return the scenario with so many tasks in a run, where a number is given."""
    if tasks is None:
        return scenario
    rate = tasks / (scenario.run.days * HOURS_PER_DAY)
    arrivals = msgspec.structs.replace(scenario.workload.arrivals, rate_per_hour=rate)
    return msgspec.structs.replace(scenario, workload=msgspec.structs.replace(scenario.workload, arrivals=arrivals))
