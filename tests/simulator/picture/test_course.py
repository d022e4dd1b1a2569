"""The course of a run by the hour: the run itself, only told otherwise."""

import numpy as np
import pytest

from exporter.core.config import ConfigError
from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_HOUR
from simulator.energy.bus import SINKS, SOURCES
from simulator.picture.course import GRID, LOAD, LOST, STORED, Course, course_of
from simulator.run.job import Job, full_method
from simulator.run.simulate import simulate
from simulator.scenario.load import load_scenario


def job(scenario: str) -> Job:
    """Return the run of a scenario under its own policy, without a ledger."""
    found = load_scenario(scenario)
    return Job(scenario=found, method=full_method(found), seed=1)


@pytest.fixture(scope="module")
def week() -> Course:
    return course_of(job("regions"))


@pytest.mark.slow
def test_the_hours_of_a_week_sum_to_the_figures_of_the_run(week: Course) -> None:
    found = simulate(job("regions"))
    network = found.network_joules or 0.0
    joules = week.watts.sum(axis=(0, 1)) * SECONDS_PER_HOUR
    assert joules[:, LOAD].sum() + network == pytest.approx(found.energy_joules)
    bought = joules[GRID, [LOAD, STORED, LOST]].sum()
    assert bought + network == pytest.approx(found.grid_joules)
    kwh = week.watts[:, :, GRID].sum(axis=2) * SECONDS_PER_HOUR / JOULES_PER_KWH
    grams = float((kwh * week.grams_per_kwh).sum())
    # The network's own emissions are in the figure, and in no flow of a site.
    assert grams <= found.emissions_grams <= grams + network / JOULES_PER_KWH * float(week.grams_per_kwh.max())


@pytest.mark.slow
def test_a_week_has_a_figure_for_every_hour_site_and_node(week: Course) -> None:
    hours = 7 * 24
    assert week.days == 7
    assert week.watts.shape == (hours, 3, len(SOURCES), len(SINKS))
    assert str(week.first_day) == "2025-04-15"
    assert {week.sites[site] for site in week.site_of_node} == {"leeds", "leipzig", "lyon"}
    for shares in (week.charge, week.awake, week.busy):
        assert (shares >= -1e-9).all()
        assert (shares <= 1.0 + 1e-9).all()
    # No node executes while it sleeps, and over a week some sleep.
    assert (week.busy <= week.awake + 1e-9).all()
    assert week.awake.min() == pytest.approx(0.0)
    assert week.held.any()


def test_a_single_site_has_all_buses_and_a_site_without_battery_no_charge() -> None:
    course = course_of(job("edge"))
    assert course.sites == ("site",)
    assert course.site_of_node == (0, 0, 0, 0)
    assert np.isfinite(course.charge).all()
    assert np.isnan(course_of(job("grid-only")).charge).all()


def test_the_published_model_has_no_course() -> None:
    with pytest.raises(ConfigError) as caught:
        course_of(job("published"))
    assert caught.value.mistakes == ["--scenario: expected one of the model edge, got published"]
