"""The experiments: the methods that each compares, and the conditions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec

from exporter.core.units import HOURS_PER_DAY
from simulator.experiments.plan.design import ALL, FRACTION, FULL_FACTORIAL, Design
from simulator.experiments.plan.work import Saturation, Work
from simulator.hardware.device import LEVELS
from simulator.run.job import FULL, Job, Method, full_method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario
from simulator.scenario.variation import VARIATIONS, vary
from simulator.scheduling.names import SINGLE_NODE, single_node

NODES = (2, 4, 8, 16, 32, 64, 128)
WORKLOADS = (1_000, 2_000, 5_000, 10_000, 20_000)
RATES_PER_HOUR = (50.0, 100.0, 200.0, 400.0)

SATURATION_TASKS_PER_NODE = 1_000
"""Tasks per node in a search for saturation. Short runs fill no queues and flatter the cluster: compared with 4,000,
the answer for 32 nodes of `edge` is 1% higher with 1,000, and 10% with 250.
"""

REFERENCE = "least-loaded"
"""The method that others are compared with: tasks to the node that can start first, with the same compression, on nodes
that are all awake. Of the simple ways it is the strongest that looks at queues alone."""

STANDARD = "standard"
ROUND_ROBIN = "round-robin"

RIVALS = (REFERENCE, ROUND_ROBIN, STANDARD)
"""Methods that a report holds its own method against in its first paragraph, in this order, where they were run."""

PLANNER = "rolling-horizon"
"""This project's policy, which plans the hours to come."""

OURS = (PLANNER, "rolling-horizon-lp", "oracle")
"""Policies that are no simple alternatives: this project's planners, and what knows the future."""

CONSOLIDATION = "consolidation"
"""The method that lets as few nodes stay awake as the work needs, whatever the scenario says of sleep."""

CONSOLIDATING = ("least-carbon", "weighted", "joint")
"""Policies that run with consolidation as well where the scenario has another way of sleep."""

PEERS = (
    ROUND_ROBIN,
    "weighted-round-robin",
    "kubernetes-least-allocated",
    "kubernetes-most-allocated",
    "least-energy",
    "least-carbon",
    "carbon-greedy",
    "casper-like",
    "wait-awhile-like",
    "weighted",
    "joint",
    "shifting",
    PLANNER,
    "oracle",
)
"""Policies that are compared with the reference, besides consolidation and the single nodes."""

MOST_VARIABLES = 250_000
"""Work variables of the linear programme up to which every run of whole days has its bound: twice those of a week of
`regions`, which takes a second. Peers have it in any case. A choice."""

FORECASTERS = ("none", "persistence", "climatology", "published-lstm", "best", "perfect")
"""Forecasters that are compared with the convex combination."""

REFERENCE_FORECASTER = "convex"

FACTORS = (0.5, 2.0)
"""Factors by which the experiment on sensitivity varies a parameter: a choice, as far as meters of one board differ in
idle power (1.6 to 3.1 W of a Raspberry Pi 5), and farther than the figures of a scenario are likely to be wrong."""

UNLEARNT = "unlearnt"
"""The method that repeats what was observed, as scenarios without a section forecast do."""

TOLD_ALIKE = (UNLEARNT, REFERENCE_FORECASTER, "climatology", "perfect")
"""Methods of the experiment on forecasts that run under the policy shifting as well."""

SHIFTING = "shifting"
WITHOUT_SHIFTING = "joint"

PLACER = SHIFTING
"""The policy of methods with the lever place; what it does beside placing are levers of their own."""

PLACED_BY_LOAD = "least-loaded-dvfs"
"""The policy of methods without the lever place: the node of the reference, and a level there where DVFS is on."""

SLEEPING = "consolidate"
"""The setting of the lever sleep where the scenario itself lets nobody sleep."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A question, in two lines for `--help`, and the cases that answer it.

    Where `compared`, the first case is the one that all others are compared with. Where it is `settings`, each of them
    has two cases: the reference, and the method in question. `judged` names the method that the
    first paragraph of the report is about, if any. `every` are the cases of which the others are a fraction.
    """

    explanation: tuple[str, str]
    cases: Callable[[AnyScenario, int | None], Sequence[Case]]
    compared: bool = True
    settings: bool = False
    judged: Callable[[AnyScenario], str] | None = None
    every: Callable[[AnyScenario, int | None], Sequence[Case]] | None = None


def baseline(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases in which parts of the system are added to round robin at full frequency."""
    return [_case(method, scenario, tasks) for method in _baseline_methods(scenario)]


def _baseline_methods(scenario: AnyScenario) -> Iterator[Method]:
    standard = Method(name=STANDARD, policy=ROUND_ROBIN, compression=False, dvfs=False, forecast=False, ledger=False)
    full = full_method(scenario)
    if not isinstance(scenario, PublishedScenario):
        yield _reference()
    yield standard
    yield msgspec.structs.replace(standard, name="compression-only", compression=True)
    yield msgspec.structs.replace(full, name="energy-aware-only", ledger=False)
    yield msgspec.structs.replace(standard, name="ledger-only", ledger=True)
    yield full


def _reference() -> Method:
    return Method(name=REFERENCE, policy="least-loaded", ledger=False, sleep=False)


def ablation(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases in which one part is taken away from the full system, and on `edge` two simple rivals."""
    return [_case(method, scenario, tasks) for method in _ablation_methods(scenario)]


def _ablation_methods(scenario: AnyScenario) -> Iterator[Method]:
    full = full_method(scenario)
    yield full
    yield msgspec.structs.replace(full, name="without-forecast", forecast=False)
    yield msgspec.structs.replace(full, name="without-dvfs", dvfs=False)
    yield msgspec.structs.replace(full, name="without-compression", compression=False)
    yield msgspec.structs.replace(full, name="without-ledger", ledger=False)
    if isinstance(scenario, PublishedScenario):
        return
    yield msgspec.structs.replace(full, name="without-batteries", batteries=False)
    if full.policy == SHIFTING:
        yield msgspec.structs.replace(full, name="without-shifting", policy=WITHOUT_SHIFTING)
    yield _reference()
    yield Method(name=ROUND_ROBIN, policy=ROUND_ROBIN, ledger=False)


def is_simple(method: Method, own: str) -> bool:
    """Return whether a method is a simple alternative to the policy `own`: another one, of all nodes, and not OURS.

    Nor has it a ledger, which is a part of the system that costs energy.
    """
    return not method.ledger and method.policy not in {own, *OURS} and single_node(method.policy) is None


def peers(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return a case per policy, the rest of the system being the same, and on `edge` first the reference."""
    single = [
        Method(name=SINGLE_NODE + node.name, policy=SINGLE_NODE + node.name, ledger=False) for node in scenario.nodes
    ]
    if isinstance(scenario, PublishedScenario):
        standard = next(_baseline_methods(scenario))
        weighted = Method(name="weighted", policy="weighted", ledger=False)
        return [_case(method, scenario, tasks) for method in (standard, weighted, *single)]
    names = dict.fromkeys(name for name in (*PEERS, scenario.scheduler.policy) if name != REFERENCE)
    policies = [Method(name=name, policy=name, ledger=False) for name in names if single_node(name) is None]
    return [
        Case(label=method.name, work=msgspec.structs.replace(_job(method, scenario, tasks), bound=True))
        for method in (_reference(), *policies, *_consolidating(scenario), *single)
    ]


def _consolidating(scenario: Scenario) -> Iterator[Method]:
    """Yield the methods that consolidate whatever the scenario says, without those that do so already."""
    consolidation = Method(name=CONSOLIDATION, policy=REFERENCE, ledger=False, sleeping="consolidate")
    yield consolidation
    if scenario.scheduler.sleeping != consolidation.sleeping:
        for name in CONSOLIDATING:
            yield msgspec.structs.replace(consolidation, name=f"{name}-{CONSOLIDATION}", policy=name)


def forecasts(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases in which only forecasters differ: of supply and intensity together, and of each by itself.

    The policy is the planner. Some forecasters run under shifting as well, and least-loaded beside them all. The
    published model asks for none, and has no cases.
    """
    if isinstance(scenario, PublishedScenario):
        return []
    return [_case(method, scenario, tasks) for method in _forecast_methods()]


def _forecast_methods() -> Iterator[Method]:
    told = [_told(REFERENCE_FORECASTER), _told(UNLEARNT, supply="persistence", intensity="yesterday")]
    told += [_told(one) for one in FORECASTERS]
    yield from told
    for one in FORECASTERS:
        yield msgspec.structs.replace(told[0], name=f"supply-{one}", supply=one)
    for one in FORECASTERS[1:]:
        yield msgspec.structs.replace(told[0], name=f"intensity-{one}", intensity=one)
    for method in told:
        if method.name in TOLD_ALIKE:
            yield msgspec.structs.replace(method, name=f"{SHIFTING}-{method.name}", policy=SHIFTING)
    yield _reference()


def _told(name: str, *, supply: str | None = None, intensity: str | None = None) -> Method:
    """Return the planner with these forecasters, which are those of the method's name where none is given."""
    return Method(name=name, policy=PLANNER, ledger=False, supply=supply or name, intensity=intensity or name)


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
        work = msgspec.structs.replace(_job(method, scenario, tasks), bound=False)
        found.append(Case(label=method.name, work=work))
    return found


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
    methods = (_reference(), Method(name=name, policy=own.policy, ledger=False))
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


def scaling(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return cases with more nodes, more tasks and faster arrivals.

    The published model has no queue, so it never saturates: there, nodes are added at the same arrival rate.
    """
    method = full_method(scenario)
    workloads = [
        Case(label=f"{count} tasks", panel="workload", size=count, work=_job(method, scenario, count))
        for count in WORKLOADS
    ]
    if isinstance(scenario, PublishedScenario):
        nodes = [_varied(_job(method, scenario, tasks), "nodes", count, nodes=count) for count in NODES]
        rates = [_varied(_job(method, scenario, tasks), "rate", rate, rate_per_hour=rate) for rate in RATES_PER_HOUR]
    else:
        nodes = [_saturation(scenario, count) for count in NODES]
        rates = [_varied(_job(method, scenario, None), "rate", rate, rate_per_hour=rate) for rate in RATES_PER_HOUR]
    return [*nodes, *workloads, *rates]


def _varied(job: Job, panel: str, size: float, **changes: float) -> Case:
    unit = "nodes" if panel == "nodes" else "tasks/h"
    return Case(label=f"{size:g} {unit}", panel=panel, size=size, work=msgspec.structs.replace(job, **changes))


def _saturation(scenario: Scenario, nodes: int) -> Case:
    method = full_method(scenario)
    if method.policy == SHIFTING:
        # A task that is put off beyond the end of a short run would count as done.
        method = msgspec.structs.replace(method, policy=WITHOUT_SHIFTING)
    tasks = nodes * SATURATION_TASKS_PER_NODE
    search = Saturation(scenario=scenario, method=method, seed=0, nodes=nodes, tasks=tasks)
    return Case(label=f"{nodes} nodes", panel="saturation", size=nodes, work=search)


def _case(method: Method, scenario: AnyScenario, tasks: int | None) -> Case:
    return Case(label=method.name, work=_job(method, scenario, tasks))


def _job(method: Method, scenario: AnyScenario, tasks: int | None) -> Job:
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


def _full(scenario: AnyScenario) -> str:  # noqa: ARG001 - judged by its name on all scenarios
    return FULL


def _convex(scenario: AnyScenario) -> str:  # noqa: ARG001 - as above
    return REFERENCE_FORECASTER


def _all_levers(scenario: AnyScenario) -> str:  # noqa: ARG001 - as above
    return ALL


def _own_policy(scenario: AnyScenario) -> str:
    return full_method(scenario).policy


EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(
    {
        "baseline": Experiment(
            explanation=(
                "The full system, its halves and plain round robin, beside least-loaded (scenarios of the model edge).",
                "Shows the savings of the whole system in energy, carbon emissions, latency and money.",
            ),
            cases=baseline,
            judged=_full,
        ),
        "ablation": Experiment(
            explanation=(
                "Full, and without forecast, DVFS, compression or ledger; on edge also without batteries or shifting.",
                "Shows the contribution of each part.",
            ),
            cases=ablation,
            judged=_full,
        ),
        "scaling": Experiment(
            explanation=(
                "The greatest load that 2 to 128 nodes sustain; 1,000 to 20,000 tasks; 50 to 400 arrivals per hour.",
                "Shows how the system scales, by searching for the rate of saturation.",
            ),
            cases=scaling,
            compared=False,
        ),
        "peers": Experiment(
            explanation=(
                "Every policy that the scenario offers and every single node, with the rest of the system unchanged.",
                "Shows how far each policy is above the least possible emissions (scenarios of the model edge).",
            ),
            cases=peers,
            judged=_own_policy,
        ),
        "forecasts": Experiment(
            explanation=(
                "The planner with forecasts from none to perfect, of supply and intensity; shifting and least-loaded.",
                "Shows what forecasts are worth, of all grams and beside the convex combination (model edge only).",
            ),
            cases=forecasts,
            judged=_convex,
        ),
        "factorial": Experiment(
            explanation=(
                "Place, DVFS, compression, batteries, shift, sleep, move: on or off in 16 of the 128 combinations.",
                "Shows the value of each lever alone and with another, and the Pareto front (model edge only).",
            ),
            cases=factorial,
            judged=_all_levers,
            every=full_factorial,
        ),
        "sensitivity": Experiment(
            explanation=(
                "The scenario's own policy against least-loaded, with one parameter at a time halved and doubled.",
                "Shows how far the headline hangs on each assumption, and where its sign changes (model edge only).",
            ),
            cases=sensitivity,
            compared=False,
            settings=True,
        ),
    }
)
"""All experiments by name."""
