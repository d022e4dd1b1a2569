"""The outside of a run, some steps at once: tasks and when they are released, generation, and the grid.

None of it depends on what the run does. What was forecast for a step is asked for with the generation of the steps
before it observed, and no other.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, CountArray, FloatArray
from simulator.energy.interface import WEATHER_STEP
from simulator.run.arriving import Arriving
from simulator.run.deferred import HeldTasks, Released
from simulator.run.kernels import MOST_STEPS, Block
from simulator.run.plant import Plant
from simulator.scheduling.horizon.planner import Acts, HourView
from simulator.scheduling.horizon.problem import HOURS
from simulator.scheduling.interface import Outlook
from simulator.scheduling.own.shifting import OwnShifting
from simulator.scheduling.planned import Orders
from simulator.workload.task import Tasks

MOST_TASKS = 2**16
"""Tasks that arrive in a block of more than one step, at most: a choice, for the sake of memory."""

POINTS_PER_HOUR = round(SECONDS_PER_HOUR / WEATHER_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The state of a run between two blocks, as a planner sees it: `free_at` and `down` (N,), and `stored` (B,)."""

    free_at: FloatArray
    down: BoolArray
    stored: FloatArray


class Blocks:
    """The blocks of a run, one after the other.

    With a planner, `acts` is what it does at the beginning of the last block, if anything, and `orders` are those for
    the tasks of that block.
    """

    def __init__(self, plant: Plant, bus_idle_watts: FloatArray) -> None:
        self._plant = plant
        self._arrivals = Arriving(plant.workload, plant.step)
        self._idle_watts = bus_idle_watts
        self._per_point = round(WEATHER_STEP / plant.step)
        self._per_hour = round(SECONDS_PER_HOUR / plant.step)
        self._held = HeldTasks()
        # A user's own may remember what it was asked: it is not to learn of tasks before it places those before them.
        self._most_steps = 1 if isinstance(plant.shifting, OwnShifting) else MOST_STEPS
        self.acts: Acts | None = None
        self.orders: Orders | None = None

    @property
    def held(self) -> list[Released]:
        """Return the tasks that are to be released after the last block."""
        if self._plant.planner is None:
            return self._held.parts
        known = self._plant.planner.held()
        return [Released(tasks=known.tasks, arrival=known.arrival)]

    def after(self, index: int, most_steps: int, seen: Seen | None = None) -> Block:
        """Return the block that begins with a step, before which a run is as it was `seen` by a planner.

        Raises WeatherError beyond the end of a recording.
        """
        plant = self._plant
        self.acts = None
        if plant.planner is not None and seen is not None and index % self._per_hour == 0:
            self.acts = plant.planner.begin(self._view(index, seen))
        tasks, first = self._arrivals.block(index, min(most_steps, self._most_steps), MOST_TASKS)
        steps = len(first) - 1
        watts, solar = plant.generation.parts(index, steps)
        waits = plant.shifting is not None and bool(plant.deferrable[tasks.task_class].any())
        ahead = self._forecasts(index, watts, plant.look_ahead if waits else 1)
        released = self._released(index, tasks, first, self._outlook(index, ahead) if waits else None)
        ends = np.searchsorted(released.tasks.arrival, np.arange(index + 1, index + steps + 1) * plant.step)
        point = plant.grid.at(index)
        classes = len(plant.deferrable)
        arrived = [tasks.task_class[begin:end] for begin, end in itertools.pairwise(first.tolist())]
        return Block(
            begin=index,
            first=np.concatenate(([0], ends)),
            release=released.tasks.arrival,
            arrival=released.arrival,
            task_class=released.tasks.task_class,
            work=released.tasks.work,
            deadline=released.tasks.deadline,
            offered=np.array([np.bincount(one, minlength=classes) for one in arrived]),
            power=np.array([watts, solar, ahead[:, 0], self._made(watts, solar)]),
            grid=np.array([point.grams_per_joule, point.dollars_per_joule]),
        )

    def _view(self, index: int, seen: Seen) -> HourView:
        """Return what a planner sees of a run, and what it is told of the hours to come."""
        plant, step = self._plant, self._plant.step
        hours = index + np.arange(HOURS) * self._per_hour
        watts = plant.forecaster.forecast(index, HOURS * self._per_hour)
        return HourView(
            start=Seconds(index * step),
            free_at=seen.free_at,
            down=seen.down,
            stored=seen.stored,
            generation=watts.reshape(HOURS, self._per_hour, -1).sum(axis=1) * step,
            grams_per_joule=np.ascontiguousarray(plant.grid.expected(index, hours)),
        )

    def _forecasts(self, index: int, watts: FloatArray, points: int) -> FloatArray:
        """Return the generation (S, H, B) that is forecast at each step for so many points of the weather.

        The step itself stands for the point that has begun.
        """
        per_point = self._per_point
        found = np.empty((len(watts), points, watts.shape[1]))
        for step, generated in enumerate(watts, start=index):
            since = step % per_point
            expected = self._plant.forecaster.forecast(step, max(1, (points - 1) * per_point - since + 1))
            found[step - index, 0] = expected[0]
            found[step - index, 1:] = expected[per_point - since :: per_point]
            self._plant.forecaster.observe(step, generated)
        return found

    def _released(self, index: int, tasks: Tasks, first: CountArray, outlook: Outlook | None) -> Released:
        """Return the tasks that are released in the steps of a block, held back before or arrived in it.

        Without an outlook none of those that arrive may wait.
        """
        shifting, planner = self._plant.shifting, self._plant.planner
        if planner is not None:
            end = Seconds((index + len(first) - 1) * self._plant.step)
            given = planner.release(tasks, end)
            self.orders = planner.orders(given)
            return Released(tasks=given.tasks, arrival=given.arrival)
        if shifting is None:
            return Released(tasks=tasks, arrival=tasks.arrival)
        release = tasks.arrival
        if outlook is not None:
            release = shifting.release(tasks, first, self._plant.cluster, outlook)
        fresh = Tasks(arrival=release, task_class=tasks.task_class, work=tasks.work, deadline=tasks.deadline)
        end = Seconds((index + len(first) - 1) * self._plant.step)
        return self._held.release(Released(tasks=fresh, arrival=tasks.arrival), end)

    def _outlook(self, index: int, ahead: FloatArray) -> Outlook:
        """Return the forecasts for the weather's present and next points at each step, whatever the step."""
        points = np.arange(index, index + len(ahead)) // self._per_point
        known = int(points[0])
        upcoming = known + np.arange(self._plant.look_ahead + int(points[-1]) - known)
        return Outlook(
            start=(points * WEATHER_STEP).astype(np.float64),
            seconds=WEATHER_STEP,
            green_watts=np.maximum(ahead - self._idle_watts, 0.0),
            grams_per_joule=np.ascontiguousarray(self._plant.grid.expected(index, upcoming * self._per_point)),
            first=points - known,
        )

    def _made(self, watts: FloatArray, solar: FloatArray) -> FloatArray:
        """Return the grams (S, B) that making the sources cost in each step."""
        life_cycle, step = self._plant.life_cycle, self._plant.step
        if life_cycle is None:
            return np.zeros_like(watts)
        return life_cycle.grams(solar * step, (watts - solar) * step, step)
