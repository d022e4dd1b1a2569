"""One run of the cluster, step by step: the same for experiments and for the live job."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Grams, Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.energy.battery import Batteries
from simulator.energy.bus import Flows
from simulator.energy.interface import WEATHER_STEP
from simulator.energy.life_cycle import LifeCycle
from simulator.forecast.references import Forecaster
from simulator.grid.course import Grid, GridPoint
from simulator.ledger.accounting import Ledger, SlotReport
from simulator.run.arriving import Arriving
from simulator.run.backlog import Queue, Work
from simulator.run.buses import Buses
from simulator.run.deferred import HeldTasks, Released
from simulator.run.generation import Generation
from simulator.run.settlement import Settlement
from simulator.run.sleep import SleepState
from simulator.run.totals import Totals
from simulator.scheduling.charging import HOURS_AHEAD, Charging, ChargingView
from simulator.scheduling.interface import DROPPED, Cluster, Outlook, Placements, Policy, Shifting, StepView
from simulator.scheduling.kernels.compiled import Backend
from simulator.workload.generated import Workload
from simulator.workload.task import Tasks

POINTS_PER_HOUR = round(SECONDS_PER_HOUR / WEATHER_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """The parts of a run. The engine replaces none; workload, policies, forecaster and sleep have state.

    `batteries` and `sells` (B,) are those of the buses. `frequencies` (N, L) in hertz. `deferrable` (K,). `look_ahead`
    is how many points of the weather the shifting may look into the future. Without `charging` no battery is ever
    charged from the grid. Without `life_cycle` no emissions of making things are
    counted.
    """

    cluster: Cluster
    batteries: Batteries
    sells: BoolArray
    frequencies: FloatArray
    generation: Generation
    workload: Workload
    deferrable: BoolArray
    policy: Policy
    shifting: Shifting | None
    forecaster: Forecaster
    sleep: SleepState | None
    charging: Charging | None = None
    ledger: Ledger
    grid: Grid
    dollars_per_tonne: float
    step: Seconds
    look_ahead: int
    backend: Backend
    life_cycle: LifeCycle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The moment from which figures count: the clock, the joules in batteries (B,), and the count of overdue tasks."""

    clock: Seconds
    stored: FloatArray
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step that has ended. Arrays are (N,), those of `flows` and `grams_per_joule` (B,).

    `start` and `seconds` on the simulated clock, `flows` and `load` in joules, `standing` the part of the load that the
    nodes take beside their tasks, awake, asleep and in between. `level` is the operating point of the last placed task,
    -1 before the first, of those in `frequencies` (N, L) in hertz; `free_at` is when each queue will be empty.
    """

    start: Seconds
    seconds: Seconds
    flows: Flows
    load: FloatArray
    standing: FloatArray
    grams_per_joule: FloatArray
    frequencies: FloatArray
    level: IntArray
    free_at: FloatArray
    work: Work

    @property
    def frequency(self) -> FloatArray:
        """Return the frequency (N,) of the last placed task in hertz, NaN before the first."""
        return np.where(self.level < 0, np.nan, self.frequencies[np.arange(len(self.level)), self.level])

    @property
    def backlog(self) -> FloatArray:
        """Return the seconds (N,) that each queue will last at the end of the step."""
        return np.maximum(self.free_at - (self.start + self.seconds), 0.0)

    @property
    def utilization(self) -> FloatArray:
        """Return the share (N,) of the step spent executing."""
        return self.work.seconds / self.seconds


class Engine:
    """The state of a run; `step` and `advance` take it on, and `step` tells about it."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._sites = int(plant.cluster.site_of_bus.max()) + 1
        self.totals = self._no_totals()
        self._awake = np.zeros(len(plant.cluster.names))
        self.queue = Queue(plant.cluster, plant.step, plant.backend)
        self._index = 0
        self._held = HeldTasks(plant.step)
        self._arrivals = Arriving(plant.workload, plant.step)
        self._idle_joules = plant.cluster.idle_watts * plant.step
        self._stood = self._idle_joules
        self._ledger_joules = 0.0
        self._steps_per_point = round(WEATHER_STEP / plant.step)
        self.buses = Buses(plant.cluster.bus, len(plant.sells))
        self._green = np.zeros(len(plant.sells))
        self._idle_watts = self.buses.sum(plant.cluster.idle_watts)
        self._green_ahead = np.zeros((plant.look_ahead, len(plant.sells)))
        self._grams_hour, self._grams = -1, np.zeros((0, 0))
        self._settlement = Settlement(plant.batteries, plant.sells, plant.cluster.bus, plant.step, plant.backend)
        self.beginning = Beginning(clock=Seconds(0.0), stored=self.stored.copy(), overdue=0)

    @property
    def clock(self) -> Seconds:
        """Return the simulated seconds since the start."""
        return Seconds(self._index * self.plant.step)

    @property
    def stored(self) -> FloatArray:
        """Return the joules (B,) that the batteries hold; the next step changes them."""
        return self._settlement.stored

    @property
    def waiting(self) -> int:
        """Return the number of tasks that are held for a later step."""
        return len(self._held)

    def begin(self) -> None:
        """Let the totals count from now on: all steps so far were warm-up."""
        self.totals = self._no_totals()
        self.beginning = Beginning(clock=self.clock, stored=self.stored.copy(), overdue=self.queue.overdue())

    def advance(self) -> None:
        """Advance by one step. Raises WeatherError beyond the end of a recording."""
        grid = self.plant.grid.at(self._index)
        self._place(grid)
        self._settle(grid)

    def step(self) -> StepRecord:
        """Advance by one step as `advance` does, and tell about it."""
        plant, start, queue = self.plant, self.clock, self.queue
        grid = plant.grid.at(self._index)
        self._place(grid)
        work = Work(
            joules=queue.joules[queue.row].copy(), seconds=queue.seconds[queue.row].copy(), completed=queue.ending()
        )
        self._settle(grid)
        settled = self._settlement
        return StepRecord(
            start=start,
            seconds=plant.step,
            flows=Flows(matrix=settled.flows.copy(), summary=settled.summary.copy()),
            load=settled.load.copy(),
            standing=self._stood.copy(),
            grams_per_joule=grid.grams_per_joule,
            frequencies=plant.frequencies,
            level=queue.last_level.copy(),
            free_at=queue.free_at.copy(),
            work=work,
        )

    def _no_totals(self) -> Totals:
        nodes, classes = self.plant.cluster.fits.shape
        return Totals.zero(nodes=nodes, buses=len(self.plant.sells), sites=self._sites, classes=classes)

    def _place(self, grid: GridPoint) -> None:
        """Place the tasks that are released in this step, and send nodes to sleep."""
        plant, start = self.plant, self.clock
        released = self._released()
        if self._index % self._steps_per_point == 0 and (released is not None or self._steps_per_point > 1):
            self._green = self._green_joules(plant.forecaster.forecast(self._index, 1)[0])
        if plant.sleep is not None:
            plant.sleep.send(start, plant.step, self.queue.free_at)
        if released is None:
            return
        view = StepView(
            start=start,
            seconds=plant.step,
            free_at=self.queue.free_at,
            wake=self._awake if plant.sleep is None else plant.sleep.wake_seconds,
            green_joules=self._green,
            grams_per_joule=grid.grams_per_joule,
        )
        placements = plant.policy.place(released.tasks, plant.cluster, view)
        if plant.sleep is not None:
            placements = plant.sleep.wake(placements, self.totals)
        if self._steps_per_point > 1:
            self._take_green(placements)
        if self._sites > 1:
            self._move(released.tasks, placements, grid)
        self.queue.enter(released, placements, self.totals)

    def _green_joules(self, expected_watts: FloatArray) -> FloatArray:
        """Return the energy (B,) free of emissions that should be left for tasks until the weather's next point.

        The end of the step would be too near: a step of a second never has the energy for a task of a minute, and
        the choices of a policy would depend on the step.
        """
        seconds = WEATHER_STEP
        dischargeable = self.plant.batteries.dischargeable(self.stored, seconds)
        return np.maximum((expected_watts - self._idle_watts) * seconds + dischargeable, 0.0)

    def _settle(self, grid: GridPoint) -> None:
        """Balance the step's energy, hand it to the totals and the ledger, and go on to the next step."""
        plant, index, queue = self.plant, self._index, self.queue
        generated = plant.generation.parts_at(index)
        self._stood, ledger = self._standing(), self._ledger_joules / len(self._awake)
        self._settlement.load_nodes(queue, self._stood, ledger, generated, self.totals)
        dollars_per_tonne = plant.dollars_per_tonne if plant.ledger.earns_credits else 0.0
        nodes, avoided = self._settlement.balance(grid, dollars_per_tonne, self.totals, self._asked(grid))
        self._count_life_cycle(generated)
        queue.advance(self.totals)
        # The ledger records a step once it has ended: its energy counts in the next step.
        report = SlotReport(seconds=plant.step, nodes=nodes, avoided=Grams(avoided))
        self._ledger_joules = float(plant.ledger.process(report))
        plant.forecaster.observe(index, generated[0])
        self._index += 1

    def _asked(self, grid: GridPoint) -> FloatArray | None:
        """Return the joules (B,) that batteries are to charge from the grid in this step; None for nothing at all."""
        plant, batteries = self.plant, self.plant.batteries
        if plant.charging is None:
            return None
        hours = self._index + np.arange(HOURS_AHEAD) * round(SECONDS_PER_HOUR / plant.step)
        view = ChargingView(
            start=self.clock,
            seconds=plant.step,
            stored=self.stored.copy(),
            capacity=batteries.capacity,
            efficiency=batteries.charge_efficiency * batteries.discharge_efficiency,
            grams_per_joule=grid.grams_per_joule,
            expected_grams_per_joule=plant.grid.expected(self._index, hours),
            dollars_per_joule=grid.dollars_per_joule,
        )
        return plant.charging.charge(view)

    def _count_life_cycle(self, generated: tuple[FloatArray, FloatArray]) -> None:
        """Count what making the sources cost; `generated` (B,) is in watts, all of it and the sun's part."""
        plant = self.plant
        if plant.life_cycle is not None:
            whole, solar = generated
            wind = whole - solar
            self.totals.life_cycle[:] += plant.life_cycle.grams(solar * plant.step, wind * plant.step, plant.step)

    def _standing(self) -> FloatArray:
        """Return the energy (N,) of the nodes beside their tasks, and count their sleep."""
        if self.plant.sleep is None:
            return self._idle_joules
        busy_seconds = self.queue.seconds[self.queue.row].copy()
        standing = self.plant.sleep.standing(self.clock, self.plant.step, busy_seconds)
        self.totals.transitions[:] += standing.moving
        self.totals.asleep_seconds[:] += standing.asleep_seconds
        return standing.joules

    def _released(self) -> Released | None:
        """Return the tasks to be placed in this step, held back before or arrived in it; None where there are none."""
        plant, arrived = self.plant, self._arrivals.at(self._index)
        if not len(arrived):
            return self._held.release(self._index, None)
        self.totals.class_offered[:] += np.bincount(arrived.task_class, minlength=len(plant.deferrable))
        fresh = Released(tasks=arrived, arrival=arrived.arrival)
        if plant.shifting is None:
            return fresh
        if plant.deferrable[arrived.task_class].any():
            release = plant.shifting.release(arrived, plant.cluster, self._outlook())
            return self._held.release(self._index, self._held.hold_back(fresh, release))
        return self._held.release(self._index, fresh)

    def _outlook(self) -> Outlook:
        """Return the forecasts for the weather's present and next points, whatever the step."""
        plant, per_point = self.plant, self._steps_per_point
        point, since = divmod(self._index, per_point)
        # From the present step to the last point: the step itself stands for the point that has begun.
        expected = plant.forecaster.forecast(self._index, (plant.look_ahead - 1) * per_point - since + 1)
        green = self._green_ahead
        np.subtract(expected[0], self._idle_watts, out=green[0])
        np.subtract(expected[per_point - since :: per_point], self._idle_watts, out=green[1:])
        np.maximum(green, 0.0, out=green)
        return Outlook(
            start=Seconds(point * WEATHER_STEP),
            seconds=WEATHER_STEP,
            green_watts=green,
            grams_per_joule=self._grams_ahead(point),
        )

    def _grams_ahead(self, point: int) -> FloatArray:
        """Return the grams per joule (H, B) expected at the weather's points from this one on.

        What is expected changes by the hour: it is asked for once in an hour, for all windows that begin in it.
        """
        hour, first = divmod(point, POINTS_PER_HOUR)
        if hour != self._grams_hour:
            points = hour * POINTS_PER_HOUR + np.arange(self.plant.look_ahead + POINTS_PER_HOUR - 1)
            self._grams = self.plant.grid.expected(self._index, points * self._steps_per_point)
            self._grams_hour = hour
        return self._grams[first : first + self.plant.look_ahead]

    def _move(self, tasks: Tasks, placements: Placements, grid: GridPoint) -> None:
        """Count what is sent to nodes of other sites than those where the tasks arrived."""
        placed = placements.node != DROPPED
        self.totals.add_moved(self.plant.cluster, placements.node[placed], tasks.task_class[placed], grid)

    def _take_green(self, placements: Placements) -> None:
        """Take the energy of the placed tasks from the green energy that is left until the weather's next point."""
        placed = placements.node != DROPPED
        node, level = placements.node[placed], placements.level[placed]
        seconds = placements.finish[placed] - placements.start[placed]
        joules = self.plant.cluster.extra_watts[node, level] * seconds
        taken = np.bincount(self.plant.cluster.bus[node], weights=joules, minlength=len(self._green))
        self._green = np.maximum(self._green - taken, 0.0)
