"""Laws of holdings, beside a model that keeps each unit by itself."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from simulator.ledger.booking.holdings import Series, Status, cancel_newest, count_by_status, issue, issued, reassign
from simulator.ledger.record.rules import Rule, RuleError

HOLDERS = [bytes([number]) * 32 for number in range(3)]

Units = list[tuple[bytes, Status]]
"""Holder and status of each unit."""


def units(series: Series) -> Units:
    """Return what a series says of each unit."""
    return [(lot.holder, lot.status) for lot in series for _ in range(lot.first, lot.end)]


def is_canonical(series: Series) -> bool:
    """Tell whether the lots cover all units in order, none is empty, and no two neighbours are alike."""
    return all(lot.first < lot.end for lot in series) and all(
        one.end == other.first and (one.holder, one.status) != (other.holder, other.status)
        for one, other in pairwise(series)
    )


issues = st.tuples(st.just("issue"), st.sampled_from(HOLDERS), st.integers(0, 5))
moves = st.tuples(
    st.sampled_from(Status),
    st.sampled_from(HOLDERS),
    st.sampled_from(HOLDERS),
    st.tuples(st.integers(-1, 30), st.integers(-1, 30)),
)
deficits = st.tuples(st.just("deficit"), st.sampled_from(HOLDERS), st.integers(0, 8))


def expected_breach(model: Units, span: tuple[int, int], holder: bytes) -> Rule | None:
    """Return the rule that a reassignment breaks by the model."""
    first, end = span
    if not 0 <= first < end <= len(model):
        return Rule.NOT_HELD
    for one in model[first:end]:
        if one[1] is Status.RETIRED:
            return Rule.DOUBLE_RETIREMENT
        if one != (holder, Status.HELD):
            return Rule.NOT_HELD
    return None


@given(st.lists(st.one_of(issues, moves, deficits), max_size=40))
def test_a_series_says_of_each_unit_what_a_list_of_units_says(steps: list) -> None:  # type: ignore[type-arg]
    series: Series = ()
    model: Units = []
    for step in steps:
        match step:
            case "issue", holder, count:
                series = issue(series, holder, count)
                model += [(holder, Status.HELD)] * count
            case "deficit", holder, count:
                series, done = cancel_newest(series, holder, count)
                held = [place for place, one in enumerate(model) if one == (holder, Status.HELD)]
                taken = held[len(held) - min(count, len(held)) :]
                assert done == len(taken)
                for place in taken:
                    model[place] = (holder, Status.CANCELLED)
            case status, holder, to, span:
                breach = expected_breach(model, span, holder)
                try:
                    series = reassign(series, span, holder, to, status)
                except RuleError as error:
                    assert error.rule is breach
                else:
                    assert breach is None
                    model[span[0] : span[1]] = [(to, status)] * (span[1] - span[0])
        assert units(series) == model
        assert is_canonical(series)
        assert sum(count_by_status(series)) == issued(series) == len(model)
