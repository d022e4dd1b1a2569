"""One job, from its description to its figures."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_DAY, SECONDS_PER_HOUR, Seconds
from simulator.arrays import BoolArray, CountArray
from simulator.assembly import inputs, parts
from simulator.assembly.credit_prices import load_prices
from simulator.assembly.layout import Layout, first_day_of, layout_of
from simulator.energy.battery import Batteries
from simulator.energy.interface import POINTS_PER_DAY, WEATHER_STEP
from simulator.energy.life_cycle import LifeCycle
from simulator.ledger.cost.accounting import AccountedLedger, Ledger, NullLedger
from simulator.ledger.cost.cost_profile import shipped_profile
from simulator.ledger.record.types import ChainConfig
from simulator.run.apart import GenerationApart
from simulator.run.booking import Bookkeeping
from simulator.run.bound import problem, without_tasks
from simulator.run.engine import Engine, StepRecord
from simulator.run.forecasts import forecaster_of, foresees, grid_in_run
from simulator.run.generation import Daily, Generation, daily_generation
from simulator.run.job import Job, Method, RunResult, with_units
from simulator.run.plant import Plant
from simulator.run.sleep import SleepState
from simulator.run.totals import LATENCY_BOUNDS
from simulator.scenario.schema import STEPS, Scenario
from simulator.scheduling.charging import Charging, CleanHoursCharging
from simulator.scheduling.horizon.by_name import PlannerByName
from simulator.scheduling.horizon.greedy import Greedy
from simulator.scheduling.horizon.linear import Linear
from simulator.scheduling.horizon.planner import Setting
from simulator.scheduling.interface import Cluster, Policy, Shifting, at_home
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.lower_bound import least_emissions
from simulator.scheduling.names import is_users
from simulator.scheduling.own.load import Own, load_policy
from simulator.scheduling.policies import Plans, Shifts, build_policy, traits
from simulator.scheduling.score import Levels
from simulator.scheduling.shifting import TemporalShifting
from simulator.scheduling.sleeping import ConsolidatingSleeping, Sleeping, TimeoutSleeping
from simulator.scheduling.waiting import WaitAwhile
from simulator.streams import Stream, generator
from simulator.workload.generated import MOST_AT_ONCE, Workload
from simulator.workload.task import Tasks
from simulator.workload.trace import TraceWorkload

SHORT_RUN_STEPS = 20
"""Least number of steps of a run that has a number of tasks and is shorter than a day."""


def simulate(job: Job) -> RunResult:
    """Run a job of the physical model. The same job gives the same result, wherever and whenever it runs.

    Raises ConfigError or WeatherError for files that cannot be used, and TypeError for the published model.
    """
    engine, warm_up, steps = prepared(job)
    engine.run(warm_up)
    engine.begin()
    books = bookkeeping(job, engine)
    if not job.bound:
        misses = math.inf if job.miss_limit is None or job.tasks is None else job.miss_limit * job.tasks
        engine.run(steps, misses)
        found = figures(engine, job.seed)
    else:
        course = [engine.step() for _ in range(steps)]
        found = with_bound(figures(engine, job.seed), engine, course)
    return found if books is None else with_units(found, books.booked(), price_of(job))


def with_bound(found: RunResult, engine: Engine, course: Sequence[StepRecord]) -> RunResult:
    """Return a run's figures with the least emissions possible, of its work and without any; `course` are its steps."""
    asked = problem(engine, course)
    return msgspec.structs.replace(
        found,
        bound_grams=float(least_emissions(asked)),
        floor_grams=float(least_emissions(without_tasks(asked))),
    )


def bookkeeping(job: Job, engine: Engine) -> Bookkeeping | None:
    """Return what books the run of a job from now on; None without a ledger, and for runs that last no whole days."""
    scenario = job.scenario
    if not isinstance(scenario, Scenario) or not job.method.ledger or job.tasks is not None:
        return None
    arrivals = scenario.workload.arrivals
    rate = None if arrivals.kind == "trace" else arrivals.rate_per_hour
    layout = layout_of(scenario, job.seed, job.nodes)
    return Bookkeeping(scenario, layout, engine, rate if job.rate_per_hour is None else job.rate_per_hour)


def price_of(job: Job) -> float | None:
    """Return the price of credits, in dollars per tonne, on the day on which a job's run ends; None without prices.

    Raises ConfigError for a file that cannot be used.
    """
    scenario = job.scenario
    if not isinstance(scenario, Scenario) or scenario.ledger.prices is None:
        return None
    days = timedelta(days=scenario.run.warm_up_days + scenario.run.days)
    return load_prices(Path(scenario.ledger.prices)).on(first_day_of(scenario, job.seed) + days)


def build_engine(
    scenario: Scenario,
    method: Method,
    seed: int,
    *,
    nodes: int | None = None,
    workload: Workload | None = None,
    step: Seconds | None = None,
    backend: Backend = Backend.COMPILED,
) -> Engine:
    """Build an engine at the beginning of its run.

    `nodes` replicates the scenario's nodes up to this number; `workload` and `step` replace the scenario's.
    Raises ConfigError or WeatherError for files that cannot be used.
    """
    layout = layout_of(scenario, seed, nodes)
    profile = parts.profile_of(scenario) if method.compression else None
    cluster = inputs.cluster_of(layout, scenario, compressed=profile)
    if not method.move:
        cluster = at_home(cluster)
    step = step or Seconds(float(scenario.run.step_seconds))
    generation = Generation(_daily(scenario, layout, seed, nodes), step)
    classes = parts.classes_of(scenario)
    longest = max((kind.deadline for kind in classes if kind.deferrable), default=0.0)
    deferrable = np.array([kind.deferrable for kind in classes] * len(layout.places))
    own = load_policy(method.policy) if is_users(method.policy) else None
    plant = Plant(
        cluster=cluster,
        batteries=Batteries.of([bus.battery if method.batteries else None for bus in layout.buses]),
        sells=np.array([bus.sells for bus in layout.buses]),
        frequencies=inputs.frequencies_of(layout.nodes),
        generation=generation,
        workload=workload or inputs.workload_of(scenario, layout, seed),
        deferrable=deferrable,
        policy=_policy(method, scenario, backend) if own is None else own.policy,
        shifting=_shifting(method, deferrable, backend, own),
        forecaster=forecaster_of(scenario, method, layout, generation),
        sleep=_sleep(method, scenario, layout, cluster, own, seed),
        charging=_charging(scenario, cluster, own),
        ledger=_ledger(method, scenario, layout),
        grid=grid_in_run(scenario, method, layout, step, seed),
        step=step,
        backend=backend,
        life_cycle=_life_cycle(method, scenario, layout),
        look_ahead=min(round(longest / WEATHER_STEP) + 1, POINTS_PER_DAY),
    )
    return Engine(_planned(plant, scenario, method, layout))


def _planned(plant: Plant, scenario: Scenario, method: Method, layout: Layout) -> Plant:
    """Return the plant with the planner of a method that has one, which charges batteries, too."""
    plans = traits(method.policy).plans
    if plans is Plans.NOTHING:
        return plant
    setting = Setting(
        cluster=plant.cluster,
        batteries=plant.batteries,
        deferrable=plant.deferrable,
        sleep=None if plant.sleep is None else plant.sleep.table,
        step=plant.step,
        foreseen=np.array([foresees(scenario, method) or bus.supply.kind == "grid" for bus in layout.buses]),
    )
    solver = Greedy(backend=plant.backend) if plans is Plans.GREEDILY else Linear()
    planner = PlannerByName(setting, solver, hold=method.shift is not False, any_level=method.dvfs)
    return replace(plant, charging=None, planner=planner)


def _daily(scenario: Scenario, layout: Layout, seed: int, nodes: int | None) -> Daily:
    """Return the generation of a run, computed apart where its tasks are many: they need the memory themselves."""
    arrivals = scenario.workload.arrivals
    if arrivals.kind != "trace" and arrivals.rate_per_hour > MOST_AT_ONCE:
        return GenerationApart(scenario, seed, nodes)
    return daily_generation(layout, seed)


def _policy(method: Method, scenario: Scenario, backend: Backend) -> Policy:
    levels = Levels.ALL if method.dvfs else Levels.FASTEST
    return build_policy(method.policy, parts.configured_weights(scenario), levels=levels, backend=backend)


def _shifting(method: Method, deferrable: BoolArray, backend: Backend, own: Own | None) -> Shifting | None:
    if traits(method.policy).plans is not Plans.NOTHING:
        return None
    users = None if own is None or method.shift is False else own.shifting(deferrable)
    if users is not None:
        return users
    shifts = traits(method.policy).shifts
    if method.shift is not None:
        shifts = Shifts.NOTHING if not method.shift else Shifts.TO_GREEN_ENERGY if shifts is Shifts.NOTHING else shifts
    match shifts:
        case Shifts.TO_GREEN_ENERGY:
            return TemporalShifting(deferrable, backend=backend)
        case Shifts.TO_CLEAN_GRID:
            return WaitAwhile(deferrable)
    return None


def _sleep(
    method: Method, scenario: Scenario, layout: Layout, cluster: Cluster, own: Own | None, seed: int
) -> SleepState | None:
    """Return the sleep of the nodes, None where none ever sleeps. Who sleeps by a method's name comes first."""
    users = None if own is None or method.sleeping is not None else own.sleeping()
    sleeping, table = users or sleeping_of(scenario, method.sleeping), inputs.sleep_table(layout.nodes)
    if traits(method.policy).plans is not Plans.NOTHING:
        sleeping = TimeoutSleeping()
    if sleeping is None or not method.sleep or not table.able.any():
        return None
    return SleepState(cluster, table, sleeping, failure_ratio=scenario.scheduler.failed_wakes, seed=seed)


def sleeping_of(scenario: Scenario, instead: str | None = None) -> TimeoutSleeping | Sleeping | None:
    """Return the policy that chooses who sleeps, afresh for a run; None where nobody does.

    `instead` is the name of one in place of the scenario's.
    """
    section = scenario.scheduler
    name = instead or section.sleeping
    if name == "timeout":
        after = section.sleep_after_seconds
        return TimeoutSleeping(None if after is None else Seconds(after))
    return ConsolidatingSleeping(section.awake_utilization) if name == "consolidate" else None


def _charging(scenario: Scenario, cluster: Cluster, own: Own | None) -> Charging | None:
    users = None if own is None else own.charging(cluster)
    return users or (CleanHoursCharging() if scenario.scheduler.charging == "clean-hours" else None)


def _life_cycle(method: Method, scenario: Scenario, layout: Layout) -> LifeCycle | None:
    section = scenario.life_cycle
    return None if section is None else inputs.life_cycle_of(section, layout.buses, batteries=method.batteries)


def _ledger(method: Method, scenario: Scenario, layout: Layout) -> Ledger:
    if not method.ledger:
        return NullLedger()
    return AccountedLedger(
        shipped_profile(),
        ChainConfig(name=scenario.name.encode(), benchmarks=()),
        slot=Seconds(scenario.ledger.slot_seconds),
        validators=len(layout.nodes),
        devices=len(layout.buses),
    )


def fixed_tasks(scenario: Scenario, count: int, rate_per_hour: float, seed: int) -> Tasks:
    """Return `count` tasks at a mean rate. Another rate stretches the same tasks in time."""
    classes = parts.classes_of(scenario)
    random, noise = generator(seed, Stream.WORKLOAD), generator(seed, Stream.NOISE)
    arrival = np.cumsum(random.standard_exponential(count)) * (SECONDS_PER_HOUR / rate_per_hour)
    kinds = random.choice(len(classes), size=count, p=[kind.share for kind in classes]).astype(np.int32)
    spread = scenario.workload.noise
    work = np.array([float(kind.work) for kind in classes])[kinds] * noise.uniform(1.0 - spread, 1.0 + spread, count)
    deadline = arrival + np.array([float(kind.deadline) for kind in classes])[kinds]
    return Tasks(arrival=arrival, task_class=kinds, work=work, deadline=deadline)


def prepared(job: Job) -> tuple[Engine, int, int]:
    """Return the engine of a job, its warm-up steps, and the steps that count."""
    scenario = job.scenario
    if not isinstance(scenario, Scenario):
        raise TypeError("the published model has no engine")
    if job.tasks is None:
        layout = layout_of(scenario, job.seed, job.nodes)
        workload = inputs.workload_of(scenario, layout, job.seed, job.rate_per_hour)
        engine = build_engine(scenario, job.method, job.seed, nodes=job.nodes, workload=workload)
        per_day = round(SECONDS_PER_DAY / engine.plant.step)
        return engine, scenario.run.warm_up_days * per_day, scenario.run.days * per_day
    rate = scenario.workload.arrivals.rate_per_hour if job.rate_per_hour is None else job.rate_per_hour
    if job.tasks < 1 or rate <= 0.0:
        raise ConfigError([f"tasks: expected a number >= 1 at a rate > 0, got {job.tasks} at {rate:g} per hour"])
    tasks = fixed_tasks(scenario, job.tasks, rate, job.seed)
    step = _short_step(float(tasks.arrival[-1]), scenario.run.step_seconds)
    workload = inputs.spread(TraceWorkload(tasks), scenario, layout_of(scenario, job.seed, job.nodes), job.seed)
    engine = build_engine(scenario, job.method, job.seed, nodes=job.nodes, workload=workload, step=Seconds(float(step)))
    return engine, 0, int(tasks.arrival[-1] // step) + 1


def _short_step(duration: float, longest: int) -> int:
    """Return the longest possible step that cuts a duration into enough parts."""
    possible = [step for step in STEPS if step <= min(longest, duration / SHORT_RUN_STEPS)]
    return max(possible, default=STEPS[0])


def figures(engine: Engine, seed: int) -> RunResult:
    """Return the figures of a run from its beginning to now.

    Latency is that of tasks that may not wait for greener supply (of all, where all may): the others are judged by
    their deadlines. A task counts as late once it is sure to be late, unless it was so before the beginning.
    """
    totals, plant = engine.totals, engine.plant
    prompt = ~plant.deferrable if not plant.deferrable.all() else plant.deferrable
    completed, late, dropped = (int(count) for count in totals.class_tasks.sum(axis=0))
    late += engine.queue.overdue() - engine.beginning.overdue
    offered = int(totals.class_offered.sum())
    network = float(totals.moved_joules.sum())
    consumed, at_once = float(totals.consumed.sum()) + network, float(totals.grid.sum()) + network
    electricity = float(
        sum(part.sum() for part in (totals.electricity_dollars, totals.charging_dollars, totals.moved_dollars))
    )
    return RunResult(
        seed=seed,
        simulated_seconds=engine.clock - engine.beginning.clock,
        tasks_offered=offered,
        tasks_completed=completed,
        tasks_late=late,
        tasks_dropped=dropped,
        tasks_unfinished=len(engine.queue.pending) + engine.waiting,
        energy_joules=consumed,
        idle_joules=float(totals.idle.sum()),
        ledger_joules=float(totals.ledger.sum()),
        grid_joules=at_once + float(totals.charged_from_grid.sum()),
        emissions_grams=float(totals.emissions.sum() + totals.charging_grams.sum() + totals.moved_grams.sum()),
        latency_seconds=_ratio(float(totals.latency[prompt, 0].sum()), int(totals.class_tasks[prompt, 0].sum())),
        latency_p95_seconds=quantile(totals.histogram[prompt].sum(axis=0), 0.95),
        renewable_ratio=1.0 - _ratio(at_once + float(totals.stored_grid.sum()), consumed),
        electricity_dollars=electricity,
        cost_dollars=electricity,
        deadline_miss_ratio=_ratio(late + dropped, offered),
        network_joules=network if len(totals.moved_joules) > 1 else None,
        life_cycle_grams=None if plant.life_cycle is None else float(totals.life_cycle.sum()),
        stored_change_joules=float((engine.stored - engine.beginning.stored).sum()),
    )


def _ratio(part: float, whole: float) -> float:
    """Return the part over the whole, NaN where there is no whole: the figure is missing."""
    return part / whole if whole else math.nan


def quantile(buckets: CountArray, share: float) -> float:
    """Return a quantile in seconds, interpolated within its bucket as PromQL does; NaN without tasks.

    In the unbounded bucket it is that bucket's lower bound.
    """
    total = buckets.sum()
    if total == 0:
        return math.nan
    cumulative = np.cumsum(buckets)
    index = int(np.searchsorted(cumulative, share * total))
    lower = LATENCY_BOUNDS[index - 1] if index else 0.0
    if math.isinf(LATENCY_BOUNDS[index]):
        return lower
    within = (share * total - (cumulative[index] - buckets[index])) / buckets[index]
    return float(lower + (LATENCY_BOUNDS[index] - lower) * within)
