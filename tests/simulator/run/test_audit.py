"""A run's totals, worked out again from its executions and generation, number by number."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from simulator.ledger.cost.cost_profile import shipped_profile
from simulator.run.backlog import Executions, together
from simulator.run.engine import Engine, StepRecord
from simulator.run.job import Method
from simulator.run.simulate import build_engine, figures
from simulator.scenario.schema import GridSection, Scenario
from simulator.workload.generated import Workload
from simulator.workload.task import Batch, Tasks
from tests.simulator.scenario.scenarios import FULL, STANDARD, edge

STEPS, SECONDS = 288, 300.0
ORACLE = Method(name="oracle", policy="oracle", ledger=False)


def scenario() -> Scenario:
    """Return a scenario whose grid changes by the hour."""
    hourly = tuple(300.0 + 20.0 * hour for hour in range(24))
    return edge(grid=GridSection(intensity_grams_per_kwh=hourly))


def audited(method: Method) -> tuple[Engine, list[StepRecord], Executions]:
    engine = build_engine(scenario(), method, 7)
    course = [engine.step() for _ in range(STEPS)]
    return engine, course, together([*(record.work.completed for record in course), engine.queue.pending])


def busy_joules(engine: Engine, ran: Executions) -> list[list[float]]:
    """Return energy above idle by step and node, from the overlap of each execution with each step."""
    joules = [[0.0] * 4 for _ in range(STEPS)]
    watts = engine.plant.cluster.extra_watts
    for node, level, start, finish in zip(ran.node, ran.level, ran.start, ran.finish, strict=True):
        for step in range(int(start // SECONDS), min(STEPS, int(finish // SECONDS) + 1)):
            overlap = min(finish, (step + 1) * SECONDS) - max(start, step * SECONDS)
            joules[step][node] += watts[node, level] * max(0.0, overlap)
    return joules


@pytest.mark.parametrize("method", [FULL, STANDARD, ORACLE], ids=lambda method: method.name)
def test_energy_emissions_and_cost_add_up(method: Method) -> None:
    engine, _, ran = audited(method)
    plant, batteries = engine.plant, engine.plant.batteries
    busy, stored = busy_joules(engine, ran), list(batteries.initial)
    bought = grams = ledger = spent = 0.0
    for step in range(STEPS):
        hour = step * SECONDS // 3600
        per_joule = (300.0 + 20.0 * hour) / 3.6e6
        spent += ledger
        generation, share, ledger = plant.generation.at(step) * SECONDS, ledger / 4, 0.0
        for node in range(4):
            load = plant.cluster.idle_watts[node] * SECONDS + busy[step][node] + share
            lacks = load - generation[node]
            if lacks > 0:
                most = (stored[node] - batteries.minimum[node]) * batteries.discharge_efficiency[node]
                given = min(lacks, batteries.discharge_limit[node] * SECONDS, most)
                stored[node] -= given / batteries.discharge_efficiency[node]
                lacks -= given
            else:
                most = (batteries.capacity[node] - stored[node]) / batteries.charge_efficiency[node]
                taken = min(-lacks, batteries.charge_limit[node] * SECONDS, most)
                stored[node] += taken * batteries.charge_efficiency[node]
                lacks = 0.0
            bought, grams = bought + lacks, grams + lacks * per_joule
        ended = ((ran.finish > step * SECONDS) & (ran.finish <= (step + 1) * SECONDS)).sum()
        ledger = ledger_joules(int(ended)) if method.ledger else 0.0
    found = figures(engine, 7)
    assert found.grid_joules == pytest.approx(bought, rel=1e-9)
    assert found.emissions_grams == pytest.approx(grams, rel=1e-9)
    assert found.ledger_joules == pytest.approx(spent, rel=1e-9)
    assert found.electricity_dollars == pytest.approx(bought / 3.6e6 * 0.12, rel=1e-9)
    assert engine.stored == pytest.approx(stored, rel=1e-9)


def ledger_joules(ended: int) -> float:
    """Return the energy of a step of 60 slots, in which so many tasks end, of a sample of 4 for each of four devices.

    Four validators check and store each block, each claim, each vote of the others and their own, and execute each
    opened record again. A record is hashed by its device and, to be stored, by each of them.
    """
    cost = shipped_profile()
    opened = min(ended, 16)
    signed = 60 + 4 + 4 + opened
    checked = 60 * (cost.joules_per_block + cost.joules_per_append) + 4 * cost.joules_per_claim
    checked += 4 * cost.joules_per_attestation + opened * cost.joules_per_opening
    return signed * cost.joules_per_signature + 4 * checked + 5 * ended * cost.joules_per_record


@pytest.mark.parametrize("method", [FULL, STANDARD, ORACLE], ids=lambda method: method.name)
def test_nodes_execute_one_task_at_a_time_for_as_long_as_it_takes(method: Method) -> None:
    engine, course, ran = audited(method)
    cluster = engine.plant.cluster
    takes = ran.work * cluster.service[ran.node, ran.task_class, ran.level]
    np.testing.assert_allclose(ran.finish - ran.start, takes, atol=1e-9)
    assert (ran.start >= ran.arrival).all()
    assert cluster.fits[ran.node, ran.task_class].all()
    for node in range(4):
        mine = ran.node == node
        order = np.argsort(ran.start[mine])
        assert (ran.start[mine][order][1:] >= ran.finish[mine][order][:-1]).all()
    found, done = figures(engine, 7), ran.finish <= engine.clock
    prompt = done & ~engine.plant.deferrable[ran.task_class]
    assert found.latency_seconds == pytest.approx((ran.finish - ran.arrival)[prompt].mean(), rel=1e-9)
    assert found.tasks_late == (ran.finish > ran.deadline).sum()
    assert found.tasks_completed == done.sum() == sum(len(record.work.completed) for record in course)


class Kept:
    """Keeps the tasks that it hands out."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self.tasks: list[Tasks] = []

    def hour(self, index: int) -> Iterator[Batch]:
        """See `Workload.hour`."""
        for batch in self._workload.hour(index):
            self.tasks.append(batch.tasks)
            yield batch


def offered(method: Method) -> bytes:
    """Return all tasks and all generation of a day, to the last bit."""
    engine = build_engine(edge(), method, 3)
    kept = Kept(engine.plant.workload)
    engine = Engine(replace(engine.plant, workload=kept))
    generated = [engine.step().flows.generation.tobytes() for _ in range(STEPS)]
    columns = (getattr(tasks, name) for tasks in kept.tasks for name in Tasks.__dataclass_fields__)
    return b"".join([*generated, *(column.tobytes() for column in columns)])


def test_every_method_is_offered_the_same_tasks_and_weather() -> None:
    assert offered(FULL) == offered(STANDARD) == offered(ORACLE)
