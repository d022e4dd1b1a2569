"""Sensitivity in a report: its first paragraph, and its section."""

from collections.abc import Iterator, Sequence

from simulator.experiments.find.estimates import GRAMS, MISSES
from simulator.experiments.find.results import Results
from simulator.experiments.find.sensitivity import Sensitivity, Variation
from simulator.experiments.write.display import (
    DISPLAYS,
    UNDEFINED_CHANGE,
    percent_change,
    with_half_width,
)
from simulator.experiments.write.tables import DASH, markdown_table

OTHER_SIGN = "other sign"
NOT_SHOWN = "sign not shown"
LESS_SERVICE = "serves fewer on time"
SERVICE_NOT_SHOWN = "service not shown"


def headline(results: Results) -> Iterator[str]:
    """Yield the answer in a paragraph: the headline, its range, what it hangs on, and where its sign changes."""
    found = results.sensitivity
    if not isinstance(found, Sensitivity):
        return
    settings = [found.unchanged, *found.variations]
    change = found.unchanged.difference
    told = f"{percent_change(change)}%" if change is not None else f"no change in percent ({UNDEFINED_CHANGE})"
    first = f"`{found.method}` against `{found.against}`, every node awake and with the same compression: "
    first += f"carbon emissions {told}"
    ranked = [one for one in settings if one.difference is not None]
    ranked.sort(key=lambda one: one.difference.mean if one.difference is not None else 0.0)
    if found.variations and ranked:
        ends = (f"{percent_change(one.difference)}% (`{one.setting}`)" for one in (ranked[0], ranked[-1]))
        first += f". With one parameter halved or doubled: {' to '.join(ends)}"
    yield f"**{first}.** {' '.join(_sentences(found, settings))}"
    yield ""


def _sentences(found: Sensitivity, settings: Sequence[Variation]) -> Iterator[str]:
    if found.unchanged.setting in found.not_shown:
        yield from _without_sign(found, settings)
    elif found.changes_sign:
        yield f"The sign changes with {_named(found.changes_sign, settings)}."
    elif not found.not_shown:
        yield f"The sign is the same in all {len(settings)} settings, each with its whole interval on one side of zero."
    else:
        yield "No setting has its whole interval on the other side of zero."
    if found.not_shown:
        yield f"No sign is shown with {_named(found.not_shown, settings)}."
    if found.low is not None and len({one.parameter for one in found.variations}) > 1:
        first, last = found.variations[0].parameter, found.variations[-1].parameter
        yield f"It hangs most on `{first}` and least on `{last}`."
    less = [one.setting for one in settings if one.serves_less]
    if less:
        yield f"`{found.method}` serves fewer tasks on time than `{found.against}` with {_named(less, settings)}."
    unknown = [one.setting for one in settings if one.serves_less is None]
    if unknown:
        told = f"`{found.method}` is not shown to serve as many tasks on time as `{found.against}`"
        yield f"{told} with {_named(unknown, settings)}."


def _without_sign(found: Sensitivity, settings: Sequence[Variation]) -> Iterator[str]:
    """Tell the settings that show a sign where the scenario itself shows none, which so cannot change."""
    for told, sign in (("less", -1.0), ("more", 1.0)):
        shown = [one.setting for one in settings if one.difference is not None and sign * one.difference.mean > 0.0]
        shown = [one for one in shown if one not in found.not_shown]
        if shown:
            yield f"`{found.method}` emits {told} than `{found.against}` with {_named(shown, settings)}."


def _named(names: Sequence[str], settings: Sequence[Variation]) -> str:
    if len(names) == len(settings):
        return "any setting"
    return ", ".join(f"`{one}`" for one in names)


def sensitivity(results: Results) -> Iterator[str]:
    """Yield the section with the headline at each setting."""
    found = results.sensitivity
    if not isinstance(found, Sensitivity):
        return
    yield from ("## Sensitivity", "")
    yield (
        f"Each setting is the scenario with one parameter times a factor. Both methods ran in it with the same seeds; "
        f"the change is that of `{found.method}` relative to the mean of `{found.against}` in the same setting, with "
        "its paired 95% interval. Parameters stand in the order in which they move the change."
    )
    yield ""
    grams, misses = DISPLAYS[GRAMS], DISPLAYS[MISSES]
    headings = [
        "setting",
        f"{found.method} ({grams.unit})",
        f"{found.against} ({grams.unit})",
        "change (%)",
        f"{misses.heading} ({misses.difference_unit})",
        "note",
    ]
    settings = [found.unchanged, *found.variations]
    yield from markdown_table(headings, [_line(found, one) for one in settings])


def _line(found: Sensitivity, one: Variation) -> list[str]:
    notes = [
        text
        for text, holds in (
            (OTHER_SIGN, one.setting in found.changes_sign),
            (NOT_SHOWN, one.setting in found.not_shown),
            (LESS_SERVICE, one.serves_less),
            (SERVICE_NOT_SHOWN, one.serves_less is None),
        )
        if holds
    ]
    misses = DASH if one.misses is None else with_half_width(one.misses, DISPLAYS[MISSES].factor)
    means = [with_half_width(grams, DISPLAYS[GRAMS].factor) for grams in (one.grams, one.against_grams)]
    return [one.setting, *means, percent_change(one.difference), misses, ", ".join(notes) or DASH]
