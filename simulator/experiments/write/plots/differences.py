"""The picture of paired differences from the reference: a panel for each measure."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS, PERCENT, UNDEFINED_CHANGE, marked, subject
from simulator.experiments.write.medium import Medium, new_figure
from simulator.experiments.write.plots.styles import colour_of, point, published_legend, reach_below, unclutter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEASURES = ("energy_joules", "emissions_grams", "latency_seconds", "renewable_ratio")

DECADES_BEYOND_LINEAR = 1.5
"""Decades from `LINEAR_WITHIN` to the greatest change, above which the axis is a symmetric logarithmic one."""

LINEAR_WITHIN = 10
"""Half-width of the linear part of such an axis, in percent around zero."""


def differences(results: Results, medium: Medium) -> "Figure":
    """Draw paired differences to the reference with their intervals: one panel per measure.

    Differences are relative to the reference's mean; differences of shares are percentage points.
    """
    compared = {one.measure for one in results.comparisons}
    measures = [measure for measure in MEASURES if measure in compared]
    methods = list(dict.fromkeys(one.method for one in results.comparisons))
    rows = math.ceil(len(measures) / medium.panels)
    pitch = 0.28 if medium.titled else 0.2
    figure = new_figure(medium, (1.0 if medium.titled else 0.2) + rows * (1.0 + pitch * len(methods)))
    panels = figure.subplots(rows, medium.panels, sharey=True, squeeze=False).flatten()
    for axes, measure in zip(panels, measures, strict=False):
        _difference_panel(axes, results, measure, methods)
    for axes in panels[len(measures) :]:
        axes.set_visible(False)
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    if medium.titled:
        figure.suptitle(
            f"{subject(results)}: changes relative to {results.reference},\n"
            f"means of {results.replications} paired runs, with 95% confidence intervals",
            fontsize="medium",
        )
    published_legend(figure, panels[0], any(one.published is not None for one in results.comparisons))
    return figure


def _difference_panel(axes: "Axes", results: Results, measure: str, methods: Sequence[str]) -> None:
    display = DISPLAYS[measure]
    unit = "points" if display.is_share else "%"
    changes = []
    for one in results.comparisons:
        if one.measure != measure:
            continue
        change = one.difference if display.is_share else one.relative
        position = methods.index(one.method)
        if change is None:
            _why_none(axes, position)
            continue
        mean = change.mean * PERCENT
        whiskers = [[reach_below(change, display, -1.0) * PERCENT], [(change.high - change.mean) * PERCENT]]
        colour = colour_of(one.method)
        point(axes, mean, position, whiskers, colour)
        changes.append(mean)
        if one.published is not None:
            axes.plot(one.published * PERCENT, position, "D", color="black", markerfacecolor="none", zorder=4)
            changes.append(one.published * PERCENT)
    axes.axvline(0, color="black", linewidth=0.8)
    notes = [display.scope]
    if _decades(changes) > DECADES_BEYOND_LINEAR:
        notes.append(f"(logarithmic beyond {LINEAR_WITHIN})")
        axes.set_xscale("symlog", linthresh=LINEAR_WITHIN)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(axis="x", labelsize="small")
    axes.set_yticks(range(len(methods)), [marked(results, method) for method in methods])
    axes.set_xlabel("\n".join((f"{display.heading}: change ({unit})", *filter(None, notes))))
    axes.margins(x=0.1)
    unclutter(axes)


def _why_none(axes: "Axes", position: int) -> None:
    """Draw the reason in place of a change that cannot be given in percent."""
    beside = axes.get_yaxis_transform()
    axes.text(0.02, position, UNDEFINED_CHANGE, transform=beside, va="center", fontsize="small")


def _decades(changes: Sequence[float]) -> float:
    """Return the number of decades between the linear part of an axis and the greatest change."""
    return math.log10(max([LINEAR_WITHIN, *(abs(change) for change in changes)]) / LINEAR_WITHIN)
