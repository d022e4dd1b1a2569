"""The pictures of an experiment that compares methods."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.write.display import (
    DISPLAYS,
    PERCENT,
    PROMPT_TASKS,
    UNDEFINED_CHANGE,
    Display,
    marked,
    subject,
    with_half_width,
)
from simulator.experiments.write.latex_text import MINUS
from simulator.experiments.write.medium import Medium, is_wide, new_figure, set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes
    from matplotlib.typing import LineStyleType

DrawResults = Callable[[Results, Medium], "Figure"]

FALLBACK_COLOUR = "#56B4E9"

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "standard": "#7F7F7F",
        "round-robin": "#7F7F7F",
        "least-loaded": "#000000",
        "compression-only": "#E69F00",
        "energy-aware-only": "#009E73",
        "ledger-only": "#CC79A7",
        "full": "#0072B2",
        "shifting": "#0072B2",
        "oracle": "#009E73",
        "without-forecast": "#D55E00",
        "without-dvfs": "#CC79A7",
        "without-compression": "#E69F00",
        "without-ledger": "#009E73",
        "without-batteries": "#8C6D31",
        "without-shifting": "#56B4E9",
    }
)
"""Colours by method, the same in every picture; a method without one is light blue, and named beside its mark.

The palette is that of Okabe and Ito (2008), which colour-blind people can tell apart.
"""

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

RADAR_MEASURES = ("energy_joules", "emissions_grams", "latency_seconds", "renewable_ratio", "cost_dollars")
DIFFERENCE_MEASURES = ("energy_joules", "emissions_grams", "latency_seconds", "renewable_ratio")

STYLES: Sequence["tuple[LineStyleType, str]"] = (
    ("-", "o"),
    ("--", "s"),
    ("-.", "^"),
    (":", "D"),
    ((0, (5, 1)), "v"),
    ((0, (3, 1, 1, 1)), "P"),
)
"""Styles of lines and their marks, which tell lines apart without colour."""

LONGEST_TITLE = 87
"""Characters of a title that fit into a line of a report; a longer one takes two."""

DECADES_BEYOND_LINEAR = 1.5
"""Decades from `LINEAR_WITHIN` to the greatest change, above which the axis is a symmetric logarithmic one."""

LINEAR_WITHIN = 10
"""Half-width of the linear part of such an axis, in percent around zero."""


def reach_below(interval: Interval | Estimate, display: Display, least: float = 0.0) -> float:
    """Return the length of the whisker below the mean, which ends at `least` for an unsigned display."""
    low = interval.low if display.signed else max(interval.low, min(interval.mean, least))
    return interval.mean - low


def caption(results: Results) -> str:
    """Return the title of a picture that shows means."""
    told = f"means of {results.replications} runs, with 95% confidence intervals"
    whole = f"{subject(results)}: {told}"
    return whole if len(whole) <= LONGEST_TITLE else f"{subject(results)}:\n{told}"


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
        _bar(axes, position, estimated.method, _scaled_by(estimate, display.factor), display, wide=is_wide(values))
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
    _unclutter(axes)
    _published_legend(figure, axes, any(estimate.published is not None for estimate in found))
    return figure


def _scaled_by(estimate: Estimate, factor: float) -> Estimate:
    """Return an estimate in the unit in which it is shown."""
    published = None if estimate.published is None else estimate.published * factor
    return Estimate(
        mean=estimate.mean * factor, low=estimate.low * factor, high=estimate.high * factor, published=published
    )


def _published_legend(figure: "Figure", axes: "Axes", has_any: bool) -> None:  # noqa: FBT001 - says what there is
    if has_any:
        axes.plot([], [], "D", color="black", markerfacecolor="white", label="published")
        figure.legend(loc="outside lower right", frameon=False)


def _bar(axes: "Axes", position: int, method: str, estimate: Estimate, display: Display, *, wide: bool) -> None:
    colour = COLOURS.get(method, FALLBACK_COLOUR)
    whiskers = [[reach_below(estimate, display)], [estimate.high - estimate.mean]]
    if wide:
        _point(axes, estimate.mean, position, whiskers, colour)
    else:
        axes.barh(position, estimate.mean, color=colour, height=0.62, xerr=whiskers, capsize=2, ecolor="black")
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


def _point(axes: "Axes", mean: float, position: int, whiskers: Sequence[Sequence[float]], colour: str) -> None:
    """Draw a point over its interval, which may be narrower."""
    axes.errorbar(mean, position, xerr=whiskers, fmt="none", ecolor="black", capsize=2)
    axes.plot(mean, position, "o", color=colour, zorder=3)


def differences(results: Results, medium: Medium) -> "Figure":
    """Draw paired differences to the reference with their intervals: one panel per measure.

    Differences are relative to the reference's mean; differences of shares are percentage points.
    """
    compared = {one.measure for one in results.comparisons}
    measures = [measure for measure in DIFFERENCE_MEASURES if measure in compared]
    methods = list(dict.fromkeys(one.method for one in results.comparisons))
    rows = math.ceil(len(measures) / medium.panels)
    pitch = 0.28 if medium.titled else 0.2
    figure = new_figure(medium, (1.0 if medium.titled else 0.2) + rows * (1.0 + pitch * len(methods)))
    panels = figure.subplots(rows, medium.panels, sharey=True, squeeze=False).flatten()
    for axes, measure in zip(panels, measures, strict=False):
        _difference_panel(axes, results, measure, methods)
    for axes in panels[len(measures) :]:
        axes.set_visible(False)
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    if medium.titled:
        figure.suptitle(
            f"{subject(results)}: changes relative to {results.reference},\n"
            f"means of {results.replications} paired runs, with 95% confidence intervals",
            fontsize="medium",
        )
    _published_legend(figure, panels[0], any(one.published is not None for one in results.comparisons))
    return figure


def _difference_panel(axes: "Axes", results: Results, measure: str, methods: Sequence[str]) -> None:
    display = DISPLAYS[measure]
    unit = "points" if display.is_share else "%"
    changes = []
    for one in results.comparisons:
        if one.measure != measure:
            continue
        change = one.difference if display.is_share else one.relative
        position = methods.index(one.method)
        if change is None:
            _why_none(axes, position)
            continue
        mean = change.mean * PERCENT
        whiskers = [[reach_below(change, display, -1.0) * PERCENT], [(change.high - change.mean) * PERCENT]]
        colour = COLOURS.get(one.method, FALLBACK_COLOUR)
        _point(axes, mean, position, whiskers, colour)
        changes.append(mean)
        if one.published is not None:
            axes.plot(one.published * PERCENT, position, "D", color="black", markerfacecolor="none", zorder=4)
            changes.append(one.published * PERCENT)
    axes.axvline(0, color="black", linewidth=0.8)
    notes = [display.scope]
    if _decades(changes) > DECADES_BEYOND_LINEAR:
        notes.append(f"(logarithmic beyond {LINEAR_WITHIN})")
        axes.set_xscale("symlog", linthresh=LINEAR_WITHIN)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(axis="x", labelsize="small")
    axes.set_yticks(range(len(methods)), [marked(results, method) for method in methods])
    axes.set_xlabel("\n".join((f"{display.heading}: change ({unit})", *filter(None, notes))))
    axes.margins(x=0.1)
    _unclutter(axes)


def _why_none(axes: "Axes", position: int) -> None:
    """Draw the reason in place of a change that cannot be given in percent."""
    beside = axes.get_yaxis_transform()
    axes.text(0.02, position, UNDEFINED_CHANGE, transform=beside, va="center", fontsize="small")


def _decades(changes: Sequence[float]) -> float:
    """Return the number of decades between the linear part of an axis and the greatest change."""
    return math.log10(max([LINEAR_WITHIN, *(abs(change) for change in changes)]) / LINEAR_WITHIN)


def radar(results: Results, medium: Medium) -> "Figure":
    """Draw all methods over several measures, each scaled between the worst and the best of them."""
    measures = [one for one in RADAR_MEASURES if all(one in estimated.by_measure for estimated in results.estimates)]
    angles = [2 * math.pi * index / len(measures) for index in range(len(measures))]
    figure = new_figure(medium, 6.5 if medium.titled else 4.2)
    axes = cast("PolarAxes", figure.subplots(subplot_kw={"projection": "polar"}))
    scaled = {measure: _scaled(results, measure) for measure in measures}
    for index, estimated in enumerate(results.estimates):
        values = [scaled[measure][index] for measure in measures]
        colour = COLOURS.get(estimated.method, FALLBACK_COLOUR)
        # Later lines are thinner, so that a line stays visible on both sides of another that covers it.
        left = len(results.estimates) - index
        style, mark = STYLES[index % len(STYLES)]
        axes.plot(
            [*angles, angles[0]],
            [*values, values[0]],
            color=colour,
            label=estimated.method,
            linestyle=style,
            linewidth=0.12 * medium.points * left,
            marker=mark,
            markersize=0.35 * medium.points + left,
        )
    axes.set_xticks(angles, [DISPLAYS[measure].heading for measure in measures])
    for label, angle in zip(axes.get_xticklabels(), angles, strict=True):
        label.set_horizontalalignment(("right", "center", "left")[round(math.cos(angle)) + 1])
    axes.tick_params(axis="x", pad=8)
    axes.set_yticks([0, 0.5, 1], [])
    for radius, name in ((0.15, "worst"), (1.1, "best")):
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(angles[1] / 2, radius, name, size="small", color="#555555", ha="center", va="center", bbox=white)
    # The ring of the best method is the outermost line.
    axes.spines["polar"].set_visible(False)
    axes.set_ylim(-0.35, 1.05)
    if medium.titled:
        axes.set_title(
            f"{subject(results)}: means, each axis scaled from its worst to its best method\n"
            "(the axes do not show how large differences are; the bar charts do)\n"
            f"Latency is that {PROMPT_TASKS}",
            fontsize="medium",
            pad=28,
        )
    figure.legend(loc="outside lower center", ncols=3 if medium.titled else 2, frameon=False)
    return figure


def _scaled(results: Results, measure: str) -> list[float]:
    """Return 1 for the best mean and 0 for the worst; 1 for all where they are equal."""
    sign = 1.0 if measure == "renewable_ratio" else -1.0
    means = [sign * estimated.by_measure[measure].mean for estimated in results.estimates]
    worst, best = min(means), max(means)
    return [(mean - worst) / (best - worst) if best > worst else 1.0 for mean in means]


def _unclutter(axes: "Axes") -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
