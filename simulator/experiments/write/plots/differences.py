"""The picture of paired differences from the reference: a panel for each measure."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiments.find.estimates import MISSES
from simulator.experiments.find.results import Results
from simulator.experiments.find.service import SERVICE_MARGIN
from simulator.experiments.write.display import DISPLAYS, PERCENT, UNDEFINED_CHANGE, marked, subject, with_half_width
from simulator.experiments.write.latex_text import MINUS
from simulator.experiments.write.medium import Medium, new_figure
from simulator.experiments.write.plots.styles import COLOURS, Look, point, published_legend, reach_below, unclutter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOUR = COLOURS["full"]
"""The colour of all points: each row has the name of its method."""

MEASURES = ("energy_joules", "emissions_grams", "latency_seconds", "renewable_ratio")

EQUAL_SERVICE = ("emissions_grams", MISSES)
"""Measures of the picture of emissions beside service."""

DECADES_BEYOND_LINEAR = 1.5
"""Decades from `LINEAR_WITHIN` to the greatest change, above which the axis is a symmetric logarithmic one."""

LINEAR_WITHIN = 10
"""Half-width of the linear part of such an axis, in percent around zero."""

LINEAR_WITHIN_POINTS = 1
"""The same of a difference in late or dropped tasks, in points: twice the margin of equal service."""


def differences(results: Results, medium: Medium) -> "Figure":
    """Draw paired differences to the reference with their intervals: one panel per measure.

    Differences are relative to the reference's mean; differences of shares are percentage points.
    """
    return _panels(results, medium, MEASURES, list(dict.fromkeys(one.method for one in results.comparisons)))


def intervals(results: Results, medium: Medium) -> "Figure":
    """Draw the same of emissions and of service alone, with figures: those of equal service first, the best on top."""
    changes = {one.method: one.difference.mean for one in results.comparisons if one.measure == EQUAL_SERVICE[0]}
    ranked = sorted(changes, key=lambda method: (marked(results, method) != method, changes[method]))
    return _panels(results, medium, EQUAL_SERVICE, ranked, figures=True)


def _panels(
    results: Results, medium: Medium, wanted: Sequence[str], methods: Sequence[str], *, figures: bool = False
) -> "Figure":
    compared = {one.measure for one in results.comparisons}
    measures = [measure for measure in wanted if measure in compared]
    rows = math.ceil(len(measures) / medium.panels)
    pitch = 0.28 if medium.titled else 0.2
    figure = new_figure(medium, (1.0 if medium.titled else 0.2) + rows * (1.0 + pitch * len(methods)))
    panels = figure.subplots(rows, medium.panels, sharey=True, squeeze=False).flatten()
    for axes, measure in zip(panels, measures, strict=False):
        _difference_panel(axes, results, measure, methods)
        if figures:
            _figures(axes, results, measure, methods)
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
        equal = marked(results, one.method) == one.method
        point(axes, mean, position, whiskers, Look(colour=COLOUR, face=COLOUR if equal else "white"))
        changes.append(mean)
        if one.published is not None:
            axes.plot(one.published * PERCENT, position, "D", color="black", markerfacecolor="none", zorder=4)
            changes.append(one.published * PERCENT)
    axes.axvline(0, color="black", linewidth=0.8)
    notes = [display.scope]
    within = LINEAR_WITHIN
    if measure == MISSES:
        within = LINEAR_WITHIN_POINTS
        axes.axvline(SERVICE_MARGIN * PERCENT, color="black", linewidth=0.8, linestyle=":")
        notes.append("(dotted: the margin of equal service)")
    if _decades(changes, within) > DECADES_BEYOND_LINEAR:
        notes.append(f"(logarithmic beyond {within})")
        axes.set_xscale("symlog", linthresh=within)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(axis="x", labelsize="small")
    axes.set_yticks(range(len(methods)), [marked(results, method) for method in methods])
    axes.set_xlabel(
        "\n".join((f"{display.heading}:", f"change from {results.reference} ({unit})", *filter(None, notes)))
    )
    axes.margins(x=0.1)
    if not changes:
        axes.set_xticks([])
    unclutter(axes)


def _figures(axes: "Axes", results: Results, measure: str, methods: Sequence[str]) -> None:
    """Write each difference at the right end of its row."""
    is_share = DISPLAYS[measure].is_share
    found = {
        one.method: one.difference if is_share else one.relative
        for one in results.comparisons
        if one.measure == measure
    }
    told = ["" if (one := found.get(method)) is None else with_half_width(one, PERCENT) for method in methods]
    beside = axes.secondary_yaxis("right")
    beside.set_yticks(range(len(methods)), [one.replace("-", MINUS) for one in told], fontsize="small")
    beside.tick_params(length=0)
    beside.spines["right"].set_visible(False)


def _why_none(axes: "Axes", position: int) -> None:
    """Draw the reason in place of a change that cannot be given in percent."""
    beside = axes.get_yaxis_transform()
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    axes.text(0.02, position, UNDEFINED_CHANGE, transform=beside, va="center", fontsize="small", bbox=ground, zorder=3)


def _decades(changes: Sequence[float], within: int) -> float:
    """Return the number of decades between the linear part of an axis and the greatest change."""
    return math.log10(max([within, *(abs(change) for change in changes)]) / within)
