"""The chart of the machine's power over the last hour.

A unit across is 5 s, as far apart as points of the history stand at least.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from exporter.core.chart import HEIGHT, WIDTH, framed, round_top, steps
from exporter.views.summary import PointView

TITLE = "<h2>Power of this machine over the last hour</h2>"

SPAN_SECONDS = 3600.0

LONGEST_STEP = 3.0
"""Steps longer than this many usual ones are gaps, over which no line is drawn."""


def power_chart(points: Sequence[PointView], now: float) -> str:
    """Draw the machine's watts over the hour before `now` (Unix seconds). A missing figure or a gap breaks the line."""
    recent = [point for point in points if 0.0 <= now - point.at <= SPAN_SECONDS]
    known = [point.host_power_watts for point in recent if point.host_power_watts is not None]
    if len(known) < 2:
        return f'{TITLE}<p class="dim">The line begins after two samples.</p>'
    top = round_top(max(known))
    stretches = list(_stretches(recent, now, top))
    area = "".join(f"M{run[0][0]} {HEIGHT}V{run[0][1]}{steps(run)}V{HEIGHT}z" for run in stretches)
    line = "".join(f"M{run[0][0]} {run[0][1]}{steps(run)}" for run in stretches)
    x, y = stretches[-1][-1]
    chart = framed(
        f'<path class="area" d="{area}"/><path class="line" d="{line}"/><path class="dot" d="M{x} {y}h0"/>',
        top=top,
        unit="W",
        label=f"power of this machine between {min(known):.1f} and {max(known):.1f} watts",
        times=("1 h ago", "30 min", "now"),
    )
    span = f'<p class="dim">lowest {min(known):.1f} W, highest {max(known):.1f} W</p>'
    return f'<div class="title">{TITLE}{span}</div>{chart}'


def _stretches(points: Sequence[PointView], now: float, top: float) -> Iterator[list[tuple[int, int]]]:
    """Return the whole coordinates of each stretch of the line, oldest first."""
    apart = sorted(later.at - sooner.at for sooner, later in pairwise(points))
    longest = LONGEST_STEP * apart[len(apart) // 2]
    run: list[tuple[int, int]] = []
    before = now
    for point in points:
        broken = point.host_power_watts is None or not 0.0 <= point.at - before <= longest
        if broken and run:
            yield run
            run = []
        before = point.at
        if point.host_power_watts is not None:
            x = WIDTH * (1.0 - (now - point.at) / SPAN_SECONDS)
            run.append((round(x), round(HEIGHT * (1.0 - point.host_power_watts / top))))
    if run:
        yield run
