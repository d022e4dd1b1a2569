"""The picture of how the headline varies with each parameter of the scenario."""

from typing import TYPE_CHECKING

from simulator.experiments.find.results import Results
from simulator.experiments.find.sensitivity import Sensitivity, Variation
from simulator.experiments.write.display import LESS_MARK, OPEN_MARK, PERCENT, subject
from simulator.experiments.write.medium import Medium, new_figure
from simulator.experiments.write.plots.styles import unclutter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00")
"""Colours of less and of more of a parameter, dark and light in grey, from the palette of Okabe and Ito (2008)."""


def tornado(results: Results, medium: Medium) -> "Figure":
    """Draw a bar from the headline to what it is at each setting, with the interval there.

    A bar is hollow where that interval holds zero; beyond zero, where the headline has the other sign, the ground is
    grey. The parameters that move the headline farthest stand on top.
    """
    found = results.sensitivity
    if not isinstance(found, Sensitivity):
        raise TypeError("expected the results of a sensitivity experiment")
    shown = [one for one in found.variations if one.difference is not None]
    pitch = 0.3 if medium.titled else 0.21
    figure = new_figure(medium, (1.6 if medium.titled else 0.9) + pitch * len(shown))
    axes = figure.subplots()
    base = 0.0 if found.unchanged.difference is None else found.unchanged.difference.mean * PERCENT
    places, at, before = [], 0.0, ""
    for one in shown:
        at += 0.0 if not before else 1.0 if one.parameter == before else 1.5
        before = one.parameter
        places.append(at)
        _bar(axes, at, one, base, hollow=one.setting in found.not_shown)
    axes.axvline(base, color="black", linewidth=0.8, linestyle=":")
    axes.axvline(0, color="black", linewidth=1.2)
    axes.set_yticks(places, [_label(one) for one in shown])
    axes.set_ylim(at + 0.8, -0.8)
    told = (f"Carbon emissions of {found.method}:", f"change from {found.against}", "at the same setting (%)")
    axes.set_xlabel("\n".join(told))
    axes.margins(x=0.08)
    low, high = axes.get_xlim()
    axes.axvspan(*((0.0, max(high, 0.0)) if base < 0.0 else (min(low, 0.0), 0.0)), color="#EEEEEE", zorder=0)
    axes.set_xlim(low, high)
    unclutter(axes)
    if medium.titled:
        figure.suptitle(
            f"{subject(results)}: means of {results.replications} paired runs, with 95% confidence intervals\n"
            "Dotted: the scenario itself; grey: the sign of the headline is the other one",
            fontsize="medium",
        )
    return figure


def _label(one: Variation) -> str:
    """Return the setting with a multiplication sign, and the mark where the service there is not equal."""
    mark = {True: f" {LESS_MARK}", None: f" {OPEN_MARK}"}.get(one.serves_less, "")
    return f"{one.parameter} \u00d7 {one.factor:g}{mark}"


def _bar(axes: "Axes", at: float, one: Variation, base: float, *, hollow: bool) -> None:
    if one.difference is None:
        return
    mean = one.difference.mean * PERCENT
    whiskers = [[mean - one.difference.low * PERCENT], [one.difference.high * PERCENT - mean]]
    colour = COLOURS[one.factor > 1.0]
    axes.barh(
        at,
        mean - base,
        0.7,
        left=base,
        color="white" if hollow else colour,
        edgecolor=colour,
        xerr=whiskers,
        error_kw={"capsize": 2, "ecolor": "black"},
    )
