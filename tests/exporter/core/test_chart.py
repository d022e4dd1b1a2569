"""Lines of a chart: nothing is drawn elsewhere for being written in fewer steps."""

import re
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from exporter.core.chart import Place, steps


def turns(run: list[Place]) -> list[Place]:
    """Return the places between which a run is drawn."""
    numbers = [int(one) for one in re.findall(r"-?\d+", steps(run))]
    moves = zip(numbers[::2], numbers[1::2], strict=True)
    return list(accumulate(moves, lambda at, move: (at[0] + move[0], at[1] + move[1]), initial=run[0]))


def is_between(place: Place, begin: Place, end: Place) -> bool:
    """Return whether a place is on a line."""
    (x, y), (x0, y0), (x1, y1) = place, begin, end
    on = (x - x0) * (y1 - y0) == (y - y0) * (x1 - x0)
    return on and min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1)


places = st.tuples(st.integers(0, 3), st.integers(0, 3))


@given(run=st.lists(places, min_size=1, max_size=12))
def test_a_line_goes_through_all_places_in_their_order_and_turns_at_no_other(run: list[Place]) -> None:
    drawn = turns(run)
    assert (drawn[0], drawn[-1]) == (run[0], run[-1])
    lines = pairwise(drawn)
    line = next(lines)
    for place in run:
        while not is_between(place, *line):
            line = next(lines)  # StopIteration where a place was left out
    assert set(drawn) <= set(run)


def test_a_straight_run_is_one_step() -> None:
    assert steps([(x, 240) for x in range(0, 721, 3)]) == "l720 0"
    assert steps([(0, 0), (1, 2), (2, 4), (3, 4), (2, 4)]) == "l2 4 1 0-1 0"
    assert steps([(5, 5)]) == "l0 0"
