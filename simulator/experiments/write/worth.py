"""The worth of forecasts in a report: its first line, and its section."""

from collections.abc import Iterator

from simulator.experiments.find.results import Results
from simulator.experiments.find.worth import GRAMS, PERFECT, WORTHWHILE, Needed, Share, Worth
from simulator.experiments.write.display import CERTAIN, PERCENT, percent_change, plain, with_half_width
from simulator.experiments.write.tables import DASH, markdown_table


def headline(results: Results) -> Iterator[str]:
    """Yield the answer in a line: which forecasts save grams beside the reference, if any."""
    if not isinstance(results.worth, Worth):
        return
    found = {one.method: one for one in results.comparisons if one.measure == GRAMS}
    certain = {name for name, one in found.items() if one.p_adjusted < CERTAIN}

    def told(name: str) -> str:
        return f"`{name}` {percent_change(found[name].relative)}%"

    less = [name for name, one in found.items() if name in certain and one.difference.mean < 0.0]
    more = [name for name, one in found.items() if name in certain and one.difference.mean > 0.0]
    models = [name for name in less if not name.endswith(PERFECT)]
    reference = f"`{results.reference}`"
    first = f"Fewer grams than with {reference}: {', '.join(map(told, models))}."
    if not models:
        first = f"No forecaster earns anything here beside {reference} that {results.replications} seeds make certain"
        perfect = [name for name in less if name.endswith(PERFECT)]
        first += f"; to know the future does: {', '.join(map(told, perfect))}." if perfect else _perfect(results)
    yield f"**{first}**" + (f" More grams: {', '.join(map(told, more))}." if more else "")
    yield ""


def _perfect(results: Results) -> str:
    """Return the end of the line where nothing is certain of perfect forecasts either."""
    shares = results.worth.shares if isinstance(results.worth, Worth) else ()
    told = [with_half_width(one.difference) for one in shares if one.method == PERFECT]
    return "".join(f"; perfect forecasts are {one} g from it." for one in told) or "."


def worth(results: Results) -> Iterator[str]:
    """Yield the section with the share of each method, and the seeds that are needed."""
    found = results.worth
    if not isinstance(found, Worth):
        return
    yield from ("## Worth of forecasts", "")
    yield (
        f"Grams beside those of `{results.reference}`, of runs with the same seed, and the part of what perfect "
        "forecasts of the same quantity save. No part is given where the interval of what these save is not above 0."
    )
    yield ""
    yield from markdown_table(["method", "difference (g)", "of perfect (%)"], [_share(one) for one in found.shares])
    if not found.needed:
        return
    seeds = found.pilot_seeds
    yield (
        f"A pilot with the seeds {seeds[0]} to {seeds[-1]}, which are none of these, tells how many seeds a paired "
        f"t test needs to find with a probability of 80% a difference of {WORTHWHILE:.0%} of the grams of "
        f"`{results.reference}`, or one as large as the pilot's own. Here are {results.replications}."
    )
    yield ""
    headings = ["method", "difference in the pilot (g)", "deviation of pairs (g)", "seeds for 1%", "seeds for its own"]
    yield from markdown_table(headings, [_needed(one) for one in found.needed])


def _share(one: Share) -> list[str]:
    of_perfect = DASH if one.of_perfect is None else with_half_width(one.of_perfect, PERCENT)
    return [one.method, with_half_width(one.difference), of_perfect]


def _needed(one: Needed) -> list[str]:
    counts = [DASH if count is None else f"{count:,}" for count in (one.for_a_percent, one.for_the_difference)]
    return [one.method, plain(one.difference), plain(one.deviation), *counts]
