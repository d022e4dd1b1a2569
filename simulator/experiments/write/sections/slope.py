"""The published slope in a report: its first paragraph."""

from collections.abc import Iterator

from simulator.experiments.find.results import Results
from simulator.experiments.find.slope import PUBLISHED_ERROR, PUBLISHED_SLOPE, SAME_ORDER, Slope
from simulator.experiments.write.display import with_half_width


def headline(results: Results) -> Iterator[str]:
    """Yield the answer: whether sign and order of magnitude of the published slope were found."""
    if not isinstance(results.slopes, list):
        return
    for one in results.slopes:
        told = _published(one) if one.is_published else _within(one)
        yield f"**{told}**" if one.is_published else told
    yield (
        f"Intervals are those of the mean over {results.replications} years of weather. The published figure is of 56 "
        "sets of three of eight countries in one year of weather, with its standard error."
    )
    yield ""


def _published(one: Slope) -> str:
    if one.same_sign and one.same_order:
        answer = "Sign and order of magnitude are as published"
    elif one.same_sign:
        answer = f"The sign is as published; the order of magnitude, within a factor of {SAME_ORDER:g}, is not"
    else:
        found = "the other one" if one.per_percent.low > 0.0 else "not certain"
        answer = f"The published slope was not found: the sign is {found}"
    return (
        f"{answer}: for each percent of load that may move between sites and within a day, the cost of matched supply "
        f"changes by {with_half_width(one.per_percent)} euros/MWh; published: {PUBLISHED_SLOPE} ± {PUBLISHED_ERROR}. "
        f"Load that never moves costs {with_half_width(one.rigid)} euros/MWh."
    )


def _within(one: Slope) -> str:
    return f"Load that moves within a day and its own site alone: {with_half_width(one.per_percent)}."
