"""The picture of all methods over several measures."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS, PROMPT_TASKS, marked, subject
from simulator.experiments.write.medium import Medium, new_figure
from simulator.experiments.write.plots.styles import look_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes
    from matplotlib.typing import LineStyleType

MEASURES = ("energy_joules", "emissions_grams", "latency_seconds", "renewable_ratio", "cost_dollars")

STYLES: Sequence["tuple[LineStyleType, str]"] = (
    ("-", "o"),
    ("--", "s"),
    ("-.", "^"),
    (":", "D"),
    ((0, (5, 1)), "v"),
    ((0, (3, 1, 1, 1)), "P"),
)
"""Styles of lines and their marks, which tell lines apart without colour."""


def radar(results: Results, medium: Medium) -> "Figure":
    """Draw all methods over several measures, each scaled between the worst and the best of them."""
    measures = [one for one in MEASURES if all(one in estimated.by_measure for estimated in results.estimates)]
    angles = [2 * math.pi * index / len(measures) for index in range(len(measures))]
    figure = new_figure(medium, 6.5 if medium.titled else 4.2)
    axes = cast("PolarAxes", figure.subplots(subplot_kw={"projection": "polar"}))
    scaled = {measure: _scaled(results, measure) for measure in measures}
    for index, estimated in enumerate(results.estimates):
        values = [scaled[measure][index] for measure in measures]
        colour = look_of(results, estimated.method).colour
        # Later lines are thinner, so that a line stays visible on both sides of another that covers it.
        left = len(results.estimates) - index
        style, mark = STYLES[index % len(STYLES)]
        axes.plot(
            [*angles, angles[0]],
            [*values, values[0]],
            color=colour,
            label=marked(results, estimated.method),
            linestyle=style,
            linewidth=0.12 * medium.points * left,
            marker=mark,
            markersize=0.35 * medium.points + left,
        )
    axes.set_xticks(angles, [DISPLAYS[measure].heading for measure in measures])
    for label, angle in zip(axes.get_xticklabels(), angles, strict=True):
        label.set_horizontalalignment(("right", "center", "left")[round(math.cos(angle)) + 1])
    axes.tick_params(axis="x", pad=8)
    axes.set_yticks([0, 0.5, 1], [])
    for radius, name in ((0.15, "worst"), (1.1, "best")):
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(angles[1] / 2, radius, name, size="small", color="#555555", ha="center", va="center", bbox=white)
    # The ring of the best method is the outermost line.
    axes.spines["polar"].set_visible(False)
    axes.set_ylim(-0.35, 1.05)
    if medium.titled:
        axes.set_title(
            f"{subject(results)}: means, each axis scaled from its worst to its best method\n"
            "(the axes do not show how large differences are; the bar charts do)\n"
            f"Latency is that {PROMPT_TASKS}",
            fontsize="medium",
            pad=28,
        )
    figure.legend(loc="outside lower center", ncols=3 if medium.titled else 2, frameon=False)
    return figure


def _scaled(results: Results, measure: str) -> list[float]:
    """Return 1 for the best mean and 0 for the worst; 1 for all where they are equal."""
    sign = 1.0 if measure == "renewable_ratio" else -1.0
    means = [sign * estimated.by_measure[measure].mean for estimated in results.estimates]
    worst, best = min(means), max(means)
    return [(mean - worst) / (best - worst) if best > worst else 1.0 for mean in means]
