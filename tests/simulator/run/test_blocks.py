"""Steps taken at once are those taken one by one, and compiled steps are the interpreted ones, to the bit."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import Seconds
from simulator.run.engine import Engine
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.schema import STEPS, Scenario
from simulator.scheduling.interface import Cluster, Placements, StepView
from simulator.scheduling.kernels.compiled import Backend
from simulator.workload.task import Tasks
from tests.simulator.run.test_any_cluster import clusters
from tests.simulator.scenario.scenarios import at_rate, edge
from tests.simulator.scheduling.clusters import IN_RUNS

DAY = 288


def engine_of(
    scenario: Scenario, seed: int = 1, *, policy: str = "", step: float = 300.0, backend: Backend = Backend.PLAIN
) -> Engine:
    """Return an engine at the beginning of its run."""
    method = Method(name="x", policy=policy or scenario.scheduler.policy)
    return build_engine(scenario, method, seed, step=Seconds(step), backend=backend)


def state_of(engine: Engine) -> dict[str, bytes]:
    """Return all that a run has come to."""
    queue, sleep = engine.queue, engine.plant.sleep
    found = dict(engine.totals.sums._asdict())
    found |= {"stored": engine.stored, "free_at": queue.free_at, "level": queue.last_level}
    found |= {name: getattr(queue.pending, name) for name in ("arrival", "node", "start", "finish")}
    found |= {} if sleep is None else {"cycle": sleep.arrays.cycle, "work": sleep.arrays.work}
    return {name: array.tobytes() for name, array in found.items()} | {
        "clock": str(engine.clock).encode(),
        "waiting": str(engine.waiting).encode(),
    }


steps = st.sampled_from([step for step in STEPS if step in {1, 20, 60, 300}])


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(clusters(), st.integers(0, 1000), steps, st.lists(st.integers(1, 70), min_size=1, max_size=6))
def test_steps_at_once_are_steps_one_by_one(scenario: Scenario, seed: int, step: float, parts: list[int]) -> None:
    at_once, parted, alone = (engine_of(scenario, seed, step=step) for _ in range(3))
    at_once.run(sum(parts))
    for part in parts:
        parted.run(part)
    for _ in range(sum(parts)):
        alone.step()
    assert state_of(at_once) == state_of(parted)
    assert state_of(at_once) == state_of(alone)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(clusters(), st.integers(0, 1000), steps)
def test_compiled_steps_are_interpreted_steps(scenario: Scenario, seed: int, step: float) -> None:
    compiled, plain = (engine_of(scenario, seed, step=step, backend=backend) for backend in Backend)
    for engine in (compiled, plain):
        engine.run(150)
    assert state_of(compiled) == state_of(plain)


@pytest.mark.parametrize("policy", IN_RUNS)
def test_a_compiled_day_is_an_interpreted_day(policy: str) -> None:
    compiled, plain = (engine_of(edge(), policy=policy, backend=backend) for backend in Backend)
    for engine in (compiled, plain):
        engine.run(DAY)
    assert state_of(compiled) == state_of(plain)


@pytest.mark.parametrize("most_missed", [0, 3, 50])
@pytest.mark.parametrize("policy", ["round-robin", "shifting"])
def test_a_run_ends_with_the_step_in_which_too_many_are_late(policy: str, most_missed: int) -> None:
    scenario = at_rate(40_000.0)
    at_once, alone = (engine_of(scenario, policy=policy, backend=Backend.COMPILED) for _ in range(2))
    at_once.run(DAY, most_missed)
    for _ in range(DAY):
        alone.step()
        if alone.totals.class_tasks[:, 1:].sum() > most_missed:
            break
    assert 0.0 < alone.clock < DAY * 300.0
    assert state_of(at_once) == state_of(alone)
    # It may go on from there, in the middle of an hour.
    for engine in (at_once, alone):
        engine.run(30)
    assert state_of(at_once) == state_of(alone)


class Asked:
    """A policy of a user's own that asks another."""

    name = "asked"

    def __init__(self, engine: Engine) -> None:
        self._policy = engine.plant.policy

    def place(self, tasks: Tasks, cluster: Cluster, view: StepView) -> Placements:
        """See `Policy.place`."""
        assert np.isfinite(view.green_joules).all()
        return self._policy.place(tasks, cluster, view)


@pytest.mark.parametrize("sleeping", ["never", "timeout", "consolidate"])
@pytest.mark.parametrize("policy", ["joint", "round-robin"])
def test_a_policy_that_is_asked_chooses_as_one_that_is_compiled(policy: str, sleeping: str) -> None:
    scheduler = msgspec.structs.replace(edge().scheduler, sleeping=sleeping, failed_wakes=0.2)
    scenario = msgspec.structs.replace(edge(), scheduler=scheduler)
    compiled, inner = (engine_of(scenario, policy=policy, backend=Backend.COMPILED) for _ in range(2))
    asked = Engine(replace(inner.plant, policy=Asked(inner)))
    compiled.run(DAY)
    asked.run(DAY)
    assert state_of(compiled) == state_of(asked)


def test_no_limit_is_reached_without_misses() -> None:
    engine = engine_of(edge(), backend=Backend.COMPILED)
    engine.run(12, math.inf)
    assert engine.clock == 3600.0
