"""Names beside points: legible, whatever the points."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from simulator.experiments.write.medium import COLUMN, REPORT, new_figure
from simulator.experiments.write.plots.labels import MARK_POINTS, Box, name_points, places

FRAME = Box(0.0, 0.0, 400.0, 300.0)

SIZE = (60.0, 8.0)

MARKS = st.lists(st.tuples(st.floats(5.0, 395.0), st.floats(5.0, 295.0)), min_size=1, max_size=12)


@given(MARKS)
def test_names_lie_in_the_frame_on_no_mark_and_on_no_other_name(marks: list[tuple[float, float]]) -> None:
    found = places(marks, [SIZE] * len(marks), FRAME)
    for one, other in combinations(found, 2):
        assert not one.overlaps(other)
    for box in found:
        assert box.lies_in(FRAME)
        assert not any(
            box.overlaps(Box(x - MARK_POINTS, y - MARK_POINTS, x + MARK_POINTS, y + MARK_POINTS)) for x, y in marks
        )


def test_a_name_without_any_room_stands_beside_its_mark() -> None:
    (found,) = places([(5.0, 5.0)], [(60.0, 8.0)], Box(0.0, 0.0, 20.0, 10.0))
    assert (found.left, found.low) == (10.0, 1.0)


def test_a_name_far_from_its_mark_has_a_line_to_it() -> None:
    for medium in (REPORT, COLUMN):
        axes = new_figure(medium, 4.0).subplots()
        axes.plot([0.0, 1.0], [0.0, 1.0])
        name_points(axes, [(0.5, 0.5, f"name {number}") for number in range(20)])
        lines = [one for one in axes.texts if one.get_text() == ""]
        assert 0 < len(lines) < 20
