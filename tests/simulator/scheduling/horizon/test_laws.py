"""Laws of whole runs with a planner: names of sites are nothing, and no task is starved."""

from typing import Any

import msgspec
import numpy as np
import pytest

from simulator.run.engine import Engine
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, prepared, simulate
from simulator.scenario.schema import GridSection, Scenario
from tests.simulator.run.test_sites import regions

PLANNED = "rolling-horizon"


def method(policy: str = PLANNED, **changes: Any) -> Method:
    return Method(name="x", policy=policy, **({"ledger": False} | changes))


def result(scenario: Scenario, policy: str = PLANNED, **changes: Any) -> RunResult:
    return simulate(Job(scenario=scenario, method=method(policy, **changes), seed=2))


def after(scenario: Scenario, policy: str, rate: float, **changes: Any) -> Engine:
    """Return a run of a scenario with so many tasks an hour."""
    job = Job(scenario=scenario, method=method(policy, **changes), seed=3, rate_per_hour=rate)
    engine, _, steps = prepared(job)
    engine.run(steps)
    return engine


def same(one: RunResult, other: RunResult) -> bool:
    """Return whether two runs have the same figures, to within the rounding of sums."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in RunResult.__struct_fields__]
    return all(a == b or a == pytest.approx(b, rel=1e-9, nan_ok=True) for a, b in pairs)


def test_the_names_of_sites_change_nothing() -> None:
    scenario = regions()
    new = {site.name: f"site-{number}" for number, site in enumerate(scenario.sites)}
    renamed = msgspec.structs.replace(
        scenario,
        sites=tuple(msgspec.structs.replace(site, name=new[site.name]) for site in scenario.sites),
        nodes=tuple(msgspec.structs.replace(node, site=new[str(node.site)]) for node in scenario.nodes),
    )
    assert same(result(renamed), result(scenario))


@pytest.mark.parametrize("rate", [160.0, 640.0])
def test_no_more_tasks_are_dropped_or_late_than_by_the_shortest_queue(rate: float) -> None:
    planned, queued = (after(regions(), policy, rate).totals.class_tasks for policy in (PLANNED, "least-loaded"))
    assert planned[:, 2].sum() <= queued[:, 2].sum()
    assert planned[:, 1:].sum() <= queued[:, 1:].sum()


@pytest.mark.parametrize("rate", [320.0, 640.0])
def test_work_that_waits_does_not_starve_work_that_may_not(rate: float) -> None:
    scenario = regions()
    urgent = [kind for kind in scenario.workload.classes if not kind.deferrable]
    share = sum(kind.share for kind in urgent) / sum(kind.share for kind in scenario.workload.classes)
    alone = msgspec.structs.replace(scenario, workload=msgspec.structs.replace(scenario.workload, classes=urgent))
    whole, without = after(scenario, PLANNED, rate), after(alone, PLANNED, rate * share)
    late, late_alone = (missed(engine) for engine in (whole, without))
    assert late <= late_alone + 0.005
    assert late <= missed(after(scenario, "least-loaded", rate))


def missed(engine: Engine) -> float:
    """Return the share of the tasks that may not wait which were late or dropped."""
    counts = engine.totals.class_tasks[~engine.plant.deferrable].sum(axis=0)
    return float(counts[1:].sum() / counts[[0, 2]].sum())


def test_without_supply_sleep_or_a_grid_that_differs_it_is_as_good_as_least_energy() -> None:
    grid = GridSection(intensity_grams_per_kwh=(300.0,))
    scenario = regions()
    bare = tuple(
        msgspec.structs.replace(site, grid=grid, solar=None, wind=None, battery=None) for site in scenario.sites
    )
    flat = msgspec.structs.replace(scenario, sites=bare)
    planned, frugal = (result(flat, policy, sleep=False) for policy in (PLANNED, "least-energy"))
    assert planned.emissions_grams <= frugal.emissions_grams * 1.005
    assert planned.emissions_grams == pytest.approx(planned.energy_joules * 300.0 / 3.6e6)


def test_what_nodes_and_tasks_take_is_what_the_buses_give() -> None:
    engine = build_engine(regions(), method(), 3)
    work = np.zeros(len(engine.plant.cluster.names))
    for _ in range(288):
        work += engine.step().work.joules
    totals, batteries = engine.totals, engine.plant.batteries
    assert totals.consumed == pytest.approx(totals.idle + totals.ledger + work, rel=1e-9)
    bought = totals.grid.sum() + totals.charged_from_grid.sum()
    given = totals.generation.sum() + bought + totals.battery.sum()
    taken = totals.consumed.sum() + totals.charged.sum() + totals.exported.sum() + totals.curtailed.sum()
    assert given == pytest.approx(taken, rel=1e-9)
    gained = (engine.stored - engine.beginning.stored).sum()
    discharged = engine.buses.sum(totals.battery) / batteries.discharge_efficiency
    assert (totals.charged * batteries.charge_efficiency - discharged).sum() == pytest.approx(gained, abs=1e-3)


def test_every_task_is_somewhere() -> None:
    engine = after(regions(), PLANNED, 640.0)
    ended = int(engine.totals.class_tasks[:, [0, 2]].sum())
    assert ended + len(engine.queue.pending) + engine.waiting == engine.totals.class_offered.sum()
