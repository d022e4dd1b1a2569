"""Laws of what the views write: parts add up to their sum, and bands begin at nothing below 0."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.core.html import UNKNOWN
from exporter.views.summary import EmissionsView
from exporter.views.wording import band_text, emissions_text, rounded_sum

amounts = st.floats(min_value=0.0, max_value=1e7)


@given(parts=st.lists(amounts, min_size=1, max_size=6), digits=st.integers(min_value=0, max_value=3))
@example(parts=[24.04, 0.04], digits=1)
@example(parts=[0.05, 0.05], digits=1)
def test_what_is_shown_of_the_parts_adds_up_to_what_is_shown_of_the_whole(parts: list[float], digits: int) -> None:
    total, shown = rounded_sum(parts, digits)
    unit = 10.0**-digits
    assert sum(round(one / unit) for one in shown) == round(total / unit)
    assert total == pytest.approx(sum(parts), abs=0.501 * unit, rel=1e-12)
    for part, one in zip(parts, shown, strict=True):
        assert one == pytest.approx(part, abs=unit, rel=1e-12)
        assert one >= 0.0
        assert part > 0.0 or one == 0.0


@given(host=amounts, network=amounts)
def test_written_emissions_add_up_digit_by_digit(host: float, network: float) -> None:
    said = emissions_text(EmissionsView(host=host, network=network, host_and_network=host + network))
    tenths = [int(text.replace(".", "")) for text in (said.host, said.network, said.host_and_network)]
    assert tenths[0] + tenths[1] == tenths[2]


def test_an_unknown_part_is_written_as_unknown_and_so_is_the_sum() -> None:
    said = emissions_text(EmissionsView(host=24.04, network=None, host_and_network=None))
    assert (said.host, said.network, said.host_and_network) == ("24.0 g/h", UNKNOWN, UNKNOWN)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.0, 207.05, "0 to 207"), (4.0, 12.0, "4 to 12"), (0.858, 4.862, "0.9 to 4.9"), (None, None, UNKNOWN)],
)
def test_a_band_is_written_in_whole_watts_or_below_ten_in_tenths(
    low: float | None, high: float | None, text: str
) -> None:
    assert band_text(low, high) == text
