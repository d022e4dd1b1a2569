"""Figures that follow from those of a run."""

import pytest
from msgspec.structs import replace

from simulator.experiments.run.work import figures_of
from simulator.run.job import Job, Method
from simulator.scenario.load import load_scenario
from tests.simulator.experiments.fake_simulation import fake


@pytest.mark.parametrize(("above", "gap"), [(20.0, 20.0), (1e-12, 0.0), (-1e-12, 0.0), (-20.0, -20.0)])
def test_a_bound_that_is_none_shows_in_the_gap(above: float, gap: float) -> None:
    job = Job(scenario=load_scenario("edge"), method=Method(name="joint", policy="joint"), seed=1)
    result = replace(fake(job), emissions_grams=60.0, bound_grams=60.0 - above)
    assert figures_of(result)["gap_grams"] == pytest.approx(gap)
