"""Options that several kinds of panel share: legends, tooltips, sizes of text, and how a graph is drawn."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from grafana_foundation_sdk.models import common

from grafana.geometry import TEXT_SIZE, text_pixels, tile_pixels

LAST = "lastNotNull"

SMALLEST_TEXT = 12
"""Size in px below which text is hard to read; Grafana's own legends have it."""

NAME_SIZE = TEXT_SIZE
VALUE_SIZES = range(32, NAME_SIZE - 1, -2)
"""Sizes of large figures in px, from the largest down."""

A_FIGURE = "1234.5 g/h"
"""The longest figure that is to fit, unless the panel's own unit is longer."""

SUFFIX = "suffix:"
"""Begins Grafana's units that are written after the figure as they are."""

GRAMS_PER_HOUR, GRAMS_PER_KWH, PER_HOUR = f"{SUFFIX}g/h", f"{SUFFIX}g/kWh", f"{SUFFIX}/h"
"""Units of boards, beside Grafana's own: emissions, carbon intensity, and events."""

SOFT_MAXIMA: Mapping[str, float] = MappingProxyType(
    {
        "percentunit": 0.1,
        "watt": 10.0,
        "massg": 1.0,
        "s": 1.0,
        "bytes": 1_000_000.0,
        "Bps": 1_000.0,
        "pps": 10.0,
        "currencyUSD": 0.01,
        GRAMS_PER_HOUR: 1.0,
        "suffix:g": 0.001,
        PER_HOUR: 10.0,
    }
)
"""Unit -> the least end of an axis: Grafana's axes of nothing but zeros end at 100, which is 10,000% of a share."""

SOFT_MAXIMUM = 1.0
"""The same for any other unit."""


OPEN_SERIES = 4
"""Series to leave room for where a legend names label values that are not known beforehand."""


def expected_series(legends: Sequence[str], named: int) -> int:
    """Return for how many series a legend has to have room: as many as have a colour by name, or a few."""
    fixed = sum("{{" not in text for text in legends)
    return fixed if fixed == len(legends) else max(named, fixed + OPEN_SERIES)


def soft_maximum(unit: str) -> float:
    """Return the least end of an axis of this unit."""
    return SOFT_MAXIMA.get(unit, SOFT_MAXIMUM)


def legend(calcs: Sequence[str], *, beside: bool = False) -> common.VizLegendOptions:
    """Describe a series by its name and these calculations, `beside` the graph or under it."""
    mode = common.LegendDisplayMode.TABLE if calcs else common.LegendDisplayMode.LIST
    place = common.LegendPlacement.RIGHT if beside else common.LegendPlacement.BOTTOM
    return common.VizLegendOptions(display_mode=mode, placement=place, show_legend=True, calcs=list(calcs))


def tooltip() -> common.VizTooltipOptions:
    """Show all series at the pointer, the largest first."""
    return common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)


def last() -> common.ReduceDataOptions:
    """Reduce each series to its last value."""
    return common.ReduceDataOptions(values=False, calcs=[LAST], fields="")


def drawn(style: common.GraphDrawStyle, unit: str, *, fill: int, stacked: bool = False) -> common.GraphFieldConfig:
    """Draw a graph in one of Grafana's styles, filled to `fill` percent, on an axis that suits all-zero values."""
    mode = common.StackingMode.NORMAL if stacked else common.StackingMode.NONE
    return common.GraphFieldConfig(
        draw_style=style,
        line_width=1,
        fill_opacity=fill,
        show_points=common.VisibilityMode.NEVER,
        span_nulls=False,
        gradient_mode=common.GraphGradientMode.NONE,
        stacking=common.StackingConfig(mode=mode, group="A"),
        axis_soft_max=soft_maximum(unit),
    )


def longest_figure(unit: str) -> str:
    """Return the longest figure in this unit that is to fit."""
    own = f"1234 {unit.removeprefix(SUFFIX).strip()}" if unit.startswith(SUFFIX) else ""
    return max(A_FIGURE, own, key=len)


def sized_for(tiles: int, width: int, unit: str) -> common.VizTextDisplayOptions:
    """Size the figures of so many tiles side by side in a panel of `width` columns, so that each fits its tile."""
    room, figure = tile_pixels(width, tiles), longest_figure(unit)
    fitting = (size for size in VALUE_SIZES if text_pixels(figure, size) <= room)
    return common.VizTextDisplayOptions(title_size=NAME_SIZE, value_size=next(fitting, NAME_SIZE))


def beside_bars() -> common.VizTextDisplayOptions:
    """Size names and values of bars: Grafana leaves values out where it chooses the size itself."""
    return common.VizTextDisplayOptions(title_size=NAME_SIZE, value_size=NAME_SIZE)
