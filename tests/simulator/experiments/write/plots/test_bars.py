"""Bars, and points where an axis has no zero."""

import numpy as np
import pytest

from simulator.experiments.write.display import DISPLAYS
from simulator.experiments.write.medium import REPORT
from simulator.experiments.write.plots.bars import bars
from tests.simulator.experiments.write.plots.kept import kept


def test_on_a_logarithmic_axis_figures_are_points_and_no_bars() -> None:
    """A bar's length would depend on where the axis happens to begin."""
    results = kept("baseline-published")
    for measure, scale in (("emissions_grams", "log"), ("energy_joules", "linear"), ("cost_dollars", "symlog")):
        (axes,) = bars(results, measure, REPORT).axes
        assert axes.get_xscale() == scale
        assert len(axes.patches) == (5 if scale == "linear" else 0)
        points = [line for line in axes.lines if line.get_marker() == "o"]
        means = [one.by_measure[measure].mean * DISPLAYS[measure].factor for one in results.estimates]
        if scale != "linear":
            assert [float(np.asarray(line.get_xdata())[0]) for line in points] == pytest.approx(means)
