"""Pictures for a report on a screen and for a paper, drawn without a display: the same bytes each time."""

import io
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

REPORT_POINTS = 10.0
"""Size of text in a report, for which heights of figures are given."""

DOTS_PER_INCH = 120

DECADES_FOR_LOG = 2.0
"""Decades over which values have to spread for a logarithmic axis."""

MOST_DECADES = 3
"""Decades on either side of zero; what is closer to zero is drawn to scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A kind of picture: its width and greatest height in inches, its text in points, and how its file's name ends.

    `panels` stand beside one another. A paper has captions, and its pictures no titles.
    """

    ending: str
    width: float
    most_height: float
    points: float
    panels: int
    titled: bool


REPORT = Medium(ending=".png", width=8.0, most_height=math.inf, points=REPORT_POINTS, panels=2, titled=True)

COLUMN = Medium(ending=".pdf", width=3.46, most_height=9.0, points=8.0, panels=1, titled=False)
"""A column of a paper: 88 mm, a little less than the 3.5 inches of IEEE's journals, whose text is 9.25 inches high."""

PAGE = Medium(ending="-wide.pdf", width=7.13, most_height=9.0, points=8.0, panels=2, titled=False)
"""Both columns of a paper: 181 mm, a little less than the 7.16 inches of IEEE's journals."""

PLOTS: Mapping[str, Sequence[Medium]] = MappingProxyType({"report": (REPORT,), "paper": (REPORT, COLUMN, PAGE)})
"""Kinds of pictures that are drawn, by the flag `--plots`."""

PRINTED: "dict[RcKeyType, Any]" = {
    "pdf.fonttype": 42,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
}
"""Settings of matplotlib for a paper: fonts as TrueType, in place of outlines that editors refuse, and finer lines."""

Draw = Callable[[Medium], "Figure"]


def drawn(name: str, draw: Draw, media: Sequence[Medium]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a picture, without the time or the program of its drawing; none that is too high to print."""
    for medium in media:
        with settings_of(medium):
            figure = draw(medium)
            if figure.get_figheight() <= medium.most_height:
                yield f"{name}{medium.ending}", _bytes(figure, medium)


@contextmanager
def settings_of(medium: Medium) -> Iterator[None]:
    """Draw and write pictures with the settings of a medium while this holds."""
    with _without_messages("matplotlib"):
        import matplotlib  # noqa: PLC0415 - slow to load, and only needed here
    with matplotlib.rc_context(None if medium.titled else PRINTED | {"font.size": medium.points}):
        yield


def _bytes(figure: "Figure", medium: Medium) -> bytes:
    buffer = io.BytesIO()
    kind = medium.ending.rpartition(".")[2]
    unknown = ("Software",) if kind == "png" else ("CreationDate", "Creator", "Producer")
    with _without_messages("fontTools"):
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=dict.fromkeys(unknown))
    return buffer.getvalue()


def new_figure(medium: Medium, height: float) -> "Figure":
    """Return an empty figure; `height` in inches, with text of the size that reports have."""
    with _without_messages("matplotlib"):
        from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load, and only needed here

    return Figure(figsize=(medium.width, height * medium.points / REPORT_POINTS), layout="constrained")


@contextmanager
def _without_messages(logger: str) -> Iterator[None]:
    """Silence a logger: matplotlib tells where its cache is, and fontTools each table of a font that it leaves out."""
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def is_wide(values: Sequence[float]) -> bool:
    """Return whether values other than zero spread over so many decades that a linear axis would hide the small."""
    sizes = [abs(value) for value in values if value]
    return bool(sizes) and max(sizes) >= 10.0**DECADES_FOR_LOG * min(sizes)


def set_scale(axes: "Axes", direction: str, values: Sequence[float]) -> str:
    """Make an axis logarithmic where the values are wide; where not all are above zero it is linear around that.

    Return what the title of the axis has to say of it.
    """
    if not is_wide(values):
        return ""
    if min(values) > 0.0:
        axes.set(**{f"{direction}scale": "log"})
        return ""
    sizes = [abs(value) for value in values if value]
    least = max(_decade(min(sizes)), _decade(max(sizes)) - MOST_DECADES)
    below, above = [-one for one in values if one < 0.0], [one for one in values if one > 0.0]
    ticks = [-(10.0 ** _decade(max(below)))] if below else []
    ticks += [0.0, *(10.0**power for power in (range(_decade(max(above)), least - 1, -2) if above else ()))]
    (axes.set_xscale if direction == "x" else axes.set_yscale)("symlog", linthresh=10.0**least)
    (axes.set_xticks if direction == "x" else axes.set_yticks)(ticks)
    return f"(logarithmic beyond {10.0**least:g})"


def _decade(value: float) -> int:
    return math.floor(math.log10(value))
