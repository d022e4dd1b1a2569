"""One run of the cluster, step by step: the same for experiments and for the live job."""

import math
from dataclasses import dataclass

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import FloatArray, IntArray
from simulator.energy.bus import ASKED, SINKS, SOURCES, STORED, Flows
from simulator.run.backlog import Queue, Work
from simulator.run.beside import Call, compile_beside, no_block, wait_for
from simulator.run.blocks import Blocks, Seen
from simulator.run.buses import Buses
from simulator.run.child import Child
from simulator.run.deferred import NOTHING, Released, together
from simulator.run.initial import network_of, state_of, tables_of
from simulator.run.kernels import (
    LOAD,
    MOST_STEPS,
    PHASES,
    PLACE,
    SETTLE,
    STANDING,
    WAKE,
    Block,
    advance,
)
from simulator.run.placing import Placing, Question, placing, question, unplaced
from simulator.run.plant import Plant
from simulator.run.totals import Totals
from simulator.scheduling.charging import HOURS_AHEAD, Charging, ChargingView
from simulator.scheduling.interface import Policy
from simulator.scheduling.kernels.compiled import Backend, passed, prepared
from simulator.scheduling.kernels.placement import Order, Rule, place_least_loaded
from simulator.scheduling.planned import AsPlanned
from simulator.scheduling.ruled import Ruled, rule
from simulator.scheduling.shifting import TemporalShifting


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some steps that have ended: `flows` (S, B, 4, 5) in joules, in all of them under one grid.

    `grams_per_joule` (B,) is the grid's intensity. By the end the network took `moved_joules` in total.
    """

    flows: FloatArray
    grams_per_joule: FloatArray
    moved_joules: float
    moved_grams: float


class Engine:
    """The state of a run; `run` and `step` take it on, and `step` tells about it.

    The rules of a step are in `simulator.run.kernels`, which take many steps at once. Only who has to be asked in every
    step interrupts them: a policy of a user's own, who charges batteries from the grid, and who consolidates.
    """

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._sites = int(plant.cluster.site_of_bus.max()) + 1
        self.totals = self._no_totals()
        self.queue = Queue(len(plant.cluster.names))
        self.buses = Buses(plant.cluster.bus, len(plant.sells))
        bus_idle_watts = self.buses.sum(plant.cluster.idle_watts)
        self._tables = tables_of(plant, bus_idle_watts)
        self._network = network_of(plant.cluster) if self._sites > 1 else None
        self._sleep = None if plant.sleep is None else plant.sleep.arrays
        self._state = state_of(plant, self.queue)
        self._blocks = Blocks(plant, bus_idle_watts)
        self._block: Block | None = None
        self._held = 0
        self._order: Order = place_least_loaded
        self._rule: Rule = rule(plant.cluster)
        self._advance = advance
        self._beside: Child | None = None
        self._traced: list[Stretch] | None = None
        self._watched = False
        self.placing: Placing | None = None
        self.beginning = Beginning(clock=Seconds(0.0), stored=self.stored.copy(), overdue=0)

    @property
    def clock(self) -> Seconds:
        """Return the simulated seconds since the start."""
        return Seconds(self._index * self.plant.step)

    @property
    def stored(self) -> FloatArray:
        """Return the joules (B,) that the batteries hold; the next step changes them."""
        stored: FloatArray = self._state.buses[STORED]
        return stored

    @property
    def waiting(self) -> int:
        """Return the number of tasks that are held for a later step."""
        block = self._block
        if block is None:
            return 0
        done = self._index - block.begin
        return self._held + int(block.offered[:done].sum()) - int(block.first[done])

    def held(self) -> Released:
        """Return the tasks that are held for a later step: `waiting` of them."""
        block = self._block
        known = together([*self._blocks.held, NOTHING if block is None else unplaced(block, self._index)])
        return known.chosen(known.arrival < self.clock)

    def begin(self) -> None:
        """Let the totals count from now on: all steps so far were warm-up."""
        self.totals = self._no_totals()
        self.beginning = Beginning(clock=self.clock, stored=self.stored.copy(), overdue=self.queue.overdue())

    def trace(self) -> list[Stretch]:
        """Keep the flows of all steps from now on, and return the list that they are added to."""
        buses = len(self.plant.sells)
        self._state = self._state._replace(flows=np.zeros((MOST_STEPS, buses, len(SOURCES), len(SINKS))))
        self._traced = []
        return self._traced

    def watch(self) -> None:
        """Keep, from now on, what was chosen for the last tasks that a `step` placed."""
        self._watched = True

    def run(self, steps: int, most_missed: float = math.inf) -> None:
        """Advance by so many steps, or until more tasks than `most_missed` are late or dropped.

        Raises WeatherError beyond the end of a recording.
        """
        end = self._index + steps
        while self._index < end and self.totals.class_tasks[:, 1:].sum() <= most_missed:
            self._go_on(end, most_missed)

    def step(self, ahead: int = 1) -> StepRecord:
        """Advance by one step as `run` does, and tell about it; so many steps `ahead`, with this one, will follow."""
        plant, queue, index, start = self.plant, self.queue, self._index, self.clock
        block = self._present(ahead)
        self._ask(block)
        joules, seconds = queue.work[:, index % queue.work.shape[1]].copy()
        work = Work(joules=joules, seconds=seconds, completed=queue.ending(Seconds((index + 1) * plant.step)))
        self._go(block, (index + 1) * PHASES)
        self._keep_trace(block, index)
        state = self._state
        flows = state.flows[(index - block.begin) % len(state.flows)]
        return StepRecord(
            start=start,
            seconds=plant.step,
            flows=Flows(matrix=flows.copy(), summary=state.summary.copy()),
            load=state.nodes[LOAD].copy(),
            standing=state.nodes[STANDING].copy(),
            grams_per_joule=block.grid[0],
            frequencies=plant.frequencies,
            level=queue.last_level.copy(),
            free_at=queue.free_at.copy(),
            work=work,
        )

    def _go_on(self, end: int, most_missed: float) -> None:
        """Advance up to step `end` in the present block, or by the one step for which somebody has to be asked."""
        block = self._present(end - self._index)
        begin = self._index
        if self._asks():
            self._ask(block)
            self._go(block, (self._index + 1) * PHASES)
        else:
            self._go(block, min(end, block.begin + len(block.offered)) * PHASES, most_missed)
        self._keep_trace(block, begin)

    def _keep_trace(self, block: Block, begin: int) -> None:
        """Add the steps of a block from `begin` up to the present one to what is kept, where anybody asked."""
        if self._traced is None:
            return
        rows = slice(begin - block.begin, self._index - block.begin)
        stretch = Stretch(
            flows=self._state.flows[rows].copy(),
            grams_per_joule=block.grid[0],
            moved_joules=float(self.totals.moved_joules.sum()),
            moved_grams=float(self.totals.moved_grams.sum()),
        )
        self._traced.append(stretch)

    @property
    def _index(self) -> int:
        return int(self._state.at[0]) // PHASES

    def _no_totals(self) -> Totals:
        cluster = self.plant.cluster
        nodes, classes = cluster.fits.shape
        return Totals.zero(nodes=nodes, buses=len(self.plant.sells), sites=self._sites, classes=classes)

    def _present(self, most_steps: int) -> Block:
        """Return the block of the present step: a new one, of so many steps at most, where the last one is over."""
        plant, block = self.plant, self._block
        if block is not None and self._index < block.begin + len(block.offered):
            return block
        begun, self._held = block is not None, self.waiting
        if not begun and plant.backend is Backend.COMPILED:
            self._beside = compile_beside(self._first_call())
        # The old tasks make room for the new ones: both may be many.
        block = self._block = None
        block = self._block = self._blocks.after(self._index, most_steps, self._seen())
        if plant.sleep is not None:
            plant.sleep.foresee()
        self._follow_plan()
        order = self._order
        if isinstance(plant.policy, Ruled):
            order, self._rule = plant.policy.choice(plant.cluster, block.grid[0])
        most, state = int(np.diff(block.first).max()), self._state
        if most > state.choice.shape[1]:
            self._state = state._replace(choice=np.zeros((2, most), np.int32), times=np.zeros((2, most)))
        if not begun:
            self._prepare(order, block)
        return block

    def _seen(self) -> Seen | None:
        """Return what a planner sees of the present moment; None without one."""
        plant = self.plant
        if plant.planner is None:
            return None
        free_at = self.queue.free_at.copy()
        down = np.zeros(len(free_at), np.bool_) if plant.sleep is None else plant.sleep.down()
        return Seen(free_at=free_at, down=down, stored=self.stored.copy())

    def _follow_plan(self) -> None:
        """Do what a planner wants, where there is one, at the beginning of a block."""
        plant, acts = self.plant, self._blocks.acts
        if isinstance(plant.policy, AsPlanned):
            plant.policy.orders = self._blocks.orders
        if acts is None:
            return
        self._state.buses[ASKED] = acts.charge * (plant.step / SECONDS_PER_HOUR)
        if plant.sleep is not None:
            plant.sleep.arrays.timeout[:] = acts.timeout
            plant.sleep.rouse(acts.rouse, self.clock, self.queue.free_at, self.totals.sums.of_node)

    def _prepare(self, order: Order, block: Block) -> None:
        """Have what this run needs compiled, the policy's order and the step."""
        backend, call = self.plant.backend, self._call(block)
        self._order = passed(order, backend, *call.of_order())
        if self._beside is not None:
            self._rehearse()
            wait_for(self._beside)
        self._advance = prepared(advance, backend, self._order, *call)

    def _call(self, block: Block) -> Call:
        """Return a call of the step in a block."""
        constant = (self._rule, self._tables, self._network, self._sleep)
        return Call(*constant, self._state, self.totals.sums, block)

    def _rehearse(self) -> None:
        """Have what this run needs later compiled now."""
        plant = self.plant
        if plant.planner is not None:
            plant.planner.rehearse()
        if isinstance(plant.shifting, TemporalShifting):
            plant.shifting.rehearse(plant.cluster)

    def _first_call(self) -> Call:
        """Return a call of the types of all, before anything is known of the first block."""
        plant = self.plant
        if isinstance(plant.policy, Ruled):
            _, self._rule = plant.policy.choice(plant.cluster, np.ones(len(plant.sells)))
        return self._call(no_block(len(plant.deferrable), len(plant.sells)))

    def _go(self, block: Block, until: int, most_missed: float = math.inf) -> None:
        """Let the kernels advance to a position, and find room for the tasks where they lack it."""
        constant = (self._order, self._rule, self._tables, self._network, self._sleep)
        while True:
            self._advance(*constant, self._state, self.totals.sums, block, until, most_missed)
            _, places, rows = self._state.at.tolist()
            if not places and not rows:
                return
            queue = self.queue
            queue.grow(self._index, places, rows)
            self._state = self._state._replace(work=queue.work, numbers=queue.numbers, marks=queue.marks)

    def _asks(self) -> bool:
        """Return whether somebody has to be asked in every step."""
        plant = self.plant
        consolidates = plant.sleep is not None and plant.sleep.asked is not None
        return consolidates or plant.charging is not None or not isinstance(plant.policy, Ruled)

    def _ask(self, block: Block) -> None:
        """Take the present step up to its settlement, and ask who has to be asked in every step."""
        plant, at = self.plant, self._index * PHASES
        if plant.sleep is not None and plant.sleep.asked is not None:
            self._go(block, at + PLACE)
            plant.sleep.ask(self.clock, plant.step, self.queue.free_at)
        asked = None
        if self._watched or not isinstance(plant.policy, Ruled):
            self._go(block, at + PLACE)
            asked = question(plant, self._state, block, self._index)
        if asked is not None and not isinstance(plant.policy, Ruled):
            self._place(plant.policy, asked)
        self._go(block, at + SETTLE)
        if asked is not None and self._watched:
            self.placing = placing(asked, plant, self._state)
        if plant.charging is not None:
            self._state.buses[ASKED] = self._charge(plant.charging, block)

    def _place(self, policy: Policy, asked: Question) -> None:
        """Let a policy that is no kernel place the tasks of the present step."""
        state, count = self._state, len(asked.tasks)
        placed = policy.place(asked.tasks, self.plant.cluster, asked.view)
        state.choice[:, :count] = placed.node, placed.level
        state.times[:, :count] = placed.start, placed.finish
        state.terms[:] = placed.terms
        state.at[0] = self._index * PHASES + WAKE

    def _charge(self, charging: Charging, block: Block) -> FloatArray:
        """Return the joules (B,) that batteries are to charge from the grid in the present step."""
        plant, batteries = self.plant, self.plant.batteries
        hours = self._index + np.arange(HOURS_AHEAD) * round(SECONDS_PER_HOUR / plant.step)
        view = ChargingView(
            start=self.clock,
            seconds=plant.step,
            stored=self.stored.copy(),
            capacity=batteries.capacity,
            efficiency=batteries.charge_efficiency * batteries.discharge_efficiency,
            grams_per_joule=block.grid[0],
            expected_grams_per_joule=plant.grid.expected(self._index, hours),
            dollars_per_joule=block.grid[1],
        )
        return charging.charge(view)
