"""How bands are written."""

import pytest

from exporter.core.html import UNKNOWN
from exporter.wording import band_text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.0, 207.05, "0 to 207"), (4.0, 12.0, "4 to 12"), (0.858, 4.862, "0.9 to 4.9"), (None, None, UNKNOWN)],
)
def test_a_band_is_written_in_whole_watts_or_below_ten_in_tenths(
    low: float | None, high: float | None, text: str
) -> None:
    assert band_text(low, high) == text
