"""The worth of forecasts in a report: its first lines, and its section."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.experiments.find.estimates import GRAMS
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.find.worth import PERFECT, WORTHWHILE, Needed, Share, Whole, Worth
from simulator.experiments.plan.cases import REFERENCE
from simulator.experiments.write.display import CERTAIN, PERCENT, percent_change, plain, with_half_width
from simulator.experiments.write.sections.methods import methods_of
from simulator.experiments.write.tables import DASH, markdown_table


def headline(results: Results) -> Iterator[str]:
    """Yield the answers: what forecasts save of all grams and beside the reference, and of all grams of other policies.

    What is negative comes first.
    """
    if not isinstance(results.worth, Worth):
        return
    own, others = results.worth.whole[:1], results.worth.whole[1:]
    told = [*map(_of_all_grams, own), _beside_the_reference(results)]
    told.sort(key=lambda answers: not any(one.negative for one in answers))
    # Of a policy of which only what was observed has been run there is no answer.
    for answers in filter(None, (*told, *map(_of_all_grams, others))):
        answers.sort(key=lambda one: not one.negative)
        first, *rest = (one.text for one in answers)
        yield " ".join([f"**{first}**", *rest])
        yield ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A sentence of the first lines; a negative one is that something is worth nothing, or harms."""

    text: str
    negative: bool


def _of_all_grams(one: Whole) -> list[Answer]:
    """Return what the policy gains of all its grams by the future, by the convex combination and by climatology."""
    under = f"under `{one.policy}`"
    answers = []
    if one.perfect is not None:
        saved = f"{with_half_width(one.perfect, PERCENT)}% of all grams {under}"
        if one.of_reference is not None:
            saved += f" ({with_half_width(one.of_reference, PERCENT)}% of those of `{REFERENCE}`)"
        if one.perfect.low > 0.0:
            text = f"To know the future saves {saved}, beside repeating what was observed."
        else:
            text = f"To know the future saves {_nothing(one.perfect)} beside repeating what was observed: {saved}."
        answers.append(Answer(text=text, negative=one.perfect.low <= 0.0))
    if one.convex is not None:
        part = f"{with_half_width(one.convex, PERCENT)}%"
        if one.convex.low > 0.0:
            text = f"Of that the convex combination reaches {part}."
        else:
            nothing = _nothing(one.convex)
            text = f"Of what the future would save {under}, the convex combination reaches {nothing}: {part}."
        answers.append(Answer(text=text, negative=one.convex.low <= 0.0))
    if one.climatology is not None:
        change = f"{percent_change(one.climatology)}% of grams"
        if one.climatology.low > 0.0:
            text = f"Climatology alone harms {under}, beside repeating what was observed: {change}."
        else:
            certain = "saves" if one.climatology.high < 0.0 else "changes nothing certain"
            text = f"Climatology alone {certain} {under}: {change}."
        answers.append(Answer(text=text, negative=one.climatology.low > 0.0))
    return answers


def _nothing(interval: Interval) -> str:
    return "nothing" if interval.high < 0.0 else "nothing certain"


def _beside_the_reference(results: Results) -> list[Answer]:
    """Return the forecasts that save grams beside the reference, and those that cost, under the same policy."""
    policies = {name: method.policy for name, method in methods_of(results).items()}
    found = {
        one.method: one
        for one in results.comparisons
        if one.measure == GRAMS and policies[one.method] == policies[str(results.reference)]
    }
    certain = {name for name, one in found.items() if one.p_adjusted < CERTAIN}

    def told(name: str) -> str:
        return f"`{name}` {percent_change(found[name].relative)}%{_service(results, name)}"

    less = [name for name, one in found.items() if name in certain and one.difference.mean < 0.0]
    more = [name for name, one in found.items() if name in certain and one.difference.mean > 0.0]
    models = [name for name in less if not name.endswith(PERFECT)]
    reference = f"`{results.reference}`"
    first = f"Fewer grams than with {reference}: {', '.join(map(told, models))}."
    if not models:
        first = f"No forecaster earns anything here beside {reference} that {results.replications} seeds make certain"
        perfect = [name for name in less if name.endswith(PERFECT)]
        first += f"; to know the future does: {', '.join(map(told, perfect))}." if perfect else _perfect(results)
    costly = [Answer(text=f"More grams: {', '.join(map(told, more))}.", negative=False)] if more else []
    return [Answer(text=first, negative=not models), *costly]


def _service(results: Results, method: str) -> str:
    """Return what a change of grams hides where service is not that of the reference."""
    if method in results.serving_less:
        return " (serves fewer tasks on time)"
    return " (not shown to serve as many tasks on time)" if method in results.service_not_shown else ""


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
    yield from _whole(found)
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


def _whole(found: Worth) -> Iterator[str]:
    if not found.whole:
        return
    yield (
        "Of all the grams that a policy emits when it is told what was observed: what perfect forecasts save, also as "
        f"a share of what `{REFERENCE}` emits; the part of that which the convex combination saves, where there is "
        "certainly any; and the change by climatology alone."
    )
    yield ""
    of_reference = f"of `{REFERENCE}` (%)"
    headings = ["policy", "saved by perfect (%)", of_reference, "convex, of that (%)", "change by climatology (%)"]
    rows = [
        [f"`{one.policy}`", *map(_percent, (one.perfect, one.of_reference, one.convex, one.climatology))]
        for one in found.whole
    ]
    yield from markdown_table(headings, rows)


def _percent(interval: Interval | None) -> str:
    return DASH if interval is None else with_half_width(interval, PERCENT)


def _share(one: Share) -> list[str]:
    return [one.method, with_half_width(one.difference), _percent(one.of_perfect)]


def _needed(one: Needed) -> list[str]:
    counts = [DASH if count is None else f"{count:,}" for count in (one.for_a_percent, one.for_the_difference)]
    return [one.method, plain(one.difference), plain(one.deviation), *counts]
