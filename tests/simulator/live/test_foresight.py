"""Lessons of a child for a live run: the same as the run would have learnt itself."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from exporter.core.config import ConfigError
from simulator.app import Plan, build_run
from simulator.assembly.layout import layout_of
from simulator.forecast.serving import HourlyForecaster
from simulator.live.foresight import SKY_DAYS, learnt, learnt_in_child
from simulator.run.forecasts import Foresight, foresight_of
from simulator.run.job import full_method
from simulator.run.simulate import build_engine
from simulator.scenario.schema import ForecastSection
from tests.simulator.scenario.scenarios import edge

ASKING = edge(forecast=ForecastSection())
DAY = 288


def test_what_is_learnt_for_a_live_run_is_what_any_run_learns() -> None:
    found, own = learnt(ASKING, 1), foresight_of(ASKING, full_method(ASKING), layout_of(ASKING, 1))
    assert isinstance(found, Foresight)
    assert [one.learnt for one in found.sources] == [one.learnt for one in own.sources]
    buses = [source.buses[0] for source in own.sources]
    for day in (-1, 0, 5):
        expected = own.sky(day % SKY_DAYS)[:, buses]
        assert (found.sky(day)[:, buses] == expected).all()
    # The same date of another year has nearly the same sky.
    assert np.abs(found.sky(-1) - own.sky(-1))[:, buses].max() < 0.3


def test_intensity_alone_needs_no_sky() -> None:
    found = learnt(edge(forecast=ForecastSection(supply="persistence")), 1)
    assert isinstance(found, Foresight)
    assert found.sources == ()
    assert len(found.zones) == 1


@pytest.mark.slow
def test_a_lean_run_that_a_child_has_taught_is_like_any_other() -> None:
    plan = Plan(scenario=ASKING, seed=1, speed=300.0)
    assert plan.is_lean
    live, engine = build_run(plan), build_engine(ASKING, full_method(ASKING), 1)
    assert live.facts.forecaster == "convex"
    for _ in range(DAY):
        live.step()
        engine.step()
    assert (live._engine.totals.emissions == engine.totals.emissions).all()
    assert isinstance(live._engine.plant.forecaster, HourlyForecaster)


@pytest.mark.slow
def test_a_mistake_in_the_child_is_one_line(tmp_path: Path) -> None:
    section = ForecastSection(supply="best", checkpoints=(str(tmp_path / "none.npz"),))
    with pytest.raises(ConfigError, match=r"forecast.checkpoints: .*none.npz: cannot be read") as caught:
        learnt_in_child(msgspec.structs.replace(ASKING, forecast=section), 1)
    assert len(caught.value.mistakes) == 1
