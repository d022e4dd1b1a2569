"""The picture of all methods in grams, misses and cost, with the front that none of them beats."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from simulator.experiments.find.estimates import GRAMS, MISSES
from simulator.experiments.find.front import Point
from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS, marked, subject
from simulator.experiments.write.medium import Medium, new_figure, set_scale
from simulator.experiments.write.plots.labels import name_points
from simulator.experiments.write.plots.styles import unclutter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOLLARS = "cost_dollars"

COLOUR_MAP = "cividis"
"""Colours of the cost, from dark blue to yellow: their lightness rises all the way, so that they tell the same in grey
and to the colour-blind (Nunez, Anderton and Renslow, Optimizing colormaps with consideration for color vision
deficiency, 2018)."""

SIZES = (22.0, 48.0)
"""Areas of the marks beside the front and on it, in square points."""


def front(results: Results, medium: Medium) -> "Figure":
    """Draw each method by grams and misses, its cost as colour; those on the front are large, and the step joins them.

    The front is that of all three measures; the step is that of grams and misses alone.
    """
    figure = new_figure(medium, 5.2 if medium.titled else 4.6)
    axes = figure.subplots()
    points, cost = results.front, DISPLAYS[DOLLARS]
    dollars = [one.dollars * cost.factor for one in points]
    notes = [set_scale(axes, "x", [one.grams for one in points])]
    notes.append(set_scale(axes, "y", [one.misses * DISPLAYS[MISSES].factor for one in points]))
    corners = _step(axes, points)
    drawn = axes.scatter(
        [one.grams * DISPLAYS[GRAMS].factor for one in points],
        [one.misses * DISPLAYS[MISSES].factor for one in points],
        [SIZES[one.on_front] for one in points],
        dollars,
        cmap=COLOUR_MAP,
        edgecolors=["black" if one.on_front else "#7F7F7F" for one in points],
        linewidths=0.8,
        zorder=3,
    )
    axes.set_xlabel(f"{DISPLAYS[GRAMS].title}\n{notes[0]}".rstrip())
    axes.set_ylabel(f"{DISPLAYS[MISSES].title}\n{notes[1]}".rstrip())
    axes.margins(0.12)
    unclutter(axes)
    axes.spines["left"].set_visible(True)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    if max(dollars) > min(dollars):
        figure.colorbar(drawn, ax=axes, label=cost.title, aspect=30, location="right" if medium.panels > 1 else "top")
    if medium.titled:
        figure.suptitle(
            f"{subject(results)}: means of {results.replications} runs\n"
            "Large: no other is as good in emissions, service and cost; line: the best of the first two",
            fontsize="medium",
        )
    named = [(one.grams, one.misses * DISPLAYS[MISSES].factor, marked(results, one.method)) for one in points]
    name_points(axes, named, corners)
    return figure


def _step(axes: "Axes", points: Sequence[Point]) -> list[tuple[float, float]]:
    """Draw the line that no method is below and to the left of, and return its corners."""
    best: list[Point] = []
    for one in sorted(points, key=lambda one: (one.grams, one.misses)):
        if not best or one.misses < best[-1].misses:
            best.append(one)
    ends = [(one.grams, one.misses * DISPLAYS[MISSES].factor) for one in best]
    corners = ends[:1]
    for (_, before), (grams, misses) in pairwise(ends):
        corners += [(grams, before), (grams, misses)]
    axes.plot(*zip(*corners, strict=True), "--", color="black", linewidth=0.8)
    return corners
