"""The experiments: the methods that each compares, and the conditions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from simulator.experiments.plan.cases import PLANNER, REFERENCE, Case, case_of, job_of, reference
from simulator.experiments.plan.design import ALL
from simulator.experiments.plan.levers import factorial, full_factorial
from simulator.experiments.plan.settings import sensitivity
from simulator.experiments.plan.sizes import scaling
from simulator.experiments.plan.slopes import slope
from simulator.run.job import FULL, Method, full_method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.names import SINGLE_NODE, single_node

STANDARD = "standard"
ROUND_ROBIN = "round-robin"

RIVALS = (REFERENCE, ROUND_ROBIN, STANDARD)
"""Methods that a report holds its own method against in its first paragraph, in this order, where they were run."""

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

PLANNER_ORACLE = "rolling-horizon-oracle"
"""The planner with supply and grid to come as they will be: a yardstick, not a policy for use."""

WEIGHTED_SHIFTING = "weighted-shifting"
"""The policy weighted whose deferrable tasks wait for greener supply as those of shifting do."""

ASKED_FOR = ("rolling-horizon-lp",)
"""Peers that run only where `--methods` names them: a week of `regions` takes this one 40 s of a processor, for its
linear programmes, and all others a second or two."""

FORECASTERS = ("none", "persistence", "climatology", "published-lstm", "best", "perfect")
"""Forecasters that are compared with the convex combination."""

REFERENCE_FORECASTER = "convex"

UNLEARNT = "unlearnt"
"""The method that repeats what was observed, as scenarios without a section forecast do."""

TOLD_ALIKE = (UNLEARNT, REFERENCE_FORECASTER, "climatology", "perfect")
"""Methods of the experiment on forecasts that run under the policy shifting as well."""

SHIFTING = "shifting"

PUTS_OFF = (SHIFTING, PLANNER)
"""Policies of a scenario that put tasks off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """The cases that answer the question of an experiment.

    Where `compared`, the first case is the one that all others are compared with. Where it is `settings`, each of them
    has two cases: the reference, and the method in question. `judged` names the method that the
    first paragraph of the report is about, if any. `every` are the cases of which the others are a fraction. The answer
    of a `whole` one is of all its cases together, none of which can be left out.
    """

    cases: Callable[[AnyScenario, int | None], Sequence[Case]]
    compared: bool = True
    settings: bool = False
    whole: bool = False
    judged: Callable[[AnyScenario], str] | None = None
    every: Callable[[AnyScenario, int | None], Sequence[Case]] | None = None


def baseline(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases in which parts of the system are added to round robin at full frequency."""
    return [case_of(method, scenario, tasks) for method in _baseline_methods(scenario)]


def _baseline_methods(scenario: AnyScenario) -> Iterator[Method]:
    standard = Method(name=STANDARD, policy=ROUND_ROBIN, compression=False, dvfs=False, forecast=False, ledger=False)
    full = full_method(scenario)
    if not isinstance(scenario, PublishedScenario):
        yield reference()
    yield standard
    yield msgspec.structs.replace(standard, name="compression-only", compression=True)
    yield msgspec.structs.replace(full, name="energy-aware-only", ledger=False)
    yield msgspec.structs.replace(standard, name="ledger-only", ledger=True)
    yield full


def ablation(scenario: AnyScenario, tasks: int | None) -> Sequence[Case]:
    """Return the cases in which one part is taken away from the full system, and on `edge` two simple rivals."""
    return [case_of(method, scenario, tasks) for method in _ablation_methods(scenario)]


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
    if full.policy in PUTS_OFF:
        yield msgspec.structs.replace(full, name="without-shifting", shift=False)
    if full.policy == PLANNER or scenario.scheduler.sleeping != "never":
        yield msgspec.structs.replace(full, name="without-sleep", sleep=False)
    if len(scenario.sites) > 1:
        yield msgspec.structs.replace(full, name="without-moves", move=False)
    yield reference()
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
        return [case_of(method, scenario, tasks) for method in (standard, weighted, *single)]
    names = dict.fromkeys(name for name in (*PEERS, *ASKED_FOR, scenario.scheduler.policy) if name != REFERENCE)
    policies = [Method(name=name, policy=name, ledger=False) for name in names if single_node(name) is None]
    return [
        Case(label=method.name, work=msgspec.structs.replace(job_of(method, scenario, tasks), bound=True))
        for method in (reference(), *policies, *_yardsticks(), *_consolidating(scenario), *single)
    ]


def _yardsticks() -> Iterator[Method]:
    """Yield the planner that is told the future, and the strongest simple method that also puts tasks off."""
    yield Method(name=PLANNER_ORACLE, policy=PLANNER, ledger=False, supply="perfect", intensity="perfect")
    yield Method(name=WEIGHTED_SHIFTING, policy="weighted", ledger=False, shift=True)


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
    return [case_of(method, scenario, tasks) for method in _forecast_methods()]


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
    yield reference()


def _told(name: str, *, supply: str | None = None, intensity: str | None = None) -> Method:
    """Return the planner with these forecasters, which are those of the method's name where none is given."""
    return Method(name=name, policy=PLANNER, ledger=False, supply=supply or name, intensity=intensity or name)


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
            cases=baseline,
            judged=_full,
        ),
        "ablation": Experiment(
            cases=ablation,
            judged=_full,
        ),
        "scaling": Experiment(
            cases=scaling,
            compared=False,
        ),
        "peers": Experiment(
            cases=peers,
            judged=_own_policy,
        ),
        "forecasts": Experiment(
            cases=forecasts,
            judged=_convex,
        ),
        "factorial": Experiment(
            cases=factorial,
            whole=True,
            judged=_all_levers,
            every=full_factorial,
        ),
        "sensitivity": Experiment(
            cases=sensitivity,
            compared=False,
            settings=True,
        ),
        "slope": Experiment(
            cases=slope,
            compared=False,
            whole=True,
        ),
    }
)
"""All experiments by name."""
