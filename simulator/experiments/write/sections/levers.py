"""The value of each lever in a report: its first lines, and its section."""

from collections.abc import Iterator, Sequence

from simulator.assembly.layout import layout_of
from simulator.experiments.find.effects import Effect, Factorial, crossed
from simulator.experiments.find.estimates import GRAMS
from simulator.experiments.find.results import Results
from simulator.experiments.write.display import CERTAIN, DISPLAYS, percent_change, with_half_width
from simulator.experiments.write.sections.methods import no_model_gains
from simulator.experiments.write.tables import markdown_table
from simulator.scenario.schema import Scenario

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")
"""Numerals for the resolution of a fraction, as the field writes it."""


def headline(results: Results) -> Iterator[str]:
    """Yield the levers that change the emissions for certain, the greatest change first, and the interactions."""
    if not isinstance(results.factorial, Factorial):
        return
    found = _by_size([one for one in results.factorial.effects if one.measure == GRAMS])
    idle = _idle_levers(results)
    mains = [one for one in found if len(one.factors) == 1 and one.name not in idle]
    certain = [one for one in mains if one.adjusted < CERTAIN]
    rest = [f"`{one.name}`" for one in mains if one not in certain]
    yield f"**Carbon emissions by lever: {', '.join(map(_told, certain)) or 'no change is certain'}.**"
    if rest:
        yield f"Not shown to change them: {', '.join(rest)}."
    pairs = [one for one in found if len(one.factors) == 2 and one.adjusted < CERTAIN]
    yield f"Interactions of two levers: {', '.join(map(_told, pairs)) or 'none is certain'}."
    yield ""


def _told(one: Effect) -> str:
    return f"`{one.name}` {with_half_width(one.difference)} g ({percent_change(one.relative)}%)"


def levers(results: Results) -> Iterator[str]:
    """Yield the section: what an effect is, what the runs cannot tell apart, and the tables."""
    found = results.factorial
    if not isinstance(found, Factorial):
        return
    yield from ("## Value of each lever", "")
    yield (
        "The effect of a lever is the mean of the runs with it on less the mean of those with it off; in each half of "
        "the runs every other lever is on as often as off. The interaction of two levers is half of the change by the "
        "one with the other on, less half of that with the other off: where it has the sign of their effects they help "
        "each other, where it has the opposite sign each leaves less for the other."
    )
    yield ""
    yield (
        f"Intervals are those of one contrast for each of the {results.replications} seeds. Bold effects have p < "
        f"{CERTAIN} by the paired t test, adjusted by Holm's method over the {len(found.effects)} effects of these two "
        "tables. Percentages are of the mean of all runs. `effects.csv` has every effect with its p-values."
    )
    yield ""
    yield from _mixed(results, found)
    for heading, size in (("lever", 1), ("interaction", 2)):
        yield from _table(heading, [one for one in found.effects if len(one.factors) == size])
    yield from _higher(found)


def _mixed(results: Results, found: Factorial) -> Iterator[str]:
    """Say what the runs of a fraction cannot tell apart."""
    if not found.generators:
        yield f"The runs are all of the {found.design}: every interaction is told apart from all others."
        yield ""
        return
    generators = "; ".join(f"`{one}` is {crossed(levers)}" for one, *levers in found.generators)
    resolution = ROMAN[min(map(len, found.relation)) - 1]
    relation = "; ".join(map(crossed, found.relation))
    yield (
        f"The runs are a {found.design} fraction of resolution {resolution}: {generators}. These products are the "
        f"same in every run: {relation}. So no lever's effect is mixed with an interaction of two levers, but with "
        "some of three, which are taken to be zero; and interactions of two that are joined by a plus cannot be told "
        "apart: the figure is their sum. `--full` runs every combination."
    )
    yield ""
    idle = _idle_levers(results)
    if idle:
        yield (
            f"On this scenario {' and '.join(f'`{one}`' for one in idle)} can change nothing, alone or with others. "
            "What stands in such a row are the interactions of three levers that are mixed with it, which tells how "
            "large these may be in the other rows; and no part of a sum of interactions is one with it."
        )
        yield ""


def _idle_levers(results: Results) -> list[str]:
    """Return the levers without an effect of their own: what stands in their rows is that of others."""
    return list(_idle(results.parameters)) if isinstance(results.parameters, Scenario) else []


def _idle(scenario: Scenario) -> Iterator[str]:
    """Yield the levers that have nothing to act on."""
    if no_model_gains(scenario):
        yield "compression"
    if all(bus.battery is None for bus in layout_of(scenario).buses):
        yield "batteries"
    if not any(kind.deferrable for kind in scenario.workload.classes):
        yield "shift"
    if len(scenario.sites) < 2:
        yield "move"


def _table(heading: str, effects: Sequence[Effect]) -> Iterator[str]:
    """Yield the effects in all measures, in the order of what they do to the emissions."""
    measures = list(dict.fromkeys(one.measure for one in effects))
    known = {(one.name, one.measure): one for one in effects}
    names = dict.fromkeys(one.name for one in _by_size([one for one in effects if one.measure == measures[0]]))
    headings = [heading]
    for measure in measures:
        display = DISPLAYS[measure]
        headings.append(f"{display.heading} ({display.difference_unit})")
        headings += ["(%)"] if measure == GRAMS else []
    rows = []
    for name in names:
        row = [name]
        for measure in measures:
            one = known[name, measure]
            told = with_half_width(one.difference, DISPLAYS[measure].factor)
            row.append(f"**{told}**" if one.adjusted < CERTAIN else told)
            row += [percent_change(one.relative)] if measure == GRAMS else []
        rows.append(row)
    yield from markdown_table(headings, rows)


def _higher(found: Factorial) -> Iterator[str]:
    """Tell the interactions of three levers that are certain, of those that no other effect holds."""
    if not found.higher:
        return
    whose = f"The {len({one.name for one in found.higher})} interactions of three levers"
    if found.generators:
        whose = "The interactions of three levers that are mixed with no effect above, in one sum"
    told = "; ".join(map(_told_of_three, _by_size([one for one in found.higher if one.adjusted < CERTAIN])))
    yield (
        f"{whose}: {told or 'none is certain'} (p < {CERTAIN}, adjusted by Holm's method over these "
        f"{len(found.higher)}; the others are not shown to differ from zero)."
    )
    yield ""


def _told_of_three(one: Effect) -> str:
    display = DISPLAYS[one.measure]
    told = f"{display.heading.lower()} {with_half_width(one.difference, display.factor)} {display.difference_unit}"
    return told if one.aliases else f"{one.name} {told}"


def _by_size(effects: Sequence[Effect]) -> list[Effect]:
    """Return effects in the order of their size over the mean, the greatest first; in grams where that may be zero."""
    return sorted(effects, key=lambda one: -abs((one.relative or one.difference).mean))
