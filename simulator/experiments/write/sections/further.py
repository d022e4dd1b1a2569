"""The further measures of an experiment, in its report."""

from collections.abc import Iterator

from simulator.experiments.find.analysis import FURTHER
from simulator.experiments.find.results import Results
from simulator.experiments.find.unfinished import left_over
from simulator.experiments.write.display import DISPLAYS, marked, with_half_width
from simulator.experiments.write.sections.unfinished import LEFT_OVER, unfinished
from simulator.experiments.write.tables import cell, markdown_table


def further(results: Results) -> Iterator[str]:
    """Yield the table of the figures that methods are not compared by, and what they leave open."""
    measures = [measure for measure in FURTHER if any(measure in estimated.by_measure for estimated in results.further)]
    left = left_over(results)
    rows = [
        [
            marked(results, estimated.method),
            *(cell(estimated.by_measure, measure) for measure in measures),
            *([with_half_width(left[estimated.method].tasks)] if left else []),
        ]
        for estimated in results.further
        if estimated.by_measure
    ]
    headings = ["method", *(DISPLAYS[measure].title for measure in measures), *([LEFT_OVER.title] if left else [])]
    yield from ("Further measures:", "")
    yield from markdown_table(headings, rows)
    if "life_cycle_grams" in measures:
        yield (
            "Life-cycle emissions are those of making panels, turbines and batteries. They are a scope of their own: "
            "carbon emissions, costs and regret have none of them."
        )
        yield ""
    if "stored_change_joules" in measures:
        yield (
            "The measures above give no value to the energy that batteries hold at the end of a run, nor to tasks that "
            "are unfinished then. Where two methods differ more in these than in emissions, the experiment does not "
            "tell which of the methods is better."
        )
        yield ""
    told = list(unfinished(left))
    if told:
        yield from (" ".join(told), "")
