"""The methods of an experiment and their parts, for its report."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from types import MappingProxyType

from msgspec.structs import replace

from simulator.assembly.inputs import time_ratios
from simulator.assembly.layout import layout_of
from simulator.assembly.parts import classes_of, profile_of
from simulator.experiments.find.analysis import BEST_SINGLE_NODE
from simulator.experiments.find.results import Results
from simulator.experiments.plan.cases import Case
from simulator.experiments.plan.catalogue import EXPERIMENTS
from simulator.experiments.plan.work import Saturation
from simulator.experiments.write.tables import DASH, markdown_table
from simulator.run.job import Method
from simulator.scenario.published import AnyScenario, PublishedScenario
from simulator.scenario.schema import Scenario
from simulator.scheduling.policies import Plans, Shifts, traits

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "compression": "compression",
        "dvfs": "DVFS",
        "forecast": "forecast",
        "ledger": "ledger",
        "batteries": "batteries",
        "shift": "waits",
        "move": "moves",
    }
)
"""Names of the parts by the fields of a method."""

LEVERS = ("shift", "move")
"""Parts that are told only where methods differ in them: elsewhere tasks may move, and the policy says who waits."""

FORECASTERS: Mapping[str, str] = MappingProxyType({"supply": "supply by", "intensity": "intensity by"})
"""Names of the forecasters by the fields of a method."""


AWAKE = "never"
"""The name of the scenario's setting with which nobody sleeps."""


def methods(results: Results) -> Iterator[str]:
    """Yield a table of the policy and the parts of each method, and whether compression changes nothing."""
    found = methods_of(results)
    same = {part for part in LEVERS if len({getattr(method, part) for method in found.values()}) == 1}
    # The published model has no batteries.
    same |= set() if isinstance(results.parameters, Scenario) else {"batteries"}
    parts = [part for part in PARTS if part not in same]
    sleeping = {name: _sleeping(results.parameters, method) for name, method in found.items()}
    sleeps = set(sleeping.values()) != {AWAKE}
    named = [one for one in FORECASTERS if any(getattr(method, one) for method in found.values())]
    rows = [
        [
            name,
            f"`{method.policy}`",
            *("yes" if _has(method, part) else DASH for part in parts),
            *(getattr(method, one) or DASH for one in named),
            *([sleeping[name]] if sleeps else []),
        ]
        for name, method in found.items()
    ]
    headings = ["method", "policy", *(PARTS[part] for part in parts), *(FORECASTERS[one] for one in named)]
    headings += ["sleep"] if sleeps else []
    yield from ("## Methods", "")
    yield from markdown_table(headings, rows, rule="---|")
    reason = no_model_gains(results.parameters) or _same_without(results, found)
    if reason:
        yield from (f"Compression changes nothing here: {reason}.", "")


def _has(method: Method, part: str) -> bool:
    """Return whether a method has a part; a policy says itself whether tasks wait, where the method does not."""
    given: bool | None = getattr(method, part)
    if given is None:
        own = traits(method.policy)
        return own.shifts is not Shifts.NOTHING or own.plans is not Plans.NOTHING
    return given


def _sleeping(scenario: AnyScenario, method: Method) -> str:
    """Return who sleeps, by the names of the scenario's setting."""
    if isinstance(scenario, PublishedScenario) or not method.sleep:
        return AWAKE
    return method.sleeping or scenario.scheduler.sleeping


def no_model_gains(scenario: AnyScenario) -> str:
    """Return the reason where compressed models take the time and the power of FP32 on all nodes; else nothing."""
    if isinstance(scenario, PublishedScenario):
        assumed = scenario.compression
        none = assumed.speedup == assumed.power_factor == 1.0
        return "the scenario assumes that it saves neither time nor power" if none else ""
    if (time_ratios(layout_of(scenario), scenario, profile_of(scenario)) != 1.0).any():
        return ""
    models = ", ".join(dict.fromkeys(f"`{kind.model}`" for kind in classes_of(scenario)))
    return f"on no node were the models in use ({models}) found to be faster than in FP32"


def _same_without(results: Results, found: Mapping[str, Method]) -> str:
    """Return the reason where methods that differ in compression alone have the same runs; else nothing."""
    runs = {case.method: case.runs for case in results.cases}
    pairs = [
        (one, other)
        for one, other in combinations(found, 2)
        if found[one].compression != found[other].compression
        and replace(found[one], name=other, compression=found[other].compression) == found[other]
    ]
    if not pairs or any(runs[one] != runs[other] for one, other in pairs):
        return ""
    named = "; ".join(f"`{one}` and `{other}`" for one, other in pairs)
    return f"{named} differ in it alone, and all figures of their runs are the same"


def methods_of(results: Results) -> Mapping[str, Method]:
    """Return methods by their names in the results.

    The sizes of the scaling experiment share one, but for the search for saturation.
    """
    experiment = EXPERIMENTS[results.experiment]
    cases = (experiment.every or experiment.cases)(results.parameters, results.tasks)
    if results.reference is None:
        return {_shared_name(case): case.work.method for case in cases}
    known = {case.label: case.work.method for case in cases}
    if results.best_single_node is not None:
        known[BEST_SINGLE_NODE] = known[results.best_single_node]
    return {estimated.method: known[estimated.method] for estimated in results.estimates}


def _shared_name(case: Case) -> str:
    name = case.work.method.name
    return f"{name}, to find saturation" if isinstance(case.work, Saturation) else name
