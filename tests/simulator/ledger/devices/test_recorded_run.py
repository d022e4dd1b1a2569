"""Runs of the simulator, recorded: the ledger tells of them what the simulator tells, and credits them by the law."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil

import numpy as np
import pytest
from msgspec.structs import replace

from simulator.arrays import FloatArray
from simulator.energy.battery import Batteries
from simulator.ledger.booking.state import State, check_conservation, get_genesis_state
from simulator.ledger.booking.transition import admit
from simulator.ledger.devices.recording import Interval, Producer, open_drawn
from simulator.ledger.record.codec import compute_chain_id
from simulator.ledger.record.keys import SecretKey
from simulator.ledger.record.types import Capacity, ChainConfig, Instrument, TaskRecord
from simulator.run.engine import Engine, StepRecord
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from tests.simulator.ledger.cases import DIGEST, MODEL, OWNERS, VALIDATORS, genesis, surroundings
from tests.simulator.scenario.scenarios import FULL, STANDARD, edge

STEPS = 288
"""Steps of a day, each of which is an epoch of the chain."""
LAST = STEPS + 12
"""The epoch by which all of the day is settled."""
CONFIG = ChainConfig(name=b"run", benchmarks=(40_000,) * 4, crediting_epochs=4)
PLENTY = 10**7
"""Power in milliwatts that no node of the scenario has."""

pytestmark = pytest.mark.slow


def capacity_of(batteries: Batteries, bus: int) -> Capacity:
    """Return a bus's registration: each figure rounded up, the charge by what rounding flows may take from it."""
    efficiency = batteries.charge_efficiency[bus] * batteries.discharge_efficiency[bus]
    return Capacity(
        generation=PLENTY,
        load=PLENTY,
        grid=PLENTY,
        charge=PLENTY,
        discharge=PLENTY,
        storage=ceil(batteries.capacity[bus] * 1000) + 1,
        stored=ceil(batteries.initial[bus] * 1000) + 1,
        efficiency_ppm=ceil(efficiency * 1_000_000),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A run and what the ledger made of it; `joules` (7,) are the flows in total, by the order of a claim's."""

    state: State
    engine: Engine
    joules: FloatArray
    grams: float
    rejected: int


def flows(step: StepRecord, bus: int) -> tuple[float, ...]:
    """Return the flows of a bus in the order of a claim's, charge at the battery's terminals."""
    own = step.flows.matrix[bus, 0] + step.flows.matrix[bus, 1]
    battery, grid = step.flows.matrix[bus, 2], step.flows.matrix[bus, 3]
    joules = (own[0], own[1] + own[4], own[2], own[3], battery[0], grid[0], grid[1] + grid[4])
    return tuple(float(one) for one in joules)


def task_records(first: int, on_time: list[int], end: int) -> tuple[tuple[TaskRecord, ...], ...]:
    """Return a record of each task on time, by class; all end with the interval, in seconds."""
    found, number = [], first
    for task_class, count in enumerate(on_time):
        found.append(tuple(_task(number + place, task_class, end * 1000) for place in range(count)))
        number += count
    return tuple(found)


def _task(number: int, task_class: int, end: int) -> TaskRecord:
    return TaskRecord(
        task=number,
        task_class=task_class,
        arrived=end - 1_000,
        finished=end,
        deadline=end,
        model=MODEL,
        input_seed=number,
        output=number % 10,
    )


def steps_of(engine: Engine) -> Iterator[tuple[StepRecord | None, list[int]]]:
    """Yield a day's steps with the tasks on time by class, and then none while the day is settled."""
    before = np.zeros(len(CONFIG.benchmarks), dtype=int)
    for _ in range(STEPS):
        step = engine.step()
        now = engine.totals.class_tasks[:, 0] - engine.totals.class_tasks[:, 1]
        yield step, [int(one) for one in now - before]
        before = now.copy()
    for _ in range(STEPS, LAST):
        yield None, [0] * len(CONFIG.benchmarks)


@cache
def recorded(method: Method) -> Recorded:
    """Run a day with a method and record it: a device for each bus, of which the first tells of all tasks."""
    engine = build_engine(edge(), method, seed=1)
    beginning = replace(genesis(CONFIG), config=CONFIG)
    chain_id, buses = compute_chain_id(beginning), len(engine.plant.sells)
    keys = [SecretKey(hashlib.sha256(b"device %d" % bus).digest()) for bus in range(buses)]
    producers = {bus: Producer(bus, key, chain_id) for bus, key in enumerate(keys)}
    registrations = [
        one.register(0, OWNERS[0], capacity_of(engine.plant.batteries, bus)) for bus, one in producers.items()
    ]
    state = admit(get_genesis_state(beginning), registrations, surroundings(0)).result.state
    rejected, joules, grams, served = 0, np.zeros(7), 0.0, 0
    for epoch, (step, on_time) in enumerate(steps_of(engine), start=1):
        messages = []
        for bus, producer in producers.items():
            found = flows(step, bus) if step is not None else (0.0,) * 7
            intensity = float(step.grams_per_joule[bus]) if step is not None else 0.0
            joules += found
            grams += (found[5] + found[6]) * intensity
            tasks = task_records(served, on_time, 300 * epoch) if bus == 0 else ((),) * len(on_time)
            interval = Interval(
                end=300 * epoch,
                joules=found,
                grams_per_joule=intensity,
                intensity_source=DIGEST,
                on_time=tasks,
            )
            messages.append(producer.claim(interval))
        served += sum(on_time)
        around = surroundings(60 * epoch)
        state = admit(state, [], around).result.state
        admission = admit(state, [*open_drawn(state, producers, 0, VALIDATORS[0]), *messages], around)
        state, rejected = admission.result.state, rejected + admission.rejected.total()
        assert len(admission.accepted) + admission.rejected.total() >= len(messages)
    check_conservation(state)
    return Recorded(state=state, engine=engine, joules=joules, grams=grams, rejected=rejected)


@pytest.mark.parametrize("method", [FULL, STANDARD], ids=lambda method: method.name)
def test_the_ledger_tells_of_a_run_what_the_simulator_tells(method: Method) -> None:
    """No claim of an honest device is refused; energies agree to a millijoule, grams to the intensity's rounding."""
    run = recorded(method)
    account = run.state.accounts[0]
    assert run.rejected == 0
    assert account.emitted == pytest.approx(run.grams * 1e6, rel=1e-5)
    totals = run.engine.totals
    assert run.grams == pytest.approx(float(totals.emissions.sum() + totals.charging_grams.sum()), rel=1e-9)
    on_time = totals.class_tasks[:, 0] - totals.class_tasks[:, 1]
    assert account.allowed == 40_000 * int(on_time.sum())
    out = sum(meter.total_out for meter in run.state.meters.values())
    assert out == pytest.approx(run.joules[4] * 1000, abs=len(run.state.meters))


def test_certificates_are_what_was_generated_and_used_less_losses() -> None:
    run = recorded(FULL)
    used = float(run.joules[0] + run.joules[2])
    issued = run.state.totals[Instrument.CERTIFICATE].issued * 3_600
    assert used - 3_600 * len(run.state.meters) <= issued <= used + float(run.joules[1])
    assert float(run.joules[3]) > 0


def test_the_method_that_emits_more_gets_no_more_credits() -> None:
    """The system's own comparison: in the published model, the one that emits most earns most."""
    full, standard = recorded(FULL), recorded(STANDARD)
    assert standard.state.accounts[0].emitted > full.state.accounts[0].emitted
    assert standard.state.accounts[0].allowed <= full.state.accounts[0].allowed
    credits = [run.state.totals[Instrument.CREDIT] for run in (standard, full)]
    earned = [one.issued - one.cancelled for one in credits]
    assert earned[0] < earned[1]
