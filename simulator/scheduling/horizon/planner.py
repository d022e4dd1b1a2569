"""The planner of a run: hour by hour it plans the next day, and acts by the first hour of the plan.

In the hour, nodes in front stay awake; of two sets of them the old one sleeps once the new one is awake. Tasks that may
wait are held until the plan has an hour and a node for them, or until it is time to start them in any case; then they
are released for that node, one after the other, so that it works without a gap and sleeps again. Each is released early
enough to end in time if it waited the longest admitted time and ran on the slowest node at the lowest frequency.

All that a planner knows is told: the supply and the grids by forecasters, the work to come by what has arrived so far.
In its first hour it knows of no work, and all nodes are in front.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, FloatArray, IntArray
from simulator.energy.battery import Batteries
from simulator.scheduling.horizon.arrivals import LearntArrivals
from simulator.scheduling.horizon.fronts import SPARE_TIME, awake_shares, demand_of
from simulator.scheduling.horizon.greedy import efficient_levels
from simulator.scheduling.horizon.held import START_ROOM, Held, Quotas, Released, merged
from simulator.scheduling.horizon.problem import Plan, Prospect, Standing
from simulator.scheduling.interface import Cluster
from simulator.scheduling.planned import Orders
from simulator.scheduling.sleeping import SleepTable
from simulator.workload.task import Tasks


class Solver(Protocol):
    """A way to make a plan of a prospect."""

    def plan(self, prospect: Prospect, prompt: BoolArray, levels: IntArray) -> Plan:
        """Return a plan. `prompt` (K,) are the classes that may not wait, and `levels` (N, K) the operating points for
        work that may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourView:
    """The state at the beginning of an hour, and what is told of it and the hours after it.

    `free_at` (N,): when each queue will be empty, and `down` (N,): which nodes sleep or fall asleep. `stored` (B,)
    joules. `generation` (H, B) in joules and `grams_per_joule` (H, B), the present hour first.
    """

    start: Seconds
    free_at: FloatArray
    down: BoolArray
    stored: FloatArray
    generation: FloatArray
    grams_per_joule: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """The acts at the beginning of an hour, by node (N,): `rouse` wakes it at once, and after `timeout` seconds without
    work it sleeps. Batteries (B,) charge `charge` joules from the grid in the hour, at most."""

    rouse: BoolArray
    timeout: FloatArray
    charge: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The fixed side of a run. `deferrable` (K,) are the classes that may wait; without `sleep` no node ever sleeps.

    `foreseen` (B,): whether the supply of a bus is told by the hour, or there is none. Where it is only known to be as
    it was last, batteries do not charge from the grid: in the night the sun would never be expected.
    """

    cluster: Cluster
    batteries: Batteries
    deferrable: BoolArray
    sleep: SleepTable | None
    step: Seconds
    foreseen: BoolArray


class Planner:
    """The planner of one run."""

    def __init__(self, setting: Setting, solver: Solver, *, hold: bool = True, any_level: bool = True) -> None:
        """Take whether tasks are held back, `hold`, and whether the slower operating points are open, `any_level`."""
        self._hold = hold
        self._any_level = any_level
        self._setting = setting
        self.solver = solver
        self._prompt = ~setting.deferrable
        self._standing = replace(standing := _standing_of(setting), nap_seconds=_nap_seconds(setting, standing))
        self._arrivals = LearntArrivals(len(self._prompt))
        self._held = Held(setting.cluster, setting.step)
        self._front = np.ones(len(setting.cluster.names), np.bool_)
        self._naps = np.zeros_like(self._front)
        self._orders: Orders | None = None
        self.plan: Plan | None = None

    def rehearse(self) -> None:
        """Plan an hour in which nothing happens, for nobody: what the solver needs is then loaded and compiled."""
        cluster, buses = self._setting.cluster, len(self._setting.foreseen)
        nowhere, nothing = np.zeros((1, buses)), np.zeros((1, len(self._prompt)))
        prospect = Prospect(
            cluster=cluster,
            batteries=self._setting.batteries,
            standing=self._standing,
            seconds=np.full(1, float(SECONDS_PER_HOUR)),
            generation=nowhere,
            grams_per_joule=nowhere,
            stored=np.zeros(buses),
            prompt=nothing,
            arrived=nothing,
            due=nothing,
        )
        self.solver.plan(prospect, self._prompt, np.zeros(cluster.fits.shape, np.int32))

    def held(self) -> Released:
        """Return the tasks that are held back, each with its release, or the latest that it may have."""
        return self._held.all()

    def begin(self, view: HourView) -> Acts:
        """Plan the hours from the present one on, and return what is to be done now."""
        hour = round(view.start / SECONDS_PER_HOUR)
        cluster = self._setting.cluster
        if hour:
            self._arrivals.close(hour - 1)
        if not self._arrivals.seen:
            front, work = np.ones_like(self._front), np.zeros(cluster.fits.shape)
            levels = np.full(cluster.fits.shape, cluster.service.shape[2] - 1, np.int32)
            charge = np.zeros(len(view.stored))
        else:
            prospect = self._prospect(view, hour)
            levels = efficient_levels(prospect)
            if not self._any_level:
                levels[:] = cluster.service.shape[2] - 1
            self.plan = plan = self.solver.plan(prospect, self._prompt, levels)
            front, charge = plan.front[0] > 0.0, np.where(self._setting.foreseen, plan.charge[0], 0.0)
            self._naps = front & (awake_shares(prospect, demand_of(prospect, self._prompt), front)[0][0] < 1.0)
            work = plan.work[0].sum(axis=2) * ~self._prompt
        ready = self._ready(view, front)
        acts = self._act(view, front, ready, charge)
        quotas = Quotas(
            now=float(view.start),
            end=float(view.start + SECONDS_PER_HOUR),
            work=work,
            levels=levels,
            free_at=ready,
            front=front,
        )
        if self._hold:
            self._held.begin(quotas)
        self._front = front
        self._orders = self._orders_for(view, front)
        return acts

    def release(self, tasks: Tasks, end: Seconds) -> Released:
        """Take the tasks that arrive up to `end`, and return those that are released before it."""
        work = np.bincount(tasks.task_class, weights=tasks.work, minlength=len(self._prompt))
        self._arrivals.add(work.astype(np.float64))
        waits = self._setting.deferrable[tasks.task_class] & self._hold
        prompt, patient = _chosen(tasks, ~waits), _chosen(tasks, waits)
        return merged(prompt, self._held.take(patient, end))

    def orders(self, released: Released) -> Orders | None:
        """Return the orders for the tasks of a block; None before the first plan."""
        if self._orders is None:
            return None
        return replace(self._orders, node=released.node, level=released.level)

    def _ready(self, view: HourView, front: BoolArray) -> FloatArray:
        """Return when each node (N,) could begin with another task: one that was in front, once a new one is awake."""
        ready = np.maximum(view.free_at, view.start)
        if self._setting.sleep is not None:
            ready += np.where(view.down, self._setting.sleep.wake_seconds, 0.0)
        awake = ready[front & ~self._front].max(initial=view.start)
        return np.where(self._front & ~front, np.maximum(ready, awake), ready)

    def _act(self, view: HourView, front: BoolArray, ready: FloatArray, charge: FloatArray) -> Acts:
        """Return what is done for a new set in front: the old one sleeps once it is awake."""
        sleep = self._setting.sleep
        if sleep is None:
            never = np.full(len(front), np.inf)
            return Acts(rouse=np.zeros_like(front), timeout=never, charge=charge)
        rouse = front & view.down & ~self._naps
        # Sleep counts from the end of a node's last task.
        stays = np.where(self._front & ~front, ready - view.free_at, 0.0)
        timeout = np.where(front & ~self._naps, np.inf, np.maximum(sleep.break_even_seconds, stays))
        return Acts(rouse=rouse, timeout=timeout, charge=charge)

    def _prospect(self, view: HourView, hour: int) -> Prospect:
        """Return what is expected of the hours from one on."""
        cluster, hours = self._setting.cluster, len(view.generation)
        expected = self._arrivals.expected(hour, hours)
        prompt = expected * self._prompt
        # The present hour may be busier than it was on other days.
        prompt[0] = np.maximum(prompt[0], self._arrivals.last * self._prompt)
        arrived, due = self._deferred(view, expected * ~self._prompt)
        return Prospect(
            cluster=cluster,
            batteries=self._setting.batteries,
            standing=replace(self._standing, awake=~view.down),
            seconds=np.full(hours, float(SECONDS_PER_HOUR)),
            generation=view.generation,
            grams_per_joule=view.grams_per_joule,
            stored=view.stored,
            prompt=prompt,
            arrived=arrived,
            due=due,
        )

    def _deferred(self, view: HourView, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the work (H, K) that may wait: what can have begun, and what has to be done, by the end of each hour.

        Work that may not be held at all is due as it arrives.
        """
        hours, classes = expected.shape
        arrived, due = expected.copy(), np.zeros((hours + 1, classes))
        kinds, work, latest = self._held.table()
        in_hour = np.floor((latest - view.start - START_ROOM) / SECONDS_PER_HOUR)
        for kind, amount, hour in zip(kinds, work, np.clip(in_hour, 0, hours).astype(np.int64), strict=True):
            arrived[0, kind] += amount
            due[hour, kind] += amount
        spare = self._held.spare() if self._hold else np.zeros(classes)
        later = np.floor(0.5 + (spare - START_ROOM) / SECONDS_PER_HOUR).astype(np.int64)
        for hour in range(hours):
            for kind in np.flatnonzero(~self._prompt):
                due[min(hour + max(0, int(later[kind])), hours), kind] += expected[hour, kind]
        return arrived.cumsum(axis=0), due[:hours].cumsum(axis=0)

    def _orders_for(self, view: HourView, front: BoolArray) -> Orders:
        """Return how tasks are placed in an hour: who may not wait in front, the others behind."""
        cluster, standing = self._setting.cluster, self._standing
        away = np.where(self._prompt, ~front[:, np.newaxis], front[:, np.newaxis]).astype(np.float64)
        waking = np.where(standing.able & ~front, cluster.idle_watts - standing.asleep_watts, 0.0)
        joules = np.where(front, 0.0, standing.cycle_joules + waking * self._setting.step)
        grams = joules * view.grams_per_joule[0][cluster.bus]
        return Orders(
            tier=away,
            grams=np.repeat(grams[:, np.newaxis], len(self._prompt), axis=1),
            joules=cluster.service * (cluster.extra_watts + waking[:, np.newaxis])[:, np.newaxis, :],
            node=np.zeros(0, np.int32),
            level=np.zeros(0, np.int32),
        )


def _standing_of(setting: Setting) -> Standing:
    """Return what nodes take beside their tasks in a run."""
    cluster, sleep = setting.cluster, setting.sleep
    nodes = len(cluster.names)
    if sleep is None:
        able, watts, joules = np.zeros(nodes, np.bool_), cluster.idle_watts, np.zeros(nodes)
    else:
        able = sleep.able & (sleep.watts < cluster.idle_watts)
        watts = np.where(able, sleep.watts, cluster.idle_watts)
        transitions = sleep.enter_joules + sleep.wake_joules
        joules = np.where(able, transitions - sleep.watts * (sleep.enter_seconds + sleep.wake_seconds), 0.0)
    return Standing(
        able=able,
        asleep_watts=watts,
        cycle_joules=np.maximum(joules, 0.0),
        awake=np.ones(nodes, np.bool_),
        tail_seconds=setting.step / 2.0,
    )


def _nap_seconds(setting: Setting, standing: Standing) -> FloatArray | None:
    """Return how long (N,) nodes that have fallen asleep cannot be woken, see `Standing`.

    A node naps that wakes in time for all urgent tasks that it could serve, and only where another one could, too.
    """
    cluster, sleep = setting.cluster, setting.sleep
    prompt = ~setting.deferrable
    if sleep is None:
        return None
    lasts = cluster.delay + sleep.wake_seconds[:, np.newaxis] + cluster.service[:, :, -1] * cluster.work
    in_time = standing.able[:, np.newaxis] & (lasts <= (1.0 - SPARE_TIME) * cluster.deadline)
    served = cluster.fits & prompt
    several = (served & in_time).sum(axis=0) > 1
    naps = (~served | (in_time & several)).all(axis=1) & served.any(axis=1)
    return np.where(naps, sleep.enter_seconds + sleep.dwell_seconds, np.inf)


def _chosen(tasks: Tasks, index: BoolArray) -> Tasks:
    """Return some of the tasks."""
    return Tasks(
        arrival=tasks.arrival[index],
        task_class=tasks.task_class[index],
        work=tasks.work[index],
        deadline=tasks.deadline[index],
    )
