"""Pictures of an evaluation: skill by horizon, reliability, and forecast and truth with the band."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulator.arrays import FloatArray
from simulator.experiments.write.plots import new_figure
from simulator.forecast.gate import REFERENCE
from simulator.forecast.interface import LEVELS
from simulator.forecast.report.figures import SERVED, Evaluation, Figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#7F7F7F"
"""Colours of the served model, of bands and of references, from the palette of Okabe and Ito (2008)."""

BELOW = 3.0
"""Depth of the axes below zero, over the highest skill: what loses more is not drawn."""

STYLES = ("-", "--", ":", "-.")


def pictures(evaluation: Evaluation, figures: Figures) -> Iterator[tuple[str, "Figure"]]:
    """Yield the name and the picture of each series."""
    for label in evaluation.series:
        name = label.replace(" ", "-")
        yield f"{name}-skill.png", skill_by_horizon(figures, label)
        yield f"{name}-reliability.png", reliability(figures, label)
        yield f"{name}-course.png", course(evaluation, label)


def skill_by_horizon(figures: Figures, label: str) -> "Figure":
    """Draw the skill of each model against the reference by horizon, that of the served one with its interval."""
    figure = new_figure(4.0)
    axes = figure.subplots()
    rows = [one for one in figures.skills if (one.label, one.measure, one.reference) == (label, "rmse", REFERENCE)]
    group = rows[-1].splits if rows else ""
    rows = [one for one in rows if one.splits == group]
    best = max((100 * one.high for one in rows), default=1.0)
    least = -BELOW * best
    # What lies below the axes, or on their zero, would only lengthen the legend.
    seen = {one.model for one in rows if one.skill and 100 * one.skill > least}
    rows = [one for one in rows if one.model in seen]
    for number, model in enumerate(dict.fromkeys(one.model for one in rows)):
        mine = [one for one in rows if one.model == model]
        horizons = [one.horizon for one in mine]
        width, colour = (2.0, BLUE) if model == SERVED else (1.0, None)
        style = STYLES[number // 8 % len(STYLES)]
        axes.plot(horizons, [100 * one.skill for one in mine], style, label=model, linewidth=width, color=colour)
        if model == SERVED:
            ends = ([100 * one.low for one in mine], [100 * one.high for one in mine])
            axes.fill_between(horizons, *ends, color=BLUE, alpha=0.15, linewidth=0)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylim(least, 1.2 * best)
    axes.set_xlabel("horizon (hours)")
    axes.set_ylabel(f"skill in RMSE against {REFERENCE} (%)")
    axes.set_title(f"{label}, {group}: errors saved by horizon; band: 95% interval over days", fontsize="medium")
    figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    return figure


def reliability(figures: Figures, label: str) -> "Figure":
    """Draw the share of observations below each level."""
    figure = new_figure(4.0)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    for model, shares in figures.reliability[label].items():
        if model in {SERVED, REFERENCE}:
            axes.plot(LEVELS, shares, "o-", label=model, color=BLUE if model == SERVED else GREY, markersize=4)
    axes.set_xlabel("level of the quantile")
    axes.set_ylabel("share of observations below it")
    axes.set_aspect("equal")
    axes.set_title(f"{label}: reliability, all splits and horizons", fontsize="medium")
    axes.legend(frameon=False)
    return figure


def course(evaluation: Evaluation, label: str) -> "Figure":
    """Draw the last days of a test: truth, and the served forecast one step ahead with its 90% band."""
    split = next(iter(evaluation.splits(label).values()))[0]
    example: FloatArray = evaluation.outcome(label, split, SERVED, evaluation.seeds[0]).example
    figure = new_figure(3.2)
    axes = figure.subplots()
    hours = range(example.shape[1])
    axes.fill_between(hours, example[1], example[3], color=ORANGE, alpha=0.4, linewidth=0, label="90% band")
    axes.plot(hours, example[2], color=BLUE, label="median, one step ahead")
    axes.plot(hours, example[0], color="black", linewidth=0.9, label="observed")
    unit = "g/kWh" if evaluation.series[label].kind == "intensity" else "W"
    axes.set_ylabel(unit)
    axes.set_xlabel("hours")
    axes.set_title(f"{label}: the last days of a test ({split})", fontsize="medium")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure
