"""The precision of the means in a report."""

from collections.abc import Iterator

from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import WANTED_PRECISION
from simulator.experiments.write.display import DISPLAYS
from simulator.experiments.write.tables import DASH, markdown_table, present


def precision(results: Results) -> Iterator[str]:
    """Yield how well each mean is known, and the replications that would be enough."""
    measures = present(results)
    known = {(one.method, one.measure): one for one in results.precision}
    yield from ("## Precision of the means", "")
    yield (
        "Half-width of the interval relative to the mean, and in brackets the number of replications that would reduce "
        f"it to {WANTED_PRECISION:.0%} at the observed spread. From 100% on the interval includes 0, and no number of "
        "replications is given."
    )
    yield ""
    rows = []
    for estimated in results.estimates:
        row = [estimated.method]
        for measure in measures:
            one = known.get((estimated.method, measure))
            if one is None or one.relative_half_width is None:
                row.append(DASH)
            else:
                needed = "" if one.replications_needed is None else f" ({one.replications_needed:,})"
                row.append(f"{one.relative_half_width:.1%}{needed}")
        rows.append(row)
    yield from markdown_table(["method", *(DISPLAYS[measure].heading for measure in measures)], rows)
