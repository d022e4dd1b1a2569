"""The paired differences from the reference in a report."""

from collections.abc import Iterator

from simulator.experiments.find.analysis import Comparison
from simulator.experiments.find.results import Results
from simulator.experiments.write.display import (
    DISPLAYS,
    UNDEFINED_CHANGE,
    marked,
    p_text,
    percent_change,
    with_half_width,
)
from simulator.experiments.write.sections.reach import reaching_too_far
from simulator.experiments.write.tables import markdown_table


def differences(results: Results) -> Iterator[str]:
    """Yield the paired difference of each method from the reference, measure by measure."""
    if not results.comparisons:
        return
    yield from (f"## Paired differences from {results.reference}", "")
    yield (
        "Differences are between runs with the same seed. The change is relative to the mean of the reference, and its "
        "interval includes the uncertainty of that mean. The p-values are those of the paired t test, adjusted by "
        f"Holm's method over the {len(results.comparisons)} comparisons of this report."
    )
    yield ""
    yield from _limits_of_changes(results)
    yield from markdown_table(
        ["method", "measure", "difference", "change (%)", "p (Holm)"],
        [
            [
                marked(results, one.method),
                DISPLAYS[one.measure].heading,
                _difference(one),
                percent_change(one.relative),
                p_text(one.p_adjusted),
            ]
            for one in results.comparisons
        ],
    )


def _limits_of_changes(results: Results) -> Iterator[str]:
    """Say why some changes are not given in percent, and which of the others reach too far."""
    if any(one.relative is None for one in results.comparisons):
        yield (
            f'"{UNDEFINED_CHANGE}": the mean of `{results.reference}` itself does not differ significantly from zero, '
            "so a change relative to that mean is undefined."
        )
        yield ""
    found = [
        (one.measure, one.method)
        for one in results.comparisons
        if one.relative is not None and not DISPLAYS[one.measure].signed and one.relative.low < -1.0 < one.relative.mean
    ]
    yield from reaching_too_far(
        "These intervals reach below -100%, which the changes themselves cannot", found, "-100%"
    )


def _difference(one: Comparison) -> str:
    display = DISPLAYS[one.measure]
    return f"{with_half_width(one.difference, display.factor)} {display.difference_unit}"
