"""The common ground of all pictures: colours by method, marks, whiskers, titles and bare axes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from simulator.experiments.find.estimates import Estimate
from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.write.display import Display, marked, subject
from simulator.experiments.write.medium import Medium

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

LONGEST_TITLE = 87
"""Characters of a title that fit into a line of a report; a longer one takes two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The colour of a method, and that which fills its marks: white where its service is not that of the reference."""

    colour: str
    face: str


def look_of(results: Results, method: str) -> Look:
    """Return the look of a method."""
    colour = COLOURS.get(method, FALLBACK_COLOUR)
    return Look(colour=colour, face=colour if marked(results, method) == method else "white")


def reach_below(interval: Interval | Estimate, display: Display, least: float = 0.0) -> float:
    """Return the length of the whisker below the mean, which ends at `least` for an unsigned display."""
    low = interval.low if display.signed else max(interval.low, min(interval.mean, least))
    return interval.mean - low


def caption(results: Results) -> str:
    """Return the title of a picture that shows means."""
    told = f"means of {results.replications} runs, with 95% confidence intervals"
    whole = f"{subject(results)}: {told}"
    return whole if len(whole) <= LONGEST_TITLE else f"{subject(results)}:\n{told}"


def point(axes: "Axes", mean: float, position: float, whiskers: Sequence[Sequence[float]], look: Look) -> None:
    """Draw a point over its interval, which may be narrower."""
    axes.errorbar(mean, position, xerr=whiskers, fmt="none", ecolor="black", capsize=2)
    axes.plot(mean, position, "o", color=look.colour, markerfacecolor=look.face, zorder=3)


def published_legend(figure: "Figure", axes: "Axes", has_any: bool) -> None:  # noqa: FBT001 - says what there is
    """Explain the marks of published figures below a picture that has any."""
    if has_any:
        axes.plot([], [], "D", color="black", markerfacecolor="white", label="published")
        figure.legend(loc="outside lower right", frameon=False)


def unclutter(axes: "Axes") -> None:
    """Remove a picture's frame but for the horizontal axis, and draw lines at its ticks."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
