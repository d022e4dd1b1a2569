"""The pictures of the scaling experiment."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results, Runs
from simulator.experiments.write.display import DISPLAYS, Display
from simulator.experiments.write.medium import Medium, new_figure, set_scale
from simulator.experiments.write.plots.styles import COLOURS, caption, reach_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXES = {
    "saturation": "Number of nodes",
    "nodes": "Number of nodes",
    "workload": "Number of tasks",
    "rate": "Arrival rate (tasks/h)",
}

PANELS = (
    ("saturation", "saturation_tasks_per_second"),
    ("nodes", "throughput_tasks_per_hour"),
    ("nodes", "latency_seconds"),
    ("workload", "deadline_miss_ratio"),
    ("workload", "latency_seconds"),
    ("workload", "energy_per_task_joules"),
    ("rate", "latency_seconds"),
    ("rate", "energy_per_task_joules"),
)
"""Axis and measure of each panel; panels without figures, or with only zeros, are left out."""


def scaling(results: Results, medium: Medium) -> "Figure":
    """Draw a measure over a size in each panel, with intervals and published figures."""
    panels = [(panel, measure, points) for panel, measure in PANELS if (points := _points(results, panel, measure))]
    rows = math.ceil(len(panels) / medium.panels)
    figure = new_figure(medium, 0.6 + 2.7 * rows if medium.titled else 2.4 * rows)
    grid = figure.subplots(rows, medium.panels, squeeze=False).flatten()
    for axes, (panel, measure, points) in zip(grid, panels, strict=False):
        display = DISPLAYS[measure]
        note = _line(axes, display, points)
        axes.set_ylabel(f"{display.axis if medium.titled else _narrow(display)}\n{note}".rstrip())
        if panel == "saturation":
            _proportion(axes, points, len(results.parameters.nodes))
        elif axes.get_yscale() == "linear":
            # Margins are relative to the spread, which may be zero.
            axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        axes.set_xlabel(AXES[panel])
        if len(axes.get_legend_handles_labels()[1]) > 1:
            axes.legend(frameon=False, fontsize="small")
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    if medium.titled:
        figure.suptitle(caption(results), fontsize="medium")
    return figure


def _narrow(display: Display) -> str:
    """Return the title for an axis that is no longer than two inches."""
    return "\n".join((display.title, *textwrap.wrap(display.scope, 20)))


def _points(results: Results, panel: str, measure: str) -> list[tuple[Runs, Estimate]]:
    """Return the cases of the panel that have the measure, with its estimate."""
    found = []
    for case, estimated, further in zip(results.cases, results.estimates, results.further, strict=True):
        estimate = {**estimated.by_measure, **further.by_measure}.get(measure)
        if case.panel == panel and estimate is not None:
            found.append((case, estimate))
    return found if any(estimate.mean for _, estimate in found) else []


def _line(axes: "Axes", display: Display, points: Sequence[tuple[Runs, Estimate]]) -> str:
    """Draw a measure by size, and return what the title of its axis has to say of the scale."""
    sizes = [case.size for case, _ in points]
    means = [estimate.mean * display.factor for _, estimate in points]
    below = [reach_below(estimate, display) * display.factor for _, estimate in points]
    above = [(estimate.high - estimate.mean) * display.factor for _, estimate in points]
    axes.errorbar(
        sizes, means, yerr=[below, above], fmt="o-", color=COLOURS["full"], ecolor="black", capsize=2, label="simulated"
    )
    published = [(case.size, estimate.published * display.factor) for case, estimate in points if estimate.published]
    if published:
        axes.plot(*zip(*published, strict=True), "D", color="black", markerfacecolor="white", label="published formula")
    note = set_scale(axes, "y", means)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.margins(y=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    return note


def _proportion(axes: "Axes", points: Sequence[tuple[Runs, Estimate]], whole: int) -> None:
    """Draw growth in proportion to the nodes, from the scenario's own cluster on: fewer nodes are another mix."""
    axes.set_yscale("log")
    grown = [(case.size, estimate.mean) for case, estimate in points if case.size >= whole]
    if grown:
        size, mean = grown[0]
        axes.plot(
            [one for one, _ in grown],
            [mean * one / size for one, _ in grown],
            "--",
            color="#7F7F7F",
            label="proportional to the nodes",
        )
