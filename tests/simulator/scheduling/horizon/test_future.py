"""The planner knows no future: another one changes nothing before it comes, neither an act nor a figure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Literal

import msgspec
import numpy as np
import pytest

from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.forecast.intensity import ForecastGrid
from simulator.forecast.references import Forecaster, PerfectForecaster
from simulator.forecast.serving import HourlyForecaster
from simulator.grid.course import Ahead, Grid, HourlyGrid
from simulator.run.engine import Engine
from simulator.run.forecasts import sky_of
from simulator.run.generation import Daily, Generation
from simulator.run.job import Method
from simulator.run.plant import Plant
from simulator.run.simulate import build_engine
from simulator.scenario.schema import ForecastSection, Scenario
from simulator.workload.generated import Workload
from simulator.workload.task import Batch, Tasks
from tests.simulator.scenario.scenarios import shipped

Choice = Literal["yesterday", "climatology", "perfect"]

PER_HOUR, PER_DAY = 12, 288
KNOWN_STEPS = 30 * PER_HOUR + 6
"""Steps before the futures part: in the second day, in the middle of an hour."""

STEP = 300.0
TOO_OFTEN = 7
"""Failures of each wake in the other future."""


def scenario(choice: Choice) -> Scenario:
    """Return the shipped scenario of three sites where wakes fail now and then, with these forecasts."""
    found = shipped("regions")
    scheduler = msgspec.structs.replace(found.scheduler, failed_wakes=0.2)
    run = msgspec.structs.replace(found.run, days=3, warm_up_days=0)
    forecast = None if choice == "yesterday" else ForecastSection(supply=choice, intensity=choice)
    return msgspec.structs.replace(found, scheduler=scheduler, run=run, forecast=forecast)


class Arrivals:
    """A workload up to the end of what is known, and another from then on."""

    def __init__(self, before: Workload, later: Workload) -> None:
        self._parts = (before, later)

    def hour(self, index: int) -> Iterator[Batch]:
        """See `Workload.hour`."""
        parts = []
        for known, workload in zip((True, False), self._parts, strict=True):
            for batch in workload.hour(index):
                kept = (batch.tasks.arrival < KNOWN_STEPS * STEP) == known
                columns = {one.name: getattr(batch.tasks, one.name)[kept] for one in fields(Tasks)}
                parts.append(Tasks(**columns))
        whole = {one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Tasks)}
        yield Batch(tasks=Tasks(**whole), end=(index + 1) * 3600.0)  # type: ignore[arg-type]


def weather(before: Daily, later: Daily) -> Daily:
    """Return one generation up to the end of what is known, and another from then on."""

    def day(index: int) -> FloatArray:
        at = min(max(KNOWN_STEPS - index * PER_DAY, 0), PER_DAY)
        return np.concatenate((before(index)[:, :at], later(index)[:, at:]), axis=1)

    return day


def intensity(before: Grid, later: Grid) -> Callable[[int, int], tuple[FloatArray, FloatArray]]:
    """Return one grid up to the hour in which the futures part, and another from the next one on."""

    def hourly(first: int, end: int) -> tuple[FloatArray, FloatArray]:
        points = [
            (before if hour * PER_HOUR < KNOWN_STEPS else later).at(hour * PER_HOUR) for hour in range(first, end)
        ]
        return np.stack([one.grams_per_joule for one in points]), np.stack([one.dollars_per_joule for one in points])

    return hourly


def told(choice: Choice, plant: Plant, generation: Generation, seed: int) -> Forecaster:
    """Return the forecaster of a plant, over another generation."""
    forecaster = plant.forecaster
    if choice == "perfect":
        return PerfectForecaster(generation.between)
    if isinstance(forecaster, HourlyForecaster):
        layout = layout_of(scenario(choice), seed)
        parts, sky = generation.parts_at, sky_of(layout)
        return HourlyForecaster("x", forecaster.sources, len(layout.buses), parts, sky, plant.step)
    return forecaster


def with_future(choice: Choice, seed: int) -> Engine:
    """Return a run of seed 2 whose tasks, weather and grid are those of another seed once the futures part."""
    method = Method(name="x", policy="rolling-horizon", ledger=False)
    plant, other = (build_engine(scenario(choice), method, one, step=STEP).plant for one in (2, seed))  # type: ignore[arg-type]
    generation = Generation(weather(plant.generation.source, other.generation.source), plant.step)
    ahead = Ahead.PERFECT if choice == "perfect" else Ahead.YESTERDAY
    grid: Grid = HourlyGrid(intensity(plant.grid, other.grid), ahead, plant.step)
    if isinstance(plant.grid, ForecastGrid):
        assert isinstance(grid, HourlyGrid)
        grid = ForecastGrid(grid, plant.grid.zones, plant.step)
    return Engine(
        replace(
            plant,
            workload=Arrivals(plant.workload, other.workload),
            generation=generation,
            forecaster=told(choice, plant, generation, 2),
            grid=grid,
        )
    )


@dataclass(frozen=True, slots=True)
class Course:
    """The acts and figures of each step, to the bit, and the wakes of each node (N,) before the futures part."""

    steps: list[bytes]
    wakes: FloatArray


def course(engine: Engine, steps: int, wakes: FloatArray | None = None) -> Course:
    """Take a run some steps on, of which it is given the tasks of a whole hour at once.

    Of the nodes' wakes, those after so many (N,) fail often.
    """
    sleep, planner = engine.plant.sleep, engine.plant.planner
    assert sleep is not None
    assert planner is not None
    found, woken = [], np.zeros(len(engine.plant.cluster.names))
    for step in range(steps):
        if wakes is not None:
            left = sleep.arrays.woken + np.maximum(wakes - engine.totals.wakes, 0)
            for node, first in enumerate(left.astype(np.int64).tolist()):
                sleep.arrays.failures[node, first:] = TOO_OFTEN
        record = engine.step(PER_HOUR - step % PER_HOUR)
        if step + 1 == KNOWN_STEPS:
            woken = engine.totals.wakes.astype(np.float64)
        plan = planner.planner.plan
        planned = () if plan is None else (plan.front, plan.batch, plan.work, plan.charge)
        state = (record.flows.matrix, record.load, record.free_at, record.level, sleep.arrays.cycle)
        sums = engine.totals.sums
        found.append(b"".join(one.tobytes() for one in (*planned, *state, sleep.arrays.timeout, *sums)))
    return Course(found, woken)


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["yesterday", "climatology"])
def test_another_future_of_tasks_weather_grid_and_wakes_changes_no_act_before_it(choice: Choice) -> None:
    steps = KNOWN_STEPS + PER_HOUR
    known = course(with_future(choice, 2), steps)
    other = course(with_future(choice, 5), steps, known.wakes)
    assert known.wakes.sum() > 10
    assert known.steps[:KNOWN_STEPS] == other.steps[:KNOWN_STEPS]
    assert known.steps[KNOWN_STEPS:] != other.steps[KNOWN_STEPS:]


def test_who_is_told_the_future_acts_by_it() -> None:
    known, other = (course(with_future("perfect", seed), KNOWN_STEPS).steps for seed in (2, 5))
    assert known != other
