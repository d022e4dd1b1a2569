"""Generated years of intensity, and the floor below which no forecast of them can be."""

import numpy as np
import pytest

from bench.forecast_floor import moments_of
from simulator.forecast.grids import SYSTEMS, generated_year
from simulator.grid.generator import CLOUDS, OUTAGES
from simulator.grid.weather import Memory, processes


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_generated_year_is_one_of_local_hours(name: str) -> None:
    series = generated_year(name)
    assert len(series.values) == 8760
    assert np.isfinite(series.values).all()
    assert series.rated == series.values.mean()
    assert series.site.utc_offset_hours == (0 if name == "gb" else 1)
    assert series.date(8759).isoformat() == "2025-12-31"
    assert np.array_equal(series.values, generated_year(name).values)


@pytest.mark.parametrize("memory", [CLOUDS, OUTAGES])
@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_what_is_known_of_a_process_leaves_the_error_that_is_told(memory: Memory, horizon: int) -> None:
    """The error has the deviation of the innovations, and nothing to do with what was known."""
    drawn = processes((memory,), 50_000, np.random.default_rng(1))[:, 0]
    means, deviation = moments_of(memory, drawn, horizon)
    errors = (drawn - means)[horizon + 1 :]
    assert errors.std() == pytest.approx(deviation, rel=0.05)
    assert abs(np.corrcoef(errors, means[horizon + 1 :])[0, 1]) < 0.05
