"""The pictures of one measure: a bar or a point for each method."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.write.display import DISPLAYS, Display, marked, with_half_width
from simulator.experiments.write.latex_text import MINUS
from simulator.experiments.write.medium import Medium, is_wide, new_figure, set_scale
from simulator.experiments.write.plots.styles import (
    DrawResults,
    Look,
    caption,
    look_of,
    point,
    published_legend,
    reach_below,
    unclutter,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BARS: Mapping[str, str] = MappingProxyType(
    {
        "energy": "energy_joules",
        "carbon": "emissions_grams",
        "latency": "latency_seconds",
        "renewable": "renewable_ratio",
        "cost": "cost_dollars",
        "misses": "deadline_miss_ratio",
        "regret": "regret_ratio",
        "gap": "gap_grams",
    }
)
"""Measures by the name of the picture, for pictures of one measure."""


def bars_of(measure: str) -> DrawResults:
    return lambda results, medium: bars(results, measure, medium)


def bars(results: Results, measure: str, medium: Medium) -> "Figure":
    """Draw one bar per method with its interval and figure, and the published figure as a marker.

    On a logarithmic axis, which has no zero for bars to begin at, they are points.
    """
    shown = [estimated for estimated in results.estimates if measure in estimated.by_measure]
    display = DISPLAYS[measure]
    figure = new_figure(medium, 1.3 + 0.38 * len(shown) if medium.titled else 0.8 + 0.27 * len(shown))
    axes = figure.subplots()
    found = [estimated.by_measure[measure] for estimated in shown]
    ends = [one for estimate in found for one in (estimate.mean, estimate.published) if one is not None]
    values = [one * display.factor for one in ends]
    for position, (estimated, estimate) in enumerate(zip(shown, found, strict=True)):
        look = look_of(results, estimated.method)
        _bar(axes, position, look, _scaled_by(estimate, display.factor), display, wide=is_wide(values))
    note = set_scale(axes, "x", values)
    axes.set_yticks(range(len(shown)), [marked(results, estimated.method) for estimated in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    if not is_wide(values) or min(values) <= 0.0:
        axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"{display.axis}\n{note}".rstrip())
    if medium.titled:
        # Over the labels as well.
        figure.suptitle(caption(results), fontsize="medium", x=0.01, horizontalalignment="left")
    axes.margins(x=0.08)
    unclutter(axes)
    published_legend(figure, axes, any(estimate.published is not None for estimate in found))
    return figure


def _scaled_by(estimate: Estimate, factor: float) -> Estimate:
    """Return an estimate in the unit in which it is shown."""
    published = None if estimate.published is None else estimate.published * factor
    return Estimate(
        mean=estimate.mean * factor, low=estimate.low * factor, high=estimate.high * factor, published=published
    )


def _bar(axes: "Axes", position: int, look: Look, estimate: Estimate, display: Display, *, wide: bool) -> None:
    whiskers = [[reach_below(estimate, display)], [estimate.high - estimate.mean]]
    if wide:
        point(axes, estimate.mean, position, whiskers, look)
    else:
        ends_of = {"capsize": 2, "ecolor": "black"}
        axes.barh(
            position, estimate.mean, 0.62, color=look.face, edgecolor=look.colour, xerr=whiskers, error_kw=ends_of
        )
    ends = [estimate.high] if wide else [0.0, estimate.high]
    if estimate.published is not None:
        ends.append(estimate.published)
        axes.plot(ends[-1], position, "D", color="black", markerfacecolor="white", zorder=5)
    axes.annotate(
        with_half_width(estimate).replace("-", MINUS),
        (max(ends), position),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize="small",
    )
