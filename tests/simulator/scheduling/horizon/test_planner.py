"""Laws of the planner in runs: no task is lost, urgent ones wait for no others, and the order of names is nothing."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.run.engine import Engine
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.schema import Scenario
from simulator.scheduling.kernels.compiled import Backend
from tests.simulator.run.test_any_cluster import clusters
from tests.simulator.run.test_blocks import state_of
from tests.simulator.run.test_sites import regions, result
from tests.simulator.scenario.scenarios import edge, shipped

POLICY = "rolling-horizon"
DAY = 288


def run(scenario: Scenario, seed: int = 2, *, policy: str = POLICY, **changes: Any) -> RunResult:
    method = Method(name="x", policy=policy, ledger=False, **changes)
    return simulate(Job(scenario=scenario, method=method, seed=seed))


def engine_of(scenario: Scenario, seed: int, *, backend: Backend = Backend.COMPILED, step: float = 300.0) -> Engine:
    return build_engine(scenario, Method(name="x", policy=POLICY), seed, backend=backend, step=step)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(clusters(), st.integers(0, 1000), st.sampled_from([20.0, 300.0]), st.lists(st.integers(1, 70), max_size=5))
def test_steps_at_once_are_steps_one_by_one(scenario: Scenario, seed: int, step: float, parts: list[int]) -> None:
    at_once, alone = (engine_of(scenario, seed, step=step) for _ in range(2))
    at_once.run(sum(parts))
    for _ in range(sum(parts)):
        alone.step()
    assert state_of(at_once) == state_of(alone)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(clusters(), st.integers(0, 1000))
def test_no_task_is_dropped_that_all_nodes_awake_would_serve(scenario: Scenario, seed: int) -> None:
    scheduler = msgspec.structs.replace(scenario.scheduler, longest_wait_seconds=600.0)
    scenario = msgspec.structs.replace(scenario, scheduler=scheduler)
    planned = engine_of(scenario, seed)
    awake = build_engine(scenario, Method(name="x", policy="least-loaded", sleep=False), seed)
    for engine in (planned, awake):
        engine.run(DAY)
    assert planned.totals.class_offered.sum() == awake.totals.class_offered.sum()
    assert planned.totals.class_tasks[:, 2].sum() <= awake.totals.class_tasks[:, 2].sum()


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(clusters(), st.integers(0, 1000))
def test_a_compiled_plan_is_an_interpreted_plan(scenario: Scenario, seed: int) -> None:
    compiled, plain = (engine_of(scenario, seed, backend=backend) for backend in Backend)
    for engine in (compiled, plain):
        engine.run(DAY)
    assert state_of(compiled) == state_of(plain)


def test_the_order_of_sites_and_of_nodes_changes_nothing() -> None:
    scenario = regions()
    turned = msgspec.structs.replace(scenario, sites=scenario.sites[::-1])
    mixed = msgspec.structs.replace(scenario, nodes=scenario.nodes[::-1])
    assert result(turned, POLICY) == result(scenario, POLICY)
    one, other = result(scenario, POLICY, ledger=False), result(mixed, POLICY, ledger=False)
    figures = [(getattr(one, name), getattr(other, name)) for name in RunResult.__struct_fields__]
    known = [pair for pair in figures if None not in pair]
    assert [pair[0] for pair in known] == pytest.approx([pair[1] for pair in known], rel=1e-9)


@pytest.mark.parametrize("name", ["regions", "edge", "grid-only", "solar-farm", "windy-coast"])
def test_the_plan_serves_as_many_tasks_in_time_as_nodes_that_are_all_awake(name: str) -> None:
    scenario = shipped(name)
    scenario = msgspec.structs.replace(scenario, run=msgspec.structs.replace(scenario.run, days=2, warm_up_days=1))
    planned, reference = run(scenario), run(scenario, policy="least-loaded", sleep=False)
    assert planned.tasks_offered == reference.tasks_offered
    assert planned.deadline_miss_ratio <= reference.deadline_miss_ratio + 0.001
    assert planned.emissions_grams < reference.emissions_grams


def uses(engine: Engine) -> dict[str, float]:
    """Return what a run has made of each lever, 0 of one that is off."""
    totals, levels = engine.totals, engine.plant.cluster.service.shape[2]
    return {
        "dvfs": totals.placements[:, : levels - 1].sum(),
        "batteries": totals.battery.sum(),
        "sleep": totals.asleep_seconds.sum(),
        "shift": engine.waiting,
        "move": totals.moved_bytes.sum(),
        "forecast": engine.plant.forecaster.forecast(DAY, DAY).sum(),
    }


@pytest.mark.parametrize("lever", ["dvfs", "batteries", "sleep", "shift", "move", "forecast"])
def test_a_lever_that_is_switched_off_is_not_used(lever: str) -> None:
    engine = build_engine(regions(), Method(name="x", policy=POLICY, **{lever: False}), 2)  # type: ignore[arg-type]
    engine.run(DAY)
    assert engine.totals.class_tasks[:, 0].sum() > 100
    assert uses(engine)[lever] == 0.0


def test_all_levers_are_used_where_none_is_switched_off() -> None:
    engine = engine_of(regions(), 2)
    engine.run(DAY)
    assert {lever: used for lever, used in uses(engine).items() if used <= 0.0} == {}


def test_tasks_that_may_wait_do_not_make_urgent_ones_late() -> None:
    scenario = shipped("grid-only")
    arrivals, urgent = scenario.workload.arrivals, scenario.workload.classes[0]
    alone = msgspec.structs.replace(arrivals, rate_per_hour=arrivals.rate_per_hour * urgent.share)
    workload = msgspec.structs.replace(scenario.workload, arrivals=alone, classes=(urgent,))
    without = msgspec.structs.replace(scenario, workload=workload)
    missed = []
    for policy, one in ((POLICY, scenario), (POLICY, without), ("joint", scenario)):
        engine = build_engine(one, Method(name="x", policy=policy), 5)
        engine.run(4 * DAY)
        missed.append(engine.totals.class_tasks[0, 1:].sum() / engine.totals.class_offered[0])
    # A percentage point is thirty tasks here, and that of others is far above.
    assert missed[0] < missed[1] + 0.01 < missed[2]


def test_nothing_is_gained_by_waiting_or_charging_where_no_hour_is_cleaner() -> None:
    flat = msgspec.structs.replace(edge().grid, generated=None, intensity_grams_per_kwh=(400.0,))
    nodes = tuple(msgspec.structs.replace(node, solar=None, wind=None) for node in edge().nodes)
    scenario = msgspec.structs.replace(edge(), grid=flat, nodes=nodes)
    engine = engine_of(scenario, 3)
    engine.run(2 * DAY)
    assert engine.totals.charged_from_grid.sum() == 0.0
    # A task that comes within an hour is planned with the next.
    waited = engine.totals.latency[engine.plant.deferrable, 0] / engine.totals.class_tasks[engine.plant.deferrable, 0]
    assert waited.max() < 2 * 3600.0
