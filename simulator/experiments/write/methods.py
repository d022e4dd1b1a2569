"""What the methods of an experiment are made of, for its report."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from simulator.experiments.find.analysis import BEST_SINGLE_NODE
from simulator.experiments.find.findings import Findings
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


def methods(findings: Findings) -> Iterator[str]:
    """A table of the policy and the parts of each method."""
    # The published model has no batteries.
    parts = [part for part in PARTS if part != "batteries" or isinstance(findings.parameters, Scenario)]
    rows = [
        [name, f"`{method.policy}`", *("yes" if getattr(method, part) else DASH for part in parts)]
        for name, method in _methods(findings).items()
    ]
    yield from ("## Methods", "")
    yield from markdown_table(["method", "policy", *(PARTS[part] for part in parts)], rows, rule="---|")


def _methods(findings: Findings) -> Mapping[str, Method]:
    """By the name in the results; the sizes of the scaling experiment share one, but for the search for saturation."""
    cases = EXPERIMENTS[findings.experiment].cases(findings.parameters, findings.tasks)
    if findings.reference is None:
        return {_shared_name(case): case.work.method for case in cases}
    known = {case.label: case.work.method for case in cases}
    if findings.best_single_node is not None:
        known[BEST_SINGLE_NODE] = known[findings.best_single_node]
    return {outcome.method: known[outcome.method] for outcome in findings.outcomes}


def _shared_name(case: Case) -> str:
    name = case.work.method.name
    return f"{name}, to find saturation" if isinstance(case.work, Saturation) else name
