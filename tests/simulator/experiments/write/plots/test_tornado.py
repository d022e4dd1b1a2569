"""The picture of sensitivity: from the headline to each setting, and where its sign changes."""

from dataclasses import dataclass

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from msgspec.structs import replace

from simulator.experiments.find.sensitivity import Sensitivity
from simulator.experiments.write.medium import REPORT
from simulator.experiments.write.pictures import pictures
from simulator.experiments.write.plots.tornado import tornado
from tests.simulator.experiments.write.plots.kept import kept
from tests.simulator.experiments.write.plots.planted import variation, with_sensitivity


@dataclass(frozen=True)
class Drawn:
    """The bars of a picture by their labels, and the ground of the other sign."""

    bars: dict[str, Rectangle]
    other: Rectangle


def read(axes: Axes) -> Drawn:
    """Return what is drawn."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    *bars, other = (one for one in axes.patches if isinstance(one, Rectangle))
    return Drawn(bars=dict(zip(names, bars, strict=True)), other=other)


def test_bars_lead_from_the_headline_to_each_setting_and_are_hollow_where_nothing_is_shown() -> None:
    results = with_sensitivity(kept("baseline-edge"))
    (axes,) = tornado(results, REPORT).axes
    drawn = read(axes)
    assert {name for name, bar in drawn.bars.items() if to_hex(bar.get_facecolor()) == "#ffffff"} == {
        "speeds \u00d7 0.5"
    }
    for bar in drawn.bars.values():
        assert -37.0 in (pytest.approx(bar.get_x()), pytest.approx(bar.get_x() + bar.get_width()))
    # What may emit nothing has no difference, and where the service is open it says so.
    assert "supply \u00d7 0" not in drawn.bars
    assert drawn.bars["load \u00d7 4 ?"].get_width() == pytest.approx(43.0)
    assert (drawn.other.get_x(), drawn.other.get_x() + drawn.other.get_width()) == (0.0, axes.get_xlim()[1])


def test_the_ground_of_the_other_sign_lies_on_the_left_where_the_headline_is_above_zero() -> None:
    results = with_sensitivity(kept("baseline-edge"))
    assert isinstance(results.sensitivity, Sensitivity)
    changed = replace(results.sensitivity, unchanged=variation("", 1.0, 0.12))
    (axes,) = tornado(replace(results, sensitivity=changed), REPORT).axes
    assert read(axes).other.get_x() + read(axes).other.get_width() == 0.0


def test_without_a_difference_at_any_setting_there_is_no_picture() -> None:
    results = with_sensitivity(kept("baseline-edge"))
    assert isinstance(results.sensitivity, Sensitivity)
    none = replace(results.sensitivity, variations=[variation("supply", 0.0, None)], low=None, high=None)
    assert pictures(results).keys() == {"sensitivity"}
    assert pictures(replace(results, sensitivity=none)) == {}
