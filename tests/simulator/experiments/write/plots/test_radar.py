"""The picture of all methods over several measures."""

from simulator.experiments.write.medium import COLUMN
from simulator.experiments.write.plots.radar import radar
from tests.simulator.experiments.write.plots.kept import kept


def test_lines_of_a_picture_differ_without_colour() -> None:
    (axes,) = radar(kept("baseline-edge"), COLUMN).axes
    told = {(str(line.get_linestyle()), str(line.get_marker())) for line in axes.lines}
    assert len(told) == len(axes.lines) == 6
