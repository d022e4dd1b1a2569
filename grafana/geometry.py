"""The sizes that a board takes on a screen 1280 px wide, the smallest that boards are made for, as Grafana lays it out.

Grafana divides the page between its margins into 24 columns with gaps of 8 px, and counts heights in cells of 30 px
with gaps of 8 px (GRID_CELL_HEIGHT, GRID_CELL_VMARGIN). Text is estimated by the widths of the letters of its typeface,
Inter.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

SCREEN_PIXELS = 1280
PAGE_MARGIN_PIXELS = 16
"""Margin of the page on each side, two of the theme's units of 8 px."""

SCROLL_BAR_PIXELS = 15
"""Scroll bar of the page, the widest of those that browsers draw by default."""

GRID_COLUMNS = 24
GAP_PIXELS = 8
CELL_PIXELS = 30

PANEL_EDGE_PIXELS = 18
"""Border and padding of a panel on both sides together: 2 x (1 + 8) px."""

TITLE_PIXELS = 32
"""Height of a panel's title."""

INFO_PIXELS = 32
"""Width of the sign beside a title that opens the panel's description."""

LEGEND_ROW_PIXELS = 24
LEGEND_SHARE = 0.35
"""Part of a panel's height that a legend under the graph may take; what does not fit is scrolled."""

TABLE_CELL_PADDING_PIXELS = 12
WORD_PIXELS, FIGURE_PIXELS, BAR_PIXELS = 88, 64, 120
"""Least widths of a table's columns, for labels of twelve letters, figures, and figures as bars. Grafana's own is
150 px."""

UNIT_PIXELS = {"dtdhms": 104, "dateTimeAsLocalNoDateIfToday": 168}
"""Unit -> least width of a column of such values, for "27 d 02:03:04" and for a date with its time."""

SORT_SIGN_PIXELS = 16
"""Width of the arrow in the heading of the column that a table is sorted by."""

TEXT_SIZE, LABEL_SIZE = 14, 12
"""Sizes of Grafana's usual text, and of the labels of variables and fields."""

LINE_PIXELS, PARAGRAPH_PIXELS = 22, 10
"""Height of a line of text, and the gap between paragraphs."""

TILE_GAP_PIXELS, TILE_PADDING_PIXELS = 8, 12
"""Gap between figures, and the padding on each side of one."""

LABEL_PIXELS = 36
"""Padding of a variable's label, and the sign of its description."""

CHOICE_PIXELS = 52
"""Padding and arrow of a list to choose from."""

MENU_PIXELS = 56
"""Padding, sign and arrow of a menu of boards."""

TIME_PIXELS = 280
"""Choice of the time range, zoom, refresh and its interval."""

NARROW, WIDE = frozenset(" .,:;'|!iIljtfr()[]-"), frozenset("mwMWGOQ%@CDHNU")
NARROW_EM, USUAL_EM, WIDE_EM = 0.33, 0.58, 0.84
"""Widths of Inter's letters by kind, in parts of the size of the text; the widest of each kind, rounded up."""


def page_pixels() -> float:
    """Return the width between the margins, in which variables and panels stand."""
    return SCREEN_PIXELS - SCROLL_BAR_PIXELS - 2 * PAGE_MARGIN_PIXELS


def panel_pixels(columns: int) -> float:
    """Return the width of a panel of this many columns inside its edge."""
    column = (page_pixels() - (GRID_COLUMNS - 1) * GAP_PIXELS) / GRID_COLUMNS
    return columns * column + (columns - 1) * GAP_PIXELS - PANEL_EDGE_PIXELS


def panel_rows_pixels(rows: int) -> float:
    """Return the height of a panel of this many grid rows inside its edge and below its title."""
    return rows * CELL_PIXELS + (rows - 1) * GAP_PIXELS - PANEL_EDGE_PIXELS - TITLE_PIXELS


def text_pixels(text: str, size: float) -> float:
    """Return the width of a text, at a size in px; rather too much than too little."""
    ems = sum(NARROW_EM if letter in NARROW else WIDE_EM if letter in WIDE else USUAL_EM for letter in text)
    return ems * size


def title_pixels(columns: int) -> float:
    """Return the room for a title in a panel of this many columns."""
    return panel_pixels(columns) - INFO_PIXELS


def heading_pixels(heading: str, *, is_sorted: bool) -> int:
    """Return the least width of a table's column in which its heading is whole."""
    sign = SORT_SIGN_PIXELS if is_sorted else 0
    return math.ceil(text_pixels(heading, TEXT_SIZE) + TABLE_CELL_PADDING_PIXELS + sign)


def least_widths(
    headings: Iterable[str], *, figures: Collection[str], bars: Collection[str], largest: str
) -> dict[str, int]:
    """Return the least width of each column of a table that is sorted by `largest`, by what the columns hold."""

    def width(heading: str) -> int:
        content = BAR_PIXELS if heading in bars else FIGURE_PIXELS if heading in figures else WORD_PIXELS
        return max(content, heading_pixels(heading, is_sorted=heading == largest))

    return {heading: width(heading) for heading in headings}


def tile_pixels(columns: int, tiles: int) -> float:
    """Return the width inside each of so many figures side by side in a panel of this many columns."""
    return (panel_pixels(columns) - (tiles - 1) * TILE_GAP_PIXELS) / tiles - 2 * TILE_PADDING_PIXELS


def wider_than_their_share(widths: Mapping[str, float], room: float) -> set[str]:
    """Return the columns to which equal shares of the room would be too narrow.

    Grafana 12 gives each column the larger of its least width and an equal share of what fixed widths leave, so one
    that needs more than its share has to be fixed, or the last ones are pushed out of sight.
    """
    fixed: set[str] = set()
    while True:
        share = (room - sum(widths[one] for one in fixed)) / max(1, len(widths) - len(fixed))
        wider = {one for one, width in widths.items() if width > share} - fixed
        if not wider:
            return fixed
        fixed |= wider


def table_pixels(fixed: Sequence[float], least: Sequence[float], room: float) -> float:
    """Return the width that a table takes in Grafana 12, of columns with fixed and with least widths."""
    share = (room - sum(fixed)) / max(1, len(least))
    return sum(fixed) + sum(max(width, share) for width in least)


def header_pixels(variables: Sequence[tuple[str, str]], links: Sequence[str]) -> float:
    """Return the width of the page's header in one line: variables by label and chosen value, menus, choice of time."""
    chosen = sum(
        (text_pixels(label, LABEL_SIZE) + LABEL_PIXELS if label else 0) + text_pixels(value, TEXT_SIZE) + CHOICE_PIXELS
        for label, value in variables
    )
    menus = sum(text_pixels(title, TEXT_SIZE) + MENU_PIXELS for title in links)
    return chosen + menus + TIME_PIXELS + GAP_PIXELS * (len(variables) + len(links))


def text_rows_pixels(paragraphs: Sequence[str], columns: int) -> float:
    """Return the height of paragraphs of text in a panel of this many columns."""
    lines = sum(math.ceil(text_pixels(one, TEXT_SIZE) / panel_pixels(columns)) for one in paragraphs)
    return LINE_PIXELS * lines + PARAGRAPH_PIXELS * (len(paragraphs) - 1)


def legend_rows(rows: int, *, beside: bool) -> int:
    """Return how many series the legend of a panel of so many grid rows shows, `beside` the graph or under it."""
    height = panel_rows_pixels(rows)
    room = height if beside else LEGEND_SHARE * height
    return int((room - LEGEND_ROW_PIXELS) // LEGEND_ROW_PIXELS)
