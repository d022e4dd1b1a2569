"""The chart of the last simulated day: the cluster's power by source, and the generation."""

from collections.abc import Sequence

from exporter.core.chart import HEIGHT, WIDTH, Place, framed, round_top, steps
from exporter.core.units import SECONDS_PER_DAY
from simulator.live.summary import PointView

TITLE = "<h2>Power over the last simulated day</h2>"

SPAN_SECONDS = SECONDS_PER_DAY

LEGEND = (("renewable", "renewable"), ("battery", "battery"), ("grid", "grid"), ("generation", "generated"))


def power_chart(points: Sequence[PointView]) -> str:
    """Draw watts, stacked by source, over the simulated day before the last point, and generation as a line."""
    if len(points) < 2:
        return f'{TITLE}<p class="dim">The chart begins after ten simulated minutes.</p>'
    layers = _layers(points)
    generation = [point.generation_watts for point in points]
    top = round_top(max(*layers[-1], *generation))
    end = points[-1].clock_seconds
    across = [round(WIDTH * (1.0 - (end - point.clock_seconds) / SPAN_SECONDS)) for point in points]
    bands = "".join(
        _band(name, _run(across, below, top), _run(across, above, top))
        for name, below, above in zip(("renewable", "battery", "grid"), layers, layers[1:], strict=False)
    )
    generated = _run(across, generation, top)
    line = f'<path class="generation" d="M{generated[0][0]} {generated[0][1]}{steps(generated)}"/>'
    chart = framed(
        bands + line,
        top=top,
        unit="W",
        label=f"power up to {max(layers[-1]):.1f} watts by source",
        times=("24 h ago", "12 h", points[-1].clock_time[11:16]),
    )
    legend = "".join(f'<span class="key {name}">{text}</span>' for name, text in LEGEND)
    return f'<div class="title">{TITLE}<p class="dim keys">{legend}</p></div>{chart}'


def _layers(points: Sequence[PointView]) -> list[list[float]]:
    """Return the edges of the bands, from the bottom up."""
    edges = [[0.0] * len(points)]
    for read in ("renewable_watts", "battery_watts", "grid_watts"):
        edges.append([edge + getattr(point, read) for edge, point in zip(edges[-1], points, strict=True)])
    return edges


def _run(across: Sequence[int], watts: Sequence[float], top: float) -> list[Place]:
    return [(x, round(HEIGHT * (1.0 - value / top))) for x, value in zip(across, watts, strict=True)]


def _band(name: str, below: list[Place], above: list[Place]) -> str:
    outline = [*above, *reversed(below)]
    return f'<path class="band {name}" d="M{outline[0][0]} {outline[0][1]}{steps(outline)}z"/>'
