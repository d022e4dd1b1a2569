"""The sizes that Grafana gives to columns and texts, as far as boards count on them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grafana.geometry import (
    GAP_PIXELS,
    GRID_COLUMNS,
    PANEL_EDGE_PIXELS,
    legend_rows,
    page_pixels,
    panel_pixels,
    table_pixels,
    text_pixels,
    text_rows_pixels,
    wider_than_their_share,
)

WIDTHS = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(50, 400), min_size=1, max_size=12)


@given(WIDTHS, st.integers(200, 1300))
def test_a_table_fits_wherever_its_columns_do(widths: dict[str, int], room: int) -> None:
    fixed = wider_than_their_share(widths, room)
    least = [width for one, width in widths.items() if one not in fixed]
    taken = table_pixels([widths[one] for one in fixed], least, room)
    if sum(widths.values()) <= room:
        assert taken <= room + 1e-6
    else:
        assert taken >= room


def test_one_wide_column_that_is_not_fixed_pushes_the_last_one_out() -> None:
    assert table_pixels([], [216, 88, 88, 88], 594) > 594
    assert table_pixels([216], [88, 88, 88], 594) == 594


@given(st.sets(st.integers(1, GRID_COLUMNS - 1)))
def test_panels_and_gaps_fill_a_row(edges: set[int]) -> None:
    widths = [right - left for left, right in pairwise([0, *sorted(edges), GRID_COLUMNS])]
    taken = sum(panel_pixels(one) + PANEL_EDGE_PIXELS for one in widths) + GAP_PIXELS * (len(widths) - 1)
    assert taken == pytest.approx(page_pixels())


def test_a_legend_below_a_usual_panel_shows_two_series_and_one_beside_it_nine() -> None:
    assert legend_rows(8, beside=False) == 2
    assert legend_rows(8, beside=True) == 9


@given(st.text(max_size=40), st.text(max_size=40))
def test_longer_texts_take_more_room(one: str, more: str) -> None:
    assert text_pixels(one + more, 14) >= text_pixels(one, 14)
    assert text_rows_pixels([one, more], 8) >= text_rows_pixels([one], 8)
