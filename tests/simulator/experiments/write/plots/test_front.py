"""The picture of emissions, service and cost together."""

from itertools import pairwise

import numpy as np
from matplotlib.collections import PathCollection

from simulator.experiments.write.display import marked
from simulator.experiments.write.medium import COLUMN, REPORT
from simulator.experiments.write.plots.front import SIZES, front
from tests.simulator.experiments.write.plots.kept import kept
from tests.simulator.experiments.write.plots.planted import with_front


def test_every_method_is_named_and_those_on_the_front_are_large() -> None:
    results = with_front(kept("peers-edge"))
    axes, cost = front(results, REPORT).axes
    assert {one.get_text() for one in axes.texts} - {""} == {marked(results, one.method) for one in results.front}
    (marks,) = (one for one in axes.collections if isinstance(one, PathCollection))
    assert [float(size) for size in np.asarray(marks.get_sizes())] == [SIZES[one.on_front] for one in results.front]
    assert cost.get_ylabel() == "Net cost ($)"


def test_no_name_covers_the_step() -> None:
    results = with_front(kept("peers-edge"))
    for medium in (REPORT, COLUMN):
        axes = front(results, medium).axes[0]
        (step,) = (line for line in axes.lines if line.get_linestyle() == "--")
        corners = axes.transData.transform(np.column_stack(step.get_data()))
        assert len(corners) >= 3
        boxes = [one.get_window_extent() for one in axes.texts if one.get_text()]
        for one, other in pairwise(corners):
            between = np.linspace(one, other, 200)
            assert not any(box.contains(x, y) for box in boxes for x, y in between)


def test_no_method_is_below_and_to_the_left_of_the_step() -> None:
    results = with_front(kept("peers-edge"))
    axes = front(results, REPORT).axes[0]
    (step,) = (line for line in axes.lines if line.get_linestyle() == "--")
    grams, misses = (np.asarray(one, dtype=float) for one in step.get_data())
    # Across or down, in turn.
    assert ((np.diff(grams) > 0.0) != (np.diff(misses) < 0.0)).all()
    for one in results.front:
        assert not ((grams > one.grams + 1e-9) & (misses > 100.0 * one.misses + 1e-9)).all()
