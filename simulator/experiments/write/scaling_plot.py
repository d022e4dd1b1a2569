"""The pictures of the scaling experiment."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results, Runs
from simulator.experiments.write.display import DISPLAYS, Display
from simulator.experiments.write.plots import COLOURS, caption, new_figure, reach_below

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


def scaling(results: Results) -> "Figure":
    """Draw a measure over a size in each panel, with intervals and published figures."""
    panels = [(panel, measure, points) for panel, measure in PANELS if (points := _points(results, panel, measure))]
    rows = (len(panels) + 1) // 2
    figure = new_figure(0.6 + 2.7 * rows)
    grid = figure.subplots(rows, 2, squeeze=False).flatten()
    for axes, (panel, measure, points) in zip(grid, panels, strict=False):
        _line(axes, DISPLAYS[measure], points)
        if panel == "saturation":
            _proportion(axes, points, len(results.parameters.nodes))
        else:
            # Margins are relative to the spread, which may be zero.
            axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        axes.set_xlabel(AXES[panel])
        if len(axes.get_legend_handles_labels()[1]) > 1:
            axes.legend(frameon=False, fontsize="small")
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    figure.suptitle(caption(results), fontsize="medium")
    return figure


def _points(results: Results, panel: str, measure: str) -> list[tuple[Runs, Estimate]]:
    """Return the cases of the panel that have the measure, with its estimate."""
    found = []
    for case, estimated, further in zip(results.cases, results.estimates, results.further, strict=True):
        estimate = {**estimated.by_measure, **further.by_measure}.get(measure)
        if case.panel == panel and estimate is not None:
            found.append((case, estimate))
    return found if any(estimate.mean for _, estimate in found) else []


def _line(axes: "Axes", display: Display, points: Sequence[tuple[Runs, Estimate]]) -> None:
    sizes = [case.size for case, _ in points]
    means = [estimate.mean * display.factor for _, estimate in points]
    below = [reach_below(estimate, display) * display.factor for _, estimate in points]
    above = [(estimate.high - estimate.mean) * display.factor for _, estimate in points]
    axes.errorbar(
        sizes, means, yerr=[below, above], fmt="o-", color=COLOURS["full"], ecolor="black", capsize=3, label="simulated"
    )
    published = [(case.size, estimate.published * display.factor) for case, estimate in points if estimate.published]
    if published:
        axes.plot(*zip(*published, strict=True), "D", color="black", markerfacecolor="white", label="published formula")
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.margins(y=0.15)
    axes.set_ylabel(display.axis)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#DDDDDD", linewidth=0.6)


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
