"""The picture of a run: whole and legible in every medium, and told apart without colour."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from simulator.experiments.write.medium import COLUMN, PAGE, REPORT, Medium, drawn, settings_of
from simulator.picture.course import LOAD, SOLD, STORED, SUN, Course
from simulator.picture.draw import AWAKE, BUSY, SITES, SUPPLIES, draw

LEAST_POINTS = 6.0
"""Size of the smallest text that can be read in print."""


def planted(sites: int = 3, days: int = 7, nodes: int = 3) -> Course:
    """Return a course with so many sites, days, and nodes at each site."""
    random = np.random.default_rng(1)
    hours, count = 24 * days, sites * nodes
    watts = random.uniform(0.0, 20.0, (hours, sites, 4, 5))
    awake = random.integers(0, 2, (hours, count)).astype(float)
    return Course(
        scenario="planted",
        method="shifting",
        seed=1,
        first_day=date(2025, 2, 26),
        sites=tuple(f"site-{site}" for site in range(sites)),
        nodes=tuple(f"site-{site}-node-{node}" for site in range(sites) for node in range(nodes)),
        site_of_node=tuple(site for site in range(sites) for _ in range(nodes)),
        watts=watts,
        grams_per_kwh=random.uniform(20.0, 400.0, (hours, sites)),
        charge=random.uniform(0.1, 1.0, (hours, sites)),
        awake=awake,
        busy=awake * 0.5,
        held=random.integers(0, 200, hours),
    )


@pytest.mark.slow
@pytest.mark.parametrize("medium", [REPORT, COLUMN, PAGE], ids=lambda one: one.ending)
@pytest.mark.parametrize("course", [planted(), planted(1, 1, 4), planted(2, 3, 20)], ids=["week", "day", "many"])
def test_no_part_is_cut_off_or_too_small(course: Course, medium: Medium) -> None:
    with settings_of(medium):
        figure = draw(course, medium)
        assert figure.get_figheight() <= medium.most_height
        figure.draw_without_rendering()
        whole, used = figure.bbox_inches.padded(0.01), figure.get_tightbbox()
        assert whole.containsx(used.x0)
        assert whole.containsx(used.x1)
        assert whole.containsy(used.y0)
        assert whole.containsy(used.y1)
        texts = [one for one in figure.findobj(Text) if one.get_text()]
        assert min(float(one.get_fontsize()) for one in texts) >= LEAST_POINTS
        assert bool(figure.get_suptitle()) == medium.titled


def test_the_same_course_gives_the_same_bytes() -> None:
    course = planted(1, 1, 2)
    once, again = (list(drawn("x", lambda medium: draw(course, medium), [REPORT, COLUMN])) for _ in range(2))
    assert once == again


def lightness(colour: str) -> float:
    """Return the lightness that a colour has in grey, by the weights of Rec. 709."""
    return float(np.dot((0.2126, 0.7152, 0.0722), to_rgb(colour)))


def test_supplies_and_states_differ_in_grey() -> None:
    levels = [lightness(colour) for _, _, colour in SUPPLIES]
    assert all(below - above > 0.1 for below, above in pairwise(levels))
    assert lightness(AWAKE) - lightness(BUSY) > 0.3
    assert len({str(style) for _, style in SITES}) == len(SITES)


def test_the_load_is_the_sum_of_what_serves_it_and_what_is_left_lies_above() -> None:
    course = planted(1, 1, 1)
    axes = draw(course, REPORT).axes[0]
    (load,) = (line for line in axes.lines if line.get_label() == "load")
    assert np.asarray(load.get_ydata())[:-1] == pytest.approx(course.watts[:, 0, :, LOAD].sum(axis=1))
    labels = axes.get_legend_handles_labels()[1]
    assert sorted(labels) == sorted(["sun", "wind", "battery", "grid", "load", "into the battery", "sold or curtailed"])


def test_panels_without_anything_to_show_are_left_out() -> None:
    course = planted(1, 1, 1)
    every = len(draw(course, REPORT).axes)
    bare = replace(course, charge=np.full_like(course.charge, np.nan), held=np.zeros_like(course.held))
    assert len(draw(bare, REPORT).axes) == every - 2


def test_days_are_named_by_their_dates_and_short_runs_by_their_hours() -> None:
    week = draw(planted(), REPORT).axes[-1]
    assert week.get_xlabel() == "2025-02-26 to 2025-03-04, UTC"
    assert [one.get_text() for one in week.get_xticklabels(minor=True)] == ["26", "27", "28", "1", "2", "3", "4"]
    day = draw(planted(1, 1, 1), REPORT).axes[-1]
    assert day.get_xlabel() == "2025-02-26, local time"
    assert [one.get_text() for one in day.get_xticklabels()] == ["00:00", "06:00", "12:00", "18:00", "00:00"]


def test_what_is_sold_is_drawn_above_what_is_stored() -> None:
    course = planted(1, 1, 1)
    watts = np.zeros_like(course.watts)
    watts[:, 0, SUN, LOAD], watts[:, 0, SUN, STORED], watts[:, 0, SUN, SOLD] = 10.0, 5.0, 20.0
    axes = draw(replace(course, watts=watts), REPORT).axes[0]
    tops = {
        str(one.get_label()): float(np.asarray(one.get_paths()[0].vertices)[:, 1].max()) for one in axes.collections
    }
    assert (tops["sun"], tops["into the battery"], tops["sold or curtailed"]) == (10.0, 15.0, 35.0)
