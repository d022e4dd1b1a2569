"""Names beside points: each at the place nearest to its point that nothing else has."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DISTANCES = (5.0, 12.0, 22.0, 34.0, 48.0, 64.0, 82.0, 102.0, 124.0)
"""Points from a mark to the places for its name, the nearest first. A choice."""

DIRECTIONS = 24
"""Directions in which a place for a name is looked for, the first to the right. A choice."""

MARK_POINTS = 4.0
"""Half of the side of the square that a mark takes, in points: as large as the largest in use."""

LINE_POINTS = 1.0
"""Half of the breadth of a line that names keep off, in points: the widest in use, and a little air."""

POINTS_PER_INCH = 72.0
"""Definition of a point."""


class Box(NamedTuple):
    """A rectangle on a picture."""

    left: float
    low: float
    right: float
    high: float

    def overlaps(self, other: "Box") -> bool:
        """Return whether two rectangles have an area in common."""
        beside = self.right <= other.left or other.right <= self.left
        return not beside and self.low < other.high and other.low < self.high

    def lies_in(self, other: "Box") -> bool:
        """Return whether no part of this rectangle is outside of another."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.low <= self.low and self.high <= other.high


def places(
    marks: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    frame: Box,
    corners: Sequence[tuple[float, float]] = (),
) -> list[Box]:
    """Return a place for a name of each size: the nearest to its mark, within the frame, on no mark and no other name.

    Nor is it on the line through the `corners`, which goes across and up. All in points. A name that finds none is put
    to the right of its mark, whatever lies there.
    """
    taken = [_around(*one) for one in pairwise(corners)]
    taken += [Box(x - MARK_POINTS, y - MARK_POINTS, x + MARK_POINTS, y + MARK_POINTS) for x, y in marks]
    found: dict[int, Box] = {}
    # Crowded ones first: those in the open find a place in any case.
    for index in sorted(range(len(marks)), key=lambda one: sum(math.dist(marks[one], other) for other in marks)):
        near = list(_candidates(marks[index], sizes[index]))
        free = (one for one in near if one.lies_in(frame) and not any(one.overlaps(other) for other in taken))
        found[index] = next(free, near[0])
        taken.append(found[index])
    return [found[index] for index in range(len(marks))]


def _around(one: tuple[float, float], other: tuple[float, float]) -> Box:
    """Return the rectangle that a piece of a line takes."""
    (left, right), (low, high) = (sorted(ends) for ends in zip(one, other, strict=True))
    return Box(left - LINE_POINTS, low - LINE_POINTS, right + LINE_POINTS, high + LINE_POINTS)


def _candidates(mark: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    """Yield the places around a mark, the nearest first; its corner or the middle of its edge points to the mark."""
    (x, y), (width, height) = mark, size
    for distance in DISTANCES:
        for turn in range(DIRECTIONS):
            across, up = (round(one(2.0 * math.pi * turn / DIRECTIONS), 9) for one in (math.cos, math.sin))
            left = x + distance * across - width * (1.0 - across) / 2.0
            low = y + distance * up - height * (1.0 - up) / 2.0
            yield Box(left, low, left + width, low + height)


def name_points(
    axes: "Axes", named: Sequence[tuple[float, float, str]], corners: Sequence[tuple[float, float]] = ()
) -> None:
    """Write the name of each point, given with its place on the axes, with a line to it where it lies farther off.

    Names keep off the line through the `corners`, which are places on the axes, too, where there is room.
    This fixes the layout of the figure, which has to be complete: the names know where everything lies in the end.
    """
    figure = cast("Figure", axes.get_figure(root=True))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    points = POINTS_PER_INCH / figure.dpi
    behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.2}
    style: dict[str, Any] = {"textcoords": "offset points", "fontsize": "small", "bbox": behind, "zorder": 2.5}
    texts = [axes.annotate(name, (x, y), (0, 0), **style) for x, y, name in named]
    extents = [text.get_window_extent() for text in texts]
    at = axes.transData.transform([(x, y) for x, y, _ in named]) * points
    whole = axes.get_window_extent()
    frame = Box(*(one * points for one in whole.extents))
    marks = [(float(x), float(y)) for x, y in at]
    line = [(float(x), float(y)) for x, y in axes.transData.transform(corners) * points] if corners else []
    found = places(marks, [(one.width * points, one.height * points) for one in extents], frame, line)
    for text, box, (x, y) in zip(texts, found, marks, strict=True):
        text.set_position((box.left - x, box.low - y))
        nearest = (min(max(x, box.left), box.right), min(max(y, box.low), box.high))
        if math.dist(nearest, (x, y)) > DISTANCES[0] + 1.0:
            arrow = {"arrowstyle": "-", "linewidth": 0.4, "shrinkA": 0.0, "shrinkB": MARK_POINTS}
            offset = (nearest[0] - x, nearest[1] - y)
            axes.annotate("", text.xy, offset, textcoords="offset points", arrowprops=arrow)
