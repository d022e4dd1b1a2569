"""The picture of a run: supply against load, intensity, batteries, who is awake, and the tasks that wait."""

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from exporter.core.units import HOURS_PER_DAY
from simulator.arrays import FloatArray
from simulator.experiments.write.medium import Medium, new_figure
from simulator.picture.course import BATTERY, CURTAILED, GRID, LOAD, LOST, SOLD, STORED, SUN, WIND, Course

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import LineStyleType

SUPPLIES = (
    ("sun", SUN, "#F0E442"),
    ("wind", WIND, "#56B4E9"),
    ("battery", BATTERY, "#009E73"),
    ("grid", GRID, "#4D4D4D"),
)
"""Supplies of the load from the bottom up, with their rows and colours, of the palette of Okabe and Ito (2008) but for
the grid: each is darker in grey than the one below it."""

SURPLUS = (
    ("into the battery", (STORED, LOST), "////", "#009E73"),
    ("sold or curtailed", (SOLD, CURTAILED), "....", "#7F7F7F"),
)
"""Uses of what is generated or bought beyond the load, with their columns, hatches and colours."""

AWAKE, BUSY = "#C8C8C8", "#0072B2"
"""Colours of a node that is awake, and of one that executes tasks: light and dark in grey."""

SITES: "tuple[tuple[str, LineStyleType], ...]" = (
    ("#000000", "-"),
    ("#0072B2", (0, (5, 1.5))),
    ("#D55E00", (0, (1, 1))),
    ("#7F7F7F", "-."),
    ("#CC79A7", (0, (3, 1, 1, 1))),
)
"""Colour and style of the lines of sites, in turn."""

ROW = 0.8
"""Height of a node's row, of the distance between two."""

MOST_BY_HOURS = 2
"""Days up to which the time of day is told, and of longer runs the days. A choice."""

MOST_NAMED = 24
"""Nodes up to which each is named. A choice."""


def draw(course: Course, medium: Medium) -> "Figure":
    """Draw a run over its days: the panels of the sites, and below them those of all sites together."""
    sites, charged, held = len(course.sites), bool(np.isfinite(course.charge).any()), bool(course.held.any())
    rows = len(course.nodes) + sites
    heights = [*([1.1] * sites), 0.9, *([0.8] if charged else []), max(1.0, 0.13 * min(rows, MOST_NAMED))]
    heights += [0.8] if held else []
    figure = new_figure(medium, sum(heights) + (1.5 if medium.titled else 1.2))
    panels = list(figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights).flatten())
    _days(panels[-1], course)
    for site in range(sites):
        _supply(panels.pop(0), course, site)
    _lines(panels.pop(0), course, course.grams_per_kwh, "g/kWh", named=True)
    if charged:
        _lines(panels.pop(0), course, 100.0 * course.charge, "charge (%)", named=False)
    _nodes(panels.pop(0), course)
    if held:
        _held(panels.pop(0), course)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = len(labels) if medium.panels > 1 else 3
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize="small")
    figure.align_ylabels()
    if medium.titled:
        figure.suptitle(f"Scenario {course.scenario}, policy {course.method}, seed {course.seed}", fontsize="medium")
    return figure


def _edges(course: Course) -> FloatArray:
    """Return the beginnings of the hours, and the end of the last, in days."""
    return np.arange(len(course.held) + 1) / HOURS_PER_DAY


def _steps(figures: FloatArray) -> FloatArray:
    """Return figures by hour with the last one repeated, as steps are drawn."""
    return np.append(figures, figures[-1:], axis=0)


def _days(axes: "Axes", course: Course) -> None:
    """Name the days below the lowest panel, in the middle of each; of short runs the hours."""
    dates = [course.first_day + timedelta(days=day) for day in range(course.days)]
    axes.set_xlim(0, course.days)
    if course.days <= MOST_BY_HOURS:
        quarters = range(4 * course.days + 1)
        axes.set_xticks([one / 4 for one in quarters], [f"{one % 4 * 6:02}:00" for one in quarters])
    else:
        axes.set_xticks(range(course.days + 1), [])
        axes.set_xticks([day + 0.5 for day in range(course.days)], [f"{one.day}" for one in dates], minor=True)
    clock = "UTC" if len(course.sites) > 1 else "local time"
    axes.set_xlabel(f"{' to '.join(dict.fromkeys(map(str, (dates[0], dates[-1]))))}, {clock}")


def _supply(axes: "Axes", course: Course, site: int) -> None:
    """Draw what serves the load of a site, the load, and above it what becomes of the rest."""
    edges, watts = _edges(course), _steps(course.watts[:, site])
    below = np.zeros(len(edges))
    for name, row, colour in SUPPLIES:
        above = below + watts[:, row, LOAD]
        axes.fill_between(edges, below, above, step="post", color=colour, linewidth=0, label=name)
        below = above
    axes.step(edges, below, where="post", color="black", linewidth=0.9, label="load")
    for name, columns, hatch, colour in SURPLUS:
        # The losses of a battery that gives are no use of the rest.
        part = watts[:, (SUN, WIND, GRID)][:, :, columns].sum(axis=(1, 2))
        axes.fill_between(
            edges,
            below,
            below + part,
            step="post",
            facecolor="none",
            edgecolor=colour,
            hatch=hatch,
            linewidth=0,
            label=name,
        )
        below = below + part
    axes.set_ylim(0, None)
    axes.set_ylabel(f"{course.sites[site]}\n(W)" if len(course.sites) > 1 else "W")
    _bare(axes)


def _lines(axes: "Axes", course: Course, figures: FloatArray, label: str, *, named: bool) -> None:
    """Draw a figure of all sites."""
    for site, name in enumerate(course.sites):
        colour, style = SITES[site % len(SITES)]
        axes.step(
            _edges(course),
            _steps(figures[:, site]),
            where="post",
            color=colour,
            linestyle=style,
            linewidth=1.1,
            label=name,
        )
    axes.set_ylim(0, None)
    axes.set_ylabel(label)
    _bare(axes)
    if named and len(course.sites) > 1:
        _legend_above(axes, len(course.sites))


def _nodes(axes: "Axes", course: Course) -> None:
    """Draw a row for each node, with a gap between sites: white where it sleeps, dark where it executes."""
    edges = _edges(course)
    places = [node + site for node, site in enumerate(course.site_of_node)]
    for node, place in enumerate(places):
        floor = np.full(len(edges), float(place) + ROW / 2)
        for shares, colour in ((course.awake, AWAKE), (course.busy, BUSY)):
            axes.fill_between(
                edges, floor, floor - ROW * _steps(shares[:, node]), step="post", color=colour, linewidth=0
            )
    named = len(course.nodes) <= MOST_NAMED
    axes.set_yticks(places if named else [], list(course.nodes) if named else [], fontsize="small")
    axes.set_ylim(places[-1] + 0.7, -0.7)
    if not named:
        axes.set_ylabel("nodes")
    axes.tick_params(axis="y", length=0)
    _bare(axes)
    axes.grid(visible=False, axis="y")
    for colour, name in ((BUSY, "executes"), (AWAKE, "awake"), ("white", "asleep")):
        axes.fill_between([], [], color=colour, edgecolor="#7F7F7F", linewidth=0.5, label=name)
    _legend_above(axes, 3)


def _held(axes: "Axes", course: Course) -> None:
    axes.fill_between(_edges(course), _steps(course.held.astype(np.float64)), step="post", color="#7F7F7F", linewidth=0)
    axes.set_ylim(0, None)
    axes.set_ylabel("tasks held")
    _bare(axes)


def _legend_above(axes: "Axes", columns: int) -> None:
    """Explain a panel in the line above it."""
    corner = (0.0, 0.98)
    axes.legend(
        loc="lower left", bbox_to_anchor=corner, borderaxespad=0.0, ncols=columns, frameon=False, fontsize="small"
    )


def _bare(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.tick_params(axis="x", which="minor", length=0)
    axes.set_axisbelow(True)
