"""Charts as inline SVG that stretches to its place, with labels in HTML beside it."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

WIDTH, HEIGHT = 720, 240

ROUND_TOPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)

Place = tuple[int, int]
"""Whole coordinates: from the left, and from the top."""


def framed(paths: str, *, top: float, unit: str, label: str, times: tuple[str, str, str]) -> str:
    """Frame `paths` as a chart from 0 to `top` in a unit, with a label for screen readers and three times below."""
    return (
        f'<div class="chart"><div class="y"><span>{top:g} {unit}</span><span>{top / 2:g}</span><span>0</span></div>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f'<path class="rule" d="M0 0h{WIDTH}M0 {HEIGHT // 2}h{WIDTH}M0 {HEIGHT}h{WIDTH}"/>{paths}</svg>'
        f'<div class="x">{"".join(f"<span>{time}</span>" for time in times)}</div></div>'
    )


def round_top(highest: float) -> float:
    """Return the least round number that is not below `highest`, and not below 1."""
    power = 1.0
    while highest > 10.0 * power:
        power *= 10.0
    return next((factor * power for factor in ROUND_TOPS if factor * power >= highest), 10.0 * power)


def steps(run: Sequence[Place]) -> str:
    """Draw a line from each place to the next; a lone place gets a line of no length, which round ends show.

    Places on the way to a later one are left out: nobody sees them, and a page has hundreds.
    """
    moves: list[Place] = []
    for (x0, y0), (x1, y1) in pairwise(run):
        move = (x1 - x0, y1 - y0)
        if moves and _is_straight_on(moves[-1], move):
            move = (moves[-1][0] + move[0], moves[-1][1] + move[1])
            moves.pop()
        moves.append(move)
    return "l" + _pairs(moves or [(0, 0)])


def _is_straight_on(before: Place, move: Place) -> bool:
    """Return whether a move goes on in the direction of the one before, or is none, or that was none."""
    (x0, y0), (x1, y1) = before, move
    return x0 * y1 == y0 * x1 and x0 * x1 + y0 * y1 >= 0


def _pairs(moves: Iterable[Place]) -> str:
    return " ".join(f"{x} {y}" for x, y in moves).replace(" -", "-")
