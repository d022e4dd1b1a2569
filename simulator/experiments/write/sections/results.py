"""The tables of means in a report."""

from collections.abc import Iterator

from simulator.experiments.find.analysis import BEST_SINGLE_NODE
from simulator.experiments.find.results import Results
from simulator.experiments.run.saturation import MISS_LIMIT
from simulator.experiments.write.display import DISPLAYS, marked
from simulator.experiments.write.sections.further import further
from simulator.experiments.write.sections.reach import reaching_too_far
from simulator.experiments.write.tables import cell, markdown_table, own_means, present
from simulator.scenario.schema import Scenario


def means(results: Results) -> Iterator[str]:
    """Yield the means of all measures by method, and what there is to say of them."""
    yield from ("## Results", "")
    measures = present(results)
    yield from markdown_table(
        ["method", *(DISPLAYS[measure].title for measure in measures)],
        [
            [marked(results, estimated.method), *(cell(estimated.by_measure, measure) for measure in measures)]
            for estimated in results.estimates
        ],
    )
    yield from (_latency(results), "")
    if told := own_means(measures):
        yield from (told, "")
    yield from _below_zero(results)
    if results.best_single_node is not None:
        yield (
            f"`{BEST_SINGLE_NODE}` is `{results.best_single_node}`, chosen in hindsight: of the single nodes with at "
            f"most {MISS_LIMIT:.0%} late or dropped tasks, the node with the least emissions; if there is no such "
            "node, the node with the fewest late or dropped tasks."
        )
        yield ""
    yield from further(results)


def _latency(results: Results) -> str:
    """Name the tasks whose latency the report gives."""
    told = "Latency is the time from arrival to completion; the mean and the 95th percentile are those of"
    classes = results.parameters.workload.classes if isinstance(results.parameters, Scenario) else ()
    held = [f"`{one.name}`" for one in classes if one.deferrable]
    if not held or len(held) == len(classes):
        return f"{told} all completed tasks."
    return f"{told} completed tasks that are not deferrable: all but {', '.join(held)}."


def _below_zero(results: Results) -> Iterator[str]:
    """Warn of t intervals that reach values which the figure cannot have."""
    found = [
        (measure, estimated.method)
        for estimated in results.estimates
        for measure, estimate in estimated.by_measure.items()
        if not DISPLAYS[measure].signed and estimate.low < 0.0 < estimate.mean
    ]
    yield from reaching_too_far("These intervals reach below zero, which the figures themselves cannot", found, "zero")
