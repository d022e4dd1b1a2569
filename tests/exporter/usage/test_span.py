"""Laws of spans of time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import MonotonicSeconds
from exporter.usage.span import Span, uncovered, union

SECONDS = 40


def span(start: int, length: int) -> Span:
    return Span(start=MonotonicSeconds(float(start)), end=MonotonicSeconds(float(start + length)))


SPANS = st.lists(st.builds(span, st.integers(0, SECONDS), st.integers(1, 10)), max_size=8)


def seconds_in(spans: list[Span] | tuple[Span, ...]) -> set[int]:
    return {second for one in spans for second in range(int(one.start), int(one.end))}


@given(spans=SPANS)
def test_a_union_is_the_same_time_in_order_and_apart(spans: list[Span]) -> None:
    joined = union(spans)
    assert seconds_in(joined) == seconds_in(spans)
    assert all(first.end < second.start for first, second in pairwise(joined))


@given(whole=st.builds(span, st.integers(0, SECONDS), st.integers(1, SECONDS)), covers=SPANS)
def test_what_is_left_of_a_span_is_what_no_cover_holds(whole: Span, covers: list[Span]) -> None:
    assert float(uncovered(whole, covers)) == float(len(seconds_in([whole]) - seconds_in(covers)))
