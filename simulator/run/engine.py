"""One run of the cluster, step by step: the same for experiments and for the live job."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Grams, Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.energy.balance import Flows, settle
from simulator.energy.battery import Batteries
from simulator.energy.interface import WEATHER_STEP
from simulator.forecast.references import Forecaster
from simulator.grid.course import Grid, GridPoint
from simulator.ledger.accounting import Ledger, SlotReport
from simulator.run.backlog import Queue, Work
from simulator.run.buses import Buses
from simulator.run.deferred import HeldTasks, Released
from simulator.run.generation import Generation
from simulator.run.sleep import SleepState
from simulator.run.totals import Totals
from simulator.scheduling.interface import DROPPED, Cluster, Outlook, Placements, Policy, Shifting, StepView
from simulator.scheduling.kernels.compiled import Backend
from simulator.workload.generated import Workload
from simulator.workload.task import EMPTY, Tasks

GRAMS_PER_TONNE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """The parts of a run. The engine replaces none; workload, policy, shifting, forecaster and sleep have state.

    `batteries` and `sells` (B,) are those of the buses. `frequencies` (N, L) in hertz. `deferrable` (K,). `look_ahead`
    is how many points of the weather the shifting may look into the future.
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
    ledger: Ledger
    grid: Grid
    dollars_per_tonne: float
    step: Seconds
    look_ahead: int
    backend: Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The moment from which figures count: the clock, the joules in batteries (B,), and the count of overdue tasks."""

    clock: Seconds
    stored: FloatArray
    overdue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step that has ended. Arrays are (N,), those of `flows`, `expected_watts` and `grams_per_joule` (B,).

    `start` and `seconds` on the simulated clock, `flows` and `load` in joules, `standing` the part of the load that the
    nodes take beside their tasks, awake, asleep and in between. `expected_watts` is the generation that was forecast
    for the step. `level` is the operating point of the last placed task, -1 before the first, of those in
    `frequencies` (N, L) in hertz; `free_at` is when each queue will be empty.
    """

    start: Seconds
    seconds: Seconds
    flows: Flows
    load: FloatArray
    standing: FloatArray
    expected_watts: FloatArray
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
    """The state of a run; `step` advances it."""

    def __init__(self, plant: Plant) -> None:
        nodes = len(plant.cluster.names)
        self.plant = plant
        self._sites = int(plant.cluster.site_of_bus.max()) + 1
        self.totals = self._no_totals()
        self.stored = plant.batteries.initial.copy()
        self._awake = np.zeros(nodes)
        self.queue = Queue(plant.cluster, plant.step, plant.backend)
        self.beginning = Beginning(clock=Seconds(0.0), stored=self.stored, overdue=0)
        self._index = 0
        self._held = HeldTasks(plant.step)
        self._hour = -1
        self._tasks = EMPTY
        self._idle_joules = plant.cluster.idle_watts * plant.step
        self._ledger_joules = 0.0
        self._last_level = np.full(nodes, -1, dtype=np.int32)
        self._steps_per_point = round(WEATHER_STEP / plant.step)
        self.buses = Buses(plant.cluster.bus, len(plant.sells))
        self._green = np.zeros(len(plant.sells))

    @property
    def clock(self) -> Seconds:
        """Return the simulated seconds since the start."""
        return Seconds(self._index * self.plant.step)

    @property
    def waiting(self) -> int:
        """Return the number of tasks that are held for a later step."""
        return len(self._held)

    def begin(self) -> None:
        """Let the totals count from now on: all steps so far were warm-up."""
        self.totals = self._no_totals()
        self.beginning = Beginning(clock=self.clock, stored=self.stored, overdue=self.queue.overdue())

    def step(self) -> StepRecord:
        """Advance by one step. Raises WeatherError beyond the end of a recording."""
        plant, index, start = self.plant, self._index, self.clock
        released = self._released()
        grid = plant.grid.at(index)
        expected = plant.forecaster.forecast(index, 1)[0]
        if index % self._steps_per_point == 0:
            self._green = self._green_joules(expected)
        if plant.sleep is not None:
            plant.sleep.send(start, plant.step, self.queue.free_at)
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
        self._remember(placements)
        self._move(released.tasks, placements, grid)
        self.queue.enter(released, placements, self.totals)
        work = self.queue.advance(self.totals)
        standing = self._standing(start, work)
        load = standing + work.joules + self._ledger_joules / len(standing)
        flows = self._settle(plant.generation.at(index) * plant.step, load, standing, grid)
        self.totals.busy_seconds[:] += work.seconds
        plant.forecaster.observe(index, flows.generation / plant.step)
        self._index += 1
        return StepRecord(
            start=start,
            seconds=plant.step,
            flows=flows,
            load=load,
            standing=standing,
            expected_watts=expected,
            grams_per_joule=grid.grams_per_joule,
            frequencies=plant.frequencies,
            level=self._last_level.copy(),
            free_at=self.queue.free_at.copy(),
            work=work,
        )

    def _no_totals(self) -> Totals:
        nodes, classes = self.plant.cluster.fits.shape
        return Totals.zero(nodes=nodes, buses=len(self.plant.sells), sites=self._sites, classes=classes)

    def _green_joules(self, expected_watts: FloatArray) -> FloatArray:
        """Return the energy (B,) free of emissions that should be left for tasks until the weather's next point.

        The end of the step would be too near: a step of a second never has the energy for a task of a minute, and
        the choices of a policy would depend on the step.
        """
        seconds = WEATHER_STEP
        dischargeable = self.plant.batteries.dischargeable(self.stored, seconds)
        spare = (expected_watts - self.buses.sum(self.plant.cluster.idle_watts)) * seconds + dischargeable
        return np.maximum(spare, 0.0)

    def _standing(self, start: Seconds, work: Work) -> FloatArray:
        """Return the energy (N,) of the nodes beside their tasks, and count their sleep."""
        if self.plant.sleep is None:
            return self._idle_joules
        standing = self.plant.sleep.standing(start, self.plant.step, work.seconds)
        self.totals.transitions[:] += standing.moving
        self.totals.asleep_seconds[:] += standing.asleep_seconds
        return standing.joules

    def _settle(self, generation: FloatArray, load: FloatArray, standing: FloatArray, grid: GridPoint) -> Flows:
        """Balance the step's energy, generation (B,) and load (N,), and hand it to the totals and the ledger."""
        plant, totals, buses = self.plant, self.totals, self.buses
        flows = settle(plant.batteries, self.stored, generation, buses.sum(load), sells=plant.sells, seconds=plant.step)
        self.stored = flows.stored
        avoided = totals.add_flows(
            flows,
            buses.share(load),
            idle=standing,
            ledger=self._ledger_joules / len(load),
            grid=grid,
        )
        if plant.ledger.earns_credits:
            totals.credit_dollars[:] += avoided / GRAMS_PER_TONNE * plant.dollars_per_tonne
        # The ledger records a step once it has ended: its energy counts in the next step.
        nodes = int(np.count_nonzero(avoided))
        report = SlotReport(seconds=plant.step, nodes=nodes, avoided=Grams(float(avoided.sum())))
        self._ledger_joules = float(plant.ledger.process(report))
        return flows

    def _released(self) -> Released:
        """Return the tasks to be placed in this step, those held back before and those that arrive in it."""
        arrived = self._arrived()
        self.totals.class_offered[:] += np.bincount(arrived.task_class, minlength=len(self.plant.deferrable))
        fresh = self._held.hold_back(Released(tasks=arrived, arrival=arrived.arrival), self._release(arrived))
        return self._held.release(self._index, fresh)

    def _arrived(self) -> Tasks:
        """Return the tasks that arrive in this step."""
        start = self.clock
        hour = int(start // SECONDS_PER_HOUR)
        if self._hour != hour:
            self._hour, self._tasks = hour, self.plant.workload.hour(hour)
        first, last = np.searchsorted(self._tasks.arrival, (start, start + self.plant.step), side="left")
        return self._tasks[first:last]

    def _release(self, arrived: Tasks) -> FloatArray:
        """Return the time at which each of the arrived tasks is to be placed."""
        plant = self.plant
        if plant.shifting is None or not plant.deferrable[arrived.task_class].any():
            return arrived.arrival
        return plant.shifting.release(arrived, plant.cluster, self._outlook())

    def _outlook(self) -> Outlook:
        """Return the forecasts for the weather's present and next points, whatever the step."""
        plant = self.plant
        point = self._index // self._steps_per_point
        steps = np.arange(point, point + plant.look_ahead) * self._steps_per_point
        ahead = np.maximum(steps - self._index, 0)
        expected = plant.forecaster.forecast(self._index, int(ahead[-1]) + 1)[ahead]
        return Outlook(
            start=Seconds(point * WEATHER_STEP),
            seconds=WEATHER_STEP,
            green_watts=np.maximum(expected - self.buses.sum(plant.cluster.idle_watts), 0.0),
            grams_per_joule=plant.grid.expected(self._index, steps),
        )

    def _move(self, tasks: Tasks, placements: Placements, grid: GridPoint) -> None:
        """Count what is sent to nodes of other sites than those where the tasks arrived."""
        if self._sites > 1:
            placed = placements.node != DROPPED
            self.totals.add_moved(self.plant.cluster, placements.node[placed], tasks.task_class[placed], grid)

    def _remember(self, placements: Placements) -> None:
        """Record the level of each node's last task, and the green energy that the tasks will take."""
        placed = placements.node != DROPPED
        node, level = placements.node[placed], placements.level[placed]
        # For several tasks on one node the last assignment wins, which is the latest task.
        self._last_level[node] = level
        if self._steps_per_point > 1:
            seconds = placements.finish[placed] - placements.start[placed]
            joules = self.plant.cluster.extra_watts[node, level] * seconds
            taken = np.bincount(self.plant.cluster.bus[node], weights=joules, minlength=len(self._green))
            self._green = np.maximum(self._green - taken, 0.0)
