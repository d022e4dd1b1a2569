"""Laws of a whole run."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from exporter.core.units import Seconds
from simulator.assembly.layout import layout_of, weather_of
from simulator.energy.interface import WeatherDay, WeatherSource
from simulator.forecast.references import PerfectForecaster
from simulator.run.engine import Engine
from simulator.run.generation import Generation, daily
from simulator.run.job import Job, Method
from simulator.run.simulate import build_engine, figures, fixed_tasks, quantile, simulate
from simulator.run.totals import LATENCY_BOUNDS
from simulator.scenario.schema import RunSection, Scenario
from tests.simulator.scenario.scenarios import FULL, STANDARD, at_rate, edge
from tests.simulator.scheduling.clusters import IN_RUNS

DAY = 288


def run(scenario: Scenario, method: Method, *, seed: int = 1, steps: int = DAY) -> Engine:
    """Return an engine after so many steps."""
    engine = build_engine(scenario, method, seed)
    for _ in range(steps):
        engine.step()
    return engine


@pytest.mark.parametrize("method", [FULL, STANDARD], ids=lambda method: method.name)
def test_energy_closes_over_a_whole_run(method: Method) -> None:
    engine = run(edge(), method)
    totals, batteries = engine.totals, engine.plant.batteries
    sources = totals.generation.sum() + totals.grid.sum() + totals.battery.sum()
    sinks = totals.consumed.sum() + totals.charged.sum() + totals.exported.sum() + totals.curtailed.sum()
    assert sources == pytest.approx(sinks, rel=1e-6)
    gained = totals.charged * batteries.charge_efficiency - totals.battery / batteries.discharge_efficiency
    assert (engine.stored - batteries.initial) == pytest.approx(gained, rel=1e-6, abs=1e-3)


def test_consumption_is_idle_and_work_and_ledger() -> None:
    engine = run(edge(), FULL)
    totals, cluster = engine.totals, engine.plant.cluster
    work = totals.consumed.sum() - totals.idle.sum() - totals.ledger.sum()
    least, most = cluster.extra_watts.min(axis=1), cluster.extra_watts.max(axis=1)
    assert (totals.busy_seconds * least).sum() <= work <= (totals.busy_seconds * most).sum()
    assert totals.ledger.sum() > 0


def test_a_run_without_arrivals_consumes_exactly_the_idle_energy() -> None:
    engine = run(at_rate(0), STANDARD)
    expected = engine.plant.cluster.idle_watts * engine.clock
    assert engine.totals.consumed == pytest.approx(expected, rel=1e-12)
    assert figures(engine, 1).tasks_offered == 0
    assert np.isnan(figures(engine, 1).latency_seconds)


@pytest.mark.parametrize("policy", ["round-robin", "joint", "shifting", "oracle", "casper-like"])
def test_every_offered_task_is_somewhere(policy: str) -> None:
    engine = run(at_rate(20_000), Method(name="x", policy=policy), steps=60)
    completed, _, dropped = engine.totals.class_tasks.sum(axis=0)
    assert dropped > 0
    assert engine.totals.class_offered.sum() == completed + dropped + len(engine.queue.pending) + engine.waiting
    assert engine.totals.node_tasks[:, 0].sum() == completed == engine.totals.placements.sum()
    assert engine.totals.histogram.sum() == completed


def test_a_node_is_never_busier_than_time_allows() -> None:
    engine = build_engine(at_rate(20_000), STANDARD, 3)
    for _ in range(30):
        assert (engine.step().utilization <= 1 + 1e-9).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    job = Job(scenario=edge(), method=FULL, seed=11)
    assert msgspec.json.encode(simulate(job)) == msgspec.json.encode(simulate(job))
    assert simulate(job) != simulate(msgspec.structs.replace(job, seed=12))


def test_the_step_changes_neither_arrivals_nor_generation() -> None:
    coarse = run(edge(), STANDARD, steps=12)
    fine = build_engine(edge(), STANDARD, 1, step=Seconds(60.0))
    for _ in range(60):
        fine.step()
    assert (coarse.totals.class_offered == fine.totals.class_offered).all()
    assert coarse.totals.generation == pytest.approx(fine.totals.generation, rel=1e-9)


def test_batteries_replace_grid_energy() -> None:
    without = msgspec.structs.replace(FULL, batteries=False)
    assert run(edge(), without).totals.grid.sum() > run(edge(), FULL).totals.grid.sum()


def test_more_nodes_repeat_the_first() -> None:
    names = build_engine(edge(), STANDARD, 1, nodes=6).plant.cluster.names
    assert names == ("solar-pi", "wind-jetson", "hybrid-rock", "grid-nuc", "solar-pi-2", "wind-jetson-2")


def test_a_fixed_number_of_tasks_is_the_same_at_every_rate() -> None:
    slow, fast = (fixed_tasks(edge(), 500, rate, 7) for rate in (100.0, 200.0))
    assert (slow.work == fast.work).all()
    assert slow.arrival == pytest.approx(2 * fast.arrival)
    result = simulate(Job(scenario=edge(), method=STANDARD, seed=7, tasks=500, rate_per_hour=400.0))
    assert result.tasks_offered == 500


def test_quantiles_are_interpolated_in_their_bucket() -> None:
    buckets = np.zeros(len(LATENCY_BOUNDS), dtype=np.int64)
    buckets[1] = 10
    assert quantile(buckets, 0.5) == pytest.approx(0.15)
    buckets[-1] = 90
    assert quantile(buckets, 0.95) == LATENCY_BOUNDS[-2]
    assert np.isnan(quantile(np.zeros_like(buckets), 0.5))


class SplicedWeather:
    """One weather up to a day, another from then on."""

    def __init__(self, before: WeatherSource, after: WeatherSource) -> None:
        self._parts = (before, after)

    def day(self, index: int) -> WeatherDay:
        """Return day 0 of the first, and all others of the second."""
        return self._parts[min(index, 1)].day(index)


def first_day(policy: str, later_seed: int) -> bytes:
    """Return the totals of the first day, when the weather after it comes from another seed."""
    scenario = edge()
    engine = build_engine(scenario, Method(name="x", policy=policy), 1)
    weather = SplicedWeather(weather_of(layout_of(scenario), 1)[0], weather_of(layout_of(scenario), later_seed)[0])
    generation = Generation(daily([(weather, bus.supply) for bus in layout_of(scenario).buses]), engine.plant.step)
    forecaster = engine.plant.forecaster
    if isinstance(forecaster, PerfectForecaster):
        forecaster = PerfectForecaster(generation.between)
    engine = Engine(replace(engine.plant, generation=generation, forecaster=forecaster))
    for _ in range(DAY):
        engine.step()
    return b"".join(total.tobytes() for total in engine.totals.sums)


@pytest.mark.parametrize("policy", IN_RUNS)
def test_only_the_oracle_reads_the_future(policy: str) -> None:
    futures = {first_day(policy, later_seed) for later_seed in range(2, 10)}
    assert (len(futures) == 1) == (policy != "oracle")


def test_the_figures_tell_what_batteries_gained() -> None:
    engine = run(edge(), FULL, steps=40)
    totals, batteries = engine.totals, engine.plant.batteries
    gained = (totals.charged * batteries.charge_efficiency - totals.battery / batteries.discharge_efficiency).sum()
    assert figures(engine, 1).stored_change_joules == pytest.approx(gained, rel=1e-9)
    assert gained != 0


@pytest.mark.parametrize("per_hour", [208.0, 3_000.0])
def test_warming_up_leaves_out_what_came_before(per_hour: float) -> None:
    scenario = at_rate(per_hour, run=RunSection(days=1, warm_up_days=1))
    counted = simulate(Job(scenario=scenario, method=FULL, seed=4))
    first = figures(run(scenario, FULL, seed=4, steps=DAY), 4)
    both = figures(run(scenario, FULL, seed=4, steps=2 * DAY), 4)
    added = ("simulated_seconds", "tasks_offered", "tasks_completed", "tasks_late", "tasks_dropped", "idle_joules")
    summed = ("energy_joules", "grid_joules", "emissions_grams", "electricity_dollars", "stored_change_joules")
    for name in (*added, *summed):
        assert getattr(counted, name) == pytest.approx(getattr(both, name) - getattr(first, name), rel=1e-9), name
    assert counted.tasks_unfinished == both.tasks_unfinished
    assert counted.tasks_offered + first.tasks_unfinished == (
        counted.tasks_completed + counted.tasks_dropped + counted.tasks_unfinished
    )
