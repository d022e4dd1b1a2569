"""The chart of the last hour's power: inline SVG that stretches to its place, with labels in HTML beside it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from exporter.summary import PointView

TITLE = "<h2>Power over the last hour</h2>"

SPAN_SECONDS = 3600.0

WIDTH, HEIGHT = 720, 240
"""One unit across is 5 s, as far apart as points of the history stand at least."""

LONGEST_STEP = 3.0
"""Steps longer than this many usual ones are gaps, over which no line is drawn."""

ROUND_TOPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def power_chart(points: Sequence[PointView], now: float) -> str:
    """Watts over the hour before `now` (Unix seconds). A missing figure or a gap in time breaks the line."""
    recent = [point for point in points if 0.0 <= now - point.at <= SPAN_SECONDS]
    known = [point.power_watts for point in recent if point.power_watts is not None]
    if len(known) < 2:
        return f'{TITLE}<p class="dim">The line begins after two samples.</p>'
    top = round_top(max(known))
    stretches = list(_stretches(recent, now, top))
    area = "".join(f"M{run[0][0]} {HEIGHT}V{run[0][1]}{_line(run)}V{HEIGHT}z" for run in stretches)
    line = "".join(f"M{run[0][0]} {run[0][1]}{_line(run)}" for run in stretches)
    x, y = stretches[-1][-1]
    return (
        f'<div class="title">{TITLE}<p class="dim">lowest {min(known):.1f} W, highest {max(known):.1f} W</p></div>'
        f'<div class="chart"><div class="y"><span>{top:g} W</span><span>{top / 2:g}</span><span>0</span></div>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="power between {min(known):.1f} and {max(known):.1f} watts">'
        f'<path class="rule" d="M0 0h{WIDTH}M0 {HEIGHT // 2}h{WIDTH}M0 {HEIGHT}h{WIDTH}"/>'
        f'<path class="area" d="{area}"/><path class="line" d="{line}"/><path class="dot" d="M{x} {y}h0"/></svg>'
        '<div class="x"><span>1 h ago</span><span>30 min</span><span>now</span></div></div>'
    )


def round_top(highest: float) -> float:
    """The least round number that is not below `highest`, and not below 1."""
    power = 1.0
    while highest > 10.0 * power:
        power *= 10.0
    return next((factor * power for factor in ROUND_TOPS if factor * power >= highest), 10.0 * power)


def _stretches(points: Sequence[PointView], now: float, top: float) -> Iterator[list[tuple[int, int]]]:
    """Whole coordinates of each stretch of the line, oldest first."""
    steps = sorted(later.at - sooner.at for sooner, later in pairwise(points))
    longest = LONGEST_STEP * steps[len(steps) // 2]
    run: list[tuple[int, int]] = []
    before = now
    for point in points:
        broken = point.power_watts is None or not 0.0 <= point.at - before <= longest
        if broken and run:
            yield run
            run = []
        before = point.at
        if point.power_watts is not None:
            x = WIDTH * (1.0 - (now - point.at) / SPAN_SECONDS)
            run.append((round(x), round(HEIGHT * (1.0 - point.power_watts / top))))
    if run:
        yield run


def _line(run: Sequence[tuple[int, int]]) -> str:
    """The steps from each coordinate to the next; a lone point gets a line of no length, which round ends show."""
    steps = [(x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in pairwise(run)]
    return "l" + _pairs(steps or [(0, 0)])


def _pairs(steps: Iterable[tuple[int, int]]) -> str:
    return " ".join(f"{x} {y}" for x, y in steps).replace(" -", "-")
