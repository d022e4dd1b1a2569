"""The charts of the last hour: of the machine's power in full, and of CPU, network and emissions in steps of 20 s.

A unit across is 5 s, as far apart as points of the history stand at least.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from exporter.core.chart import HEIGHT, WIDTH, framed, round_top, steps
from exporter.core.units import BytesPerSecond, megabits_per_second
from exporter.views.summary import PointView

TITLE = "<h2>Power of this machine over the last hour</h2>"

SPAN_SECONDS = 3600.0

LONGEST_STEP = 3.0
"""Steps longer than this many usual ones are gaps, over which no line is drawn."""

SMALL_STEP_SECONDS = 20.0
"""Time over which the small charts show a mean: a third of the width of the large one holds no more points."""

_Spot = tuple[float, float | None]
"""Time in Unix seconds, and the figure where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _SmallChart:
    """Title, unit and figure of a small chart."""

    title: str
    unit: str
    figure: Callable[[PointView], float | None]


def _percent(point: PointView) -> float | None:
    return None if point.cpu_utilization_ratio is None else 100.0 * point.cpu_utilization_ratio


def _megabits(point: PointView) -> float | None:
    if point.received_bytes_per_second is None or point.sent_bytes_per_second is None:
        return None
    return megabits_per_second(BytesPerSecond(point.received_bytes_per_second + point.sent_bytes_per_second))


_SMALL = (
    _SmallChart(title="CPU", unit="%", figure=_percent),
    _SmallChart(title="Network, in and out", unit="Mbit/s", figure=_megabits),
    _SmallChart(
        title="Emissions", unit="g CO\u2082e/h", figure=lambda point: point.emissions_grams_per_hour.host_and_network
    ),
)
"""The other charts that CEP had (its technical report, section 5.2)."""


def power_chart(points: Sequence[PointView], now: float) -> str:
    """Draw the machine's watts over the hour before `now` (Unix seconds). A missing figure or a gap breaks the line."""
    recent = _recent(points, now)
    known = [point.host_power_watts for point in recent if point.host_power_watts is not None]
    if len(known) < 2:
        return f'{TITLE}<p class="dim">The line begins after two samples.</p>'
    top = round_top(max(known))
    stretches = list(_stretches([(point.at, point.host_power_watts) for point in recent], now, top))
    area = "".join(f"M{run[0][0]} {HEIGHT}V{run[0][1]}{steps(run)}V{HEIGHT}z" for run in stretches)
    x, y = stretches[-1][-1]
    chart = framed(
        f'<path class="area" d="{area}"/>{_line(stretches)}<path class="dot" d="M{x} {y}h0"/>',
        top=top,
        unit="W",
        label=f"power of this machine between {min(known):.1f} and {max(known):.1f} watts",
        times=("1 h ago", "30 min", "now"),
    )
    span = f'<p class="dim">lowest {min(known):.1f} W, highest {max(known):.1f} W</p>'
    return f'<div class="title">{TITLE}{span}</div>{chart}'


def small_charts(points: Sequence[PointView], now: float) -> str:
    """Draw CPU, network and emissions over the hour before `now` (Unix seconds), each as a card."""
    recent = _recent(points, now)
    return "".join(f"<section><h2>{one.title}</h2>{_small(one, recent, now)}</section>" for one in _SMALL)


def _small(chart: _SmallChart, points: Sequence[PointView], now: float) -> str:
    spots = list(_means([(point.at, chart.figure(point)) for point in points]))
    known = [figure for _, figure in spots if figure is not None]
    if not known:
        return '<p class="dim">unknown over the last hour</p>'
    top = round_top(max(known))
    return framed(
        _line(list(_stretches(spots, now, top))),
        top=top,
        unit=chart.unit,
        label=f"{chart.title} between {min(known):.1f} and {max(known):.1f} {chart.unit}",
        times=("1 h ago", "", "now"),
    )


def _recent(points: Sequence[PointView], now: float) -> list[PointView]:
    return [point for point in points if 0.0 <= now - point.at <= SPAN_SECONDS]


def _means(spots: Sequence[_Spot]) -> Iterator[_Spot]:
    """Return the mean of the known figures in each step, at the time of its last; a step with none stays unknown."""
    for _, group in groupby(spots, key=lambda spot: spot[0] // SMALL_STEP_SECONDS):
        step = list(group)
        known = [figure for _, figure in step if figure is not None]
        yield step[-1][0], sum(known) / len(known) if known else None


def _line(stretches: Sequence[Sequence[tuple[int, int]]]) -> str:
    return f'<path class="line" d="{"".join(f"M{run[0][0]} {run[0][1]}{steps(run)}" for run in stretches)}"/>'


def _stretches(spots: Sequence[_Spot], now: float, top: float) -> Iterator[list[tuple[int, int]]]:
    """Return the whole coordinates of each stretch of the line, oldest first."""
    apart = sorted(later[0] - sooner[0] for sooner, later in pairwise(spots))
    longest = LONGEST_STEP * apart[len(apart) // 2] if apart else 0.0
    run: list[tuple[int, int]] = []
    before = now
    for at, figure in spots:
        broken = figure is None or not 0.0 <= at - before <= longest
        if broken and run:
            yield run
            run = []
        before = at
        if figure is not None:
            x = WIDTH * (1.0 - (now - at) / SPAN_SECONDS)
            run.append((round(x), round(HEIGHT * (1.0 - figure / top))))
    if run:
        yield run
