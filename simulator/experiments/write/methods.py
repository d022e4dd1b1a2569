"""The methods of an experiment and their parts, for its report."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from simulator.experiments.find.analysis import BEST_SINGLE_NODE
from simulator.experiments.find.results import Results
from simulator.experiments.plan.catalogue import EXPERIMENTS, Case
from simulator.experiments.plan.work import Saturation
from simulator.experiments.write.tables import DASH, markdown_table
from simulator.run.job import Method
from simulator.scenario.schema import Scenario

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "compression": "compression",
        "dvfs": "DVFS",
        "forecast": "forecast",
        "ledger": "ledger",
        "batteries": "batteries",
    }
)
"""Names of the parts by the fields of a method."""

FORECASTERS: Mapping[str, str] = MappingProxyType({"supply": "supply by", "intensity": "intensity by"})
"""Names of the forecasters by the fields of a method."""


def methods(results: Results) -> Iterator[str]:
    """Yield a table of the policy and the parts of each method."""
    # The published model has no batteries.
    parts = [part for part in PARTS if part != "batteries" or isinstance(results.parameters, Scenario)]
    found = _methods(results)
    named = [one for one in FORECASTERS if any(getattr(method, one) for method in found.values())]
    rows = [
        [
            name,
            f"`{method.policy}`",
            *("yes" if getattr(method, part) else DASH for part in parts),
            *(getattr(method, one) or DASH for one in named),
        ]
        for name, method in found.items()
    ]
    headings = ["method", "policy", *(PARTS[part] for part in parts), *(FORECASTERS[one] for one in named)]
    yield from ("## Methods", "")
    yield from markdown_table(headings, rows, rule="---|")


def _methods(results: Results) -> Mapping[str, Method]:
    """Return methods by their names in the results.

    The sizes of the scaling experiment share one, but for the search for saturation.
    """
    cases = EXPERIMENTS[results.experiment].cases(results.parameters, results.tasks)
    if results.reference is None:
        return {_shared_name(case): case.work.method for case in cases}
    known = {case.label: case.work.method for case in cases}
    if results.best_single_node is not None:
        known[BEST_SINGLE_NODE] = known[results.best_single_node]
    return {estimated.method: known[estimated.method] for estimated in results.estimates}


def _shared_name(case: Case) -> str:
    name = case.work.method.name
    return f"{name}, to find saturation" if isinstance(case.work, Saturation) else name
