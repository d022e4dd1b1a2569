"""Knowledge at each time, and the length of steps: neither may lend a policy an advantage."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.assembly.layout import layout_of, weather_of
from simulator.energy.interface import WeatherDay, WeatherError, WeatherSource
from simulator.forecast.references import PerfectForecaster
from simulator.ledger.cost.accounting import AccountedLedger
from simulator.ledger.cost.cost_profile import shipped_profile
from simulator.ledger.record.types import ChainConfig
from simulator.run.engine import Engine
from simulator.run.generation import Generation, daily
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario
from tests.simulator.scenario.scenarios import at_rate, edge
from tests.simulator.scheduling.clusters import IN_RUNS

DAY = 288
NOON = 150
"""A step of the first day, in daylight."""


class Spliced:
    """One weather up to a point of the first day, another from then on."""

    def __init__(self, before: WeatherSource, after: WeatherSource) -> None:
        self._before, self._after = before, after

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`."""
        late = self._after.day(index)
        if index:
            return late
        early = self._before.day(index)
        names = [field.name for field in fields(WeatherDay) if field.name != "sun"]
        spliced: dict[str, Any] = {
            name: np.concatenate((getattr(early, name)[:NOON], getattr(late, name)[NOON:])) for name in names
        }
        return replace(early, **spliced)


class OneDay:
    """A recording of the first day."""

    def __init__(self, weather: WeatherSource) -> None:
        self._weather = weather

    def day(self, index: int) -> WeatherDay:
        """See `WeatherSource.day`."""
        if index:
            raise WeatherError("nothing beyond the first day")
        return self._weather.day(index)


def under(weather: WeatherSource, policy: str) -> Engine:
    """Return an engine under this weather."""
    # Without batteries, and busy: choices hang on what is generated now.
    engine = build_engine(at_rate(2_000), Method(name="x", policy=policy, batteries=False), 1)
    generation = Generation(daily([(weather, bus.supply) for bus in layout_of(edge()).buses]), engine.plant.step)
    forecaster = engine.plant.forecaster
    if isinstance(forecaster, PerfectForecaster):
        forecaster = PerfectForecaster(generation.between)
    return Engine(replace(engine.plant, generation=generation, forecaster=forecaster))


def choices(policy: str, later_seed: int) -> bytes:
    """Return all choices up to and in the step in which the weather of another seed begins."""
    engine = under(Spliced(weather_of(layout_of(edge()), 1)[0], weather_of(layout_of(edge()), later_seed)[0]), policy)
    for _ in range(NOON + 1):
        engine.step()
    totals, pending = engine.totals, engine.queue.pending
    chosen = (totals.placements, totals.latency, totals.terms, engine.queue.free_at, pending.node, pending.start)
    return b"".join(one.tobytes() for one in chosen) + str(engine.waiting).encode()


@pytest.mark.parametrize("policy", IN_RUNS)
def test_only_the_oracle_knows_what_the_present_step_will_generate(policy: str) -> None:
    futures = {choices(policy, later_seed) for later_seed in range(2, 8)}
    assert (len(futures) == 1) == (policy != "oracle")


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["joint", "shifting", "oracle"])
@pytest.mark.parametrize("step", [60.0, 10.0])
@pytest.mark.parametrize("name", ["edge", "edge-2025"])
def test_finer_steps_lead_to_the_same_choices(policy: str, step: float, name: str) -> None:
    scenario, method = load_scenario(name), Method(name="x", policy=policy)
    assert isinstance(scenario, Scenario)
    coarse, fine = (build_engine(scenario, method, 1, step=Seconds(seconds)) for seconds in (300.0, step))
    for engine in (coarse, fine):
        while engine.clock < DAY * 300.0:
            engine.step()
    for total in ("busy_seconds", "consumed", "grid"):
        got, expected = getattr(fine.totals, total).sum(), getattr(coarse.totals, total).sum()
        assert got == pytest.approx(expected, rel=0.04), total
    # The boards of `edge` are nearly alike in energy per task, so that a little charge decides between them.
    most = 0.04 if name == "edge-2025" else 0.08
    moved = abs(fine.totals.node_tasks[:, 0] - coarse.totals.node_tasks[:, 0]).sum()
    assert moved <= most * coarse.totals.node_tasks[:, 0].sum()


@pytest.mark.parametrize("policy", ["joint", "least-carbon", "carbon-greedy"])
def test_without_batteries_the_step_changes_no_choice_at_all(policy: str) -> None:
    method = Method(name="x", policy=policy, batteries=False)
    coarse, fine = (build_engine(at_rate(500), method, 1, step=Seconds(seconds)) for seconds in (300.0, 60.0))
    for engine in (coarse, fine):
        while engine.clock < DAY * 300.0:
            engine.step()
    assert (fine.totals.placements == coarse.totals.placements).all()
    assert fine.totals.latency == pytest.approx(coarse.totals.latency, rel=1e-9)
    assert fine.totals.busy_seconds == pytest.approx(coarse.totals.busy_seconds, rel=1e-9)


def charged(step: float) -> float:
    """Return the joules that the ledger charges for a day; those of a step count in the next."""
    engine = build_engine(edge(), Method(name="x", policy="joint"), 1, step=Seconds(step))
    engine.run(round(DAY * 300.0 / step) + 1)
    return float(engine.totals.ledger.sum())


def test_the_ledger_costs_the_same_at_every_step() -> None:
    # One step is longer than the slot of 5 s, one shorter.
    assert [charged(step) for step in (60.0, 3.0)] == pytest.approx([charged(300.0)] * 2, rel=1e-3)


def test_a_ledger_charges_a_time_the_same_in_parts() -> None:
    config = ChainConfig(name=b"x", benchmarks=())
    ledger = AccountedLedger(shipped_profile(), config, slot=Seconds(12.0), validators=4, devices=3)
    whole, second = (ledger.cost(Seconds(seconds)) for seconds in (300.0, 1.0))
    assert whole.step == pytest.approx(300 * second.step, rel=1e-12)
    assert (whole.record, whole.opening, whole.most_opened) == (second.record, second.opening, second.most_opened)


def test_an_oracle_ends_with_its_recording() -> None:
    engine = under(OneDay(weather_of(layout_of(edge()), 1)[0]), "oracle")
    for _ in range(DAY):
        engine.step()
    with pytest.raises(WeatherError):
        engine.step()


def test_nothing_is_generated_beyond_a_recording() -> None:
    weather = OneDay(weather_of(layout_of(edge()), 1)[0])
    generation = Generation(daily([(weather, bus.supply) for bus in layout_of(edge()).buses]), Seconds(60.0))
    ahead = generation.between(DAY * 5 - 7, 12)
    assert (ahead[:7] == [generation.at(step) for step in range(DAY * 5 - 7, DAY * 5)]).all()
    assert (ahead[7:] == 0.0).all()
