"""Pictures of an evaluation: skill by horizon, reliability, and forecast and truth with the band."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from simulator.arrays import FloatArray
from simulator.experiments.write.medium import Draw, Medium, new_figure
from simulator.forecast.gate import REFERENCE
from simulator.forecast.interface import LEVELS
from simulator.forecast.report.figures import SERVED, Evaluation, Figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#7F7F7F"
"""Colours of the served model, of bands and of references, from the palette of Okabe and Ito (2008)."""

BELOW = 3.0
"""Depth of the axes below zero, over the highest skill: what loses more is not drawn."""

LINES: Sequence[tuple[str, str, str]] = (
    ("#E69F00", "-", "o"),
    ("#009E73", "--", "s"),
    ("#CC79A7", "-.", "^"),
    ("#D55E00", ":", "D"),
    ("#56B4E9", "-", "v"),
    ("#7F7F7F", "--", "P"),
    ("#000000", "-.", "X"),
    ("#8C6D31", ":", "<"),
)
"""Colour, style and mark of the models that are not served, which differ in grey as well; of the same palette."""


def pictures(evaluation: Evaluation, figures: Figures) -> Iterator[tuple[str, Draw]]:
    """Yield the name and the picture of each series."""
    for label in evaluation.series:
        name = label.replace(" ", "-")
        yield f"{name}-skill", partial(skill_by_horizon, figures, label)
        yield f"{name}-reliability", partial(reliability, figures, label)
        yield f"{name}-course", partial(course, evaluation, label)


def skill_by_horizon(figures: Figures, label: str, medium: Medium) -> "Figure":
    """Draw the skill of each model against the reference by horizon, that of the served one with its interval."""
    figure = new_figure(medium, 4.0)
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
        horizons, skills = [one.horizon for one in mine], [100 * one.skill for one in mine]
        if model == SERVED:
            axes.plot(horizons, skills, label=model, linewidth=2.0, color=BLUE)
            ends = ([100 * one.low for one in mine], [100 * one.high for one in mine])
            axes.fill_between(horizons, *ends, color=BLUE, alpha=0.15, linewidth=0)
            continue
        colour, style, mark = LINES[number % len(LINES)]
        axes.plot(horizons, skills, linestyle=style, marker=mark, markevery=3, label=model, linewidth=1.0, color=colour)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylim(least, 1.2 * best)
    axes.set_xlabel("horizon (hours)")
    axes.set_ylabel(f"skill in RMSE against {REFERENCE} (%)")
    if medium.titled:
        axes.set_title(f"{label}, {group}: errors saved by horizon; band: 95% interval over days", fontsize="medium")
    if medium.panels > 1:
        figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    else:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    return figure


def reliability(figures: Figures, label: str, medium: Medium) -> "Figure":
    """Draw the share of observations below each level."""
    figure = new_figure(medium, 4.0)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    for model, shares in figures.reliability[label].items():
        if model in {SERVED, REFERENCE}:
            # The marks of the reference are seen around those of the served model, which may be the same.
            style, colour, size = ("o-", BLUE, 4) if model == SERVED else ("s--", GREY, 7)
            axes.plot(LEVELS, shares, style, label=model, color=colour, markersize=size, markerfacecolor="none")
    axes.set_xlabel("level of the quantile")
    axes.set_ylabel("share of observations below it")
    axes.set_aspect("equal")
    if medium.titled:
        axes.set_title(f"{label}: reliability, all splits and horizons", fontsize="medium")
    axes.legend(frameon=False)
    return figure


def course(evaluation: Evaluation, label: str, medium: Medium) -> "Figure":
    """Draw the last days of a test: truth, and the served forecast one step ahead with its 90% band."""
    split = next(iter(evaluation.splits(label).values()))[0]
    example: FloatArray = evaluation.outcome(label, split, SERVED, evaluation.seeds[0]).example
    figure = new_figure(medium, 3.2)
    axes = figure.subplots()
    hours = range(example.shape[1])
    axes.fill_between(hours, example[1], example[3], color=ORANGE, alpha=0.4, linewidth=0, label="90% band")
    axes.plot(hours, example[2], "--", color=BLUE, label="median, one step ahead")
    axes.plot(hours, example[0], color="black", linewidth=0.9, label="observed")
    unit = "g/kWh" if evaluation.series[label].kind == "intensity" else "W"
    axes.set_ylabel(unit)
    axes.set_xlabel("hours")
    if medium.titled:
        axes.set_title(f"{label}: the last days of a test ({split})", fontsize="medium")
    figure.legend(loc="outside lower center", ncols=3 if medium.panels > 1 else 1, frameon=False)
    return figure
