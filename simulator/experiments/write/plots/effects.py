"""The picture of what each lever is worth: main effects and interactions, signed, with their intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiments.find.effects import Effect, Factorial
from simulator.experiments.find.estimates import MISSES
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.write.display import CERTAIN, DISPLAYS, PERCENT, subject
from simulator.experiments.write.medium import Medium, new_figure
from simulator.experiments.write.plots.styles import unclutter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = ("emissions_grams", MISSES)
"""Measures of the panels, where the runs have them."""

SAVES, COSTS = "#0072B2", "#D55E00"
"""Colours of effects below and above zero, dark and lighter in grey, from the palette of Okabe and Ito (2008)."""

GAP = 0.6
"""Room between main effects and interactions, in rows."""


def effects(results: Results, medium: Medium) -> "Figure":
    """Draw each effect as a bar with its interval, hollow where it is not significant: the largest of its kind on top.

    Interactions that the runs cannot tell apart are one bar. The order is that of emissions, alone in a column.
    """
    found = results.factorial
    if not isinstance(found, Factorial):
        raise TypeError("expected the results of a factorial experiment")
    measures = [one for one in SHOWN if any(effect.measure == one for effect in found.effects)][: medium.panels]
    order = _order([one for one in found.effects if one.measure == measures[0]])
    lines = sum(1 + len(one.aliases) for one in order)
    pitch = 0.24 if medium.titled else 0.2
    figure = new_figure(medium, (1.6 if medium.titled else 0.9) + pitch * lines)
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False).flatten()
    for axes, measure in zip(panels, measures, strict=True):
        _panel(axes, order, [one for one in found.effects if one.measure == measure])
    if medium.titled:
        figure.suptitle(
            f"{subject(results)}: effects of the levers, {found.design}, {results.replications} paired seeds,\n"
            f"with 95% confidence intervals; hollow: p (Holm) is not below {CERTAIN:g}",
            fontsize="medium",
        )
    return figure


def _order(effects: Sequence[Effect]) -> list[Effect]:
    """Return the main effects and then the interactions, of each the largest first."""
    return sorted(effects, key=lambda one: (len(one.factors), -abs(_shown(one).mean)))


def _shown(effect: Effect) -> Interval:
    """Return the effect in percent of the mean of all runs, in points for a share, or where there is no mean."""
    if DISPLAYS[effect.measure].is_share or effect.relative is None:
        return effect.difference
    return effect.relative


def _panel(axes: "Axes", order: Sequence[Effect], effects: Sequence[Effect]) -> None:
    known = {one.name: one for one in effects}
    places, at = [], 0.0
    for above, one in zip([None, *order], order, strict=False):
        at += 0.0 if above is None else (1 + len(above.aliases) + 1 + len(one.aliases)) / 2
        at += GAP if above is not None and len(above.factors) < len(one.factors) else 0.0
        places.append(at)
        if one.name in known:
            _bar(axes, at, known[one.name])
    display = DISPLAYS[effects[0].measure]
    share = display.is_share or any(one.relative is None for one in effects)
    axes.set_yticks(places, [one.name.replace(" + ", "\n+ ") for one in order], fontsize="small")
    axes.set_ylim(at + (1 + len(order[-1].aliases)) / 2, -0.8)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"{display.heading}: effect ({display.difference_unit if share else '%'})")
    axes.margins(x=0.08)
    unclutter(axes)


def _bar(axes: "Axes", at: float, effect: Effect) -> None:
    shown, display = _shown(effect), DISPLAYS[effect.measure]
    factor = display.factor if display.is_share or effect.relative is None else PERCENT
    colour = SAVES if shown.mean < 0.0 else COSTS
    whiskers = [[(shown.mean - shown.low) * factor], [(shown.high - shown.mean) * factor]]
    axes.barh(
        at,
        shown.mean * factor,
        0.7,
        color=colour if effect.adjusted < CERTAIN else "white",
        edgecolor=colour,
        xerr=whiskers,
        error_kw={"capsize": 2, "ecolor": "black"},
    )
