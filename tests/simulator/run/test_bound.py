"""No run beats its own bound, whatever it was given."""

import warnings
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from exporter.core.units import SECONDS_PER_HOUR
from simulator.run.bound import problem
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.schema import BatterySection, GridSection, NetworkSection, PlaceSection, Scenario
from simulator.scenario.supply import SolarSection
from simulator.scheduling.lower_bound import least_emissions
from simulator.workload.task import Tasks
from simulator.workload.trace import TraceWorkload
from tests.simulator.scenario.scenarios import FULL, edge

POLICIES = (
    "round-robin",
    "kubernetes-most-allocated",
    "least-energy",
    "joint",
    "shifting",
    "wait-awhile-like",
    "oracle",
    "single-node:wind-jetson",
)


def varied(random: np.random.Generator) -> Scenario:
    """Return the shipped scenario with other batteries, deadlines, sleep and a grid that changes by the hour."""
    scenario = edge()
    batteries = (
        {"capacity_watt_hours": 10 ** random.uniform(-1, 3), "discharge_watts": 10 ** random.uniform(-1, 2)}
        for _ in scenario.nodes
    )
    nodes = tuple(
        msgspec.structs.replace(node, battery=node.battery and msgspec.structs.replace(node.battery, **battery))
        for node, battery in zip(scenario.nodes, batteries, strict=True)
    )
    classes = tuple(
        msgspec.structs.replace(
            kind, deferrable=bool(random.random() < 0.5), deadline_seconds=10 ** random.uniform(0, 5)
        )
        for kind in scenario.workload.classes
    )
    sleep = {"sleeping": str(random.choice(["never", "timeout", "consolidate"])), "failed_wakes": 0.2}
    return edge(
        scheduler=msgspec.structs.replace(scenario.scheduler, **sleep),
        nodes=nodes,
        workload=msgspec.structs.replace(scenario.workload, classes=classes),
        grid=GridSection(intensity_grams_per_kwh=tuple(random.uniform(0, 900, 24))),
    )


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(5))
def test_no_run_beats_its_bound(policy: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    method = Method(name="x", policy=policy, dvfs=bool(seed % 2), ledger=False)
    rate = 10 ** random.uniform(0.0, 4.0)
    result = simulate(Job(scenario=varied(random), method=method, seed=seed, rate_per_hour=rate, bound=True))
    assert result.bound_grams is not None
    assert 0.0 <= result.bound_grams <= result.emissions_grams * (1 + 1e-6)
    assert result.emissions_grams > 0.0
    assert result.floor_grams is not None
    assert 0.0 <= result.floor_grams <= result.bound_grams * (1 + 1e-6)


def bounded(scenario: Scenario, method: Method, rate: float) -> RunResult:
    return simulate(Job(scenario=scenario, method=method, seed=2, rate_per_hour=rate, bound=True))


def test_the_bound_without_tasks_is_the_floor() -> None:
    for seed in range(3):
        scenario = varied(np.random.default_rng(seed))
        idle = bounded(scenario, Method(name="x", policy="joint", ledger=False), 0.0)
        assert idle.tasks_offered == 0
        assert idle.bound_grams == idle.floor_grams
        assert idle.emissions_grams >= (idle.floor_grams or 0.0) * (1 - 1e-6)


def test_the_floor_is_that_of_the_run_without_tasks_whatever_the_tasks_and_the_policy() -> None:
    """Runs without batteries, which could end with more or less in them."""
    floors: list[float] = []
    bounds: list[float] = []
    for policy, rate in (("joint", 0.0), ("joint", 200.0), ("round-robin", 900.0), ("wait-awhile-like", 900.0)):
        found = bounded(edge(), Method(name="x", policy=policy, ledger=False, batteries=False), rate)
        floors.append(found.floor_grams or -1.0)
        bounds.append(found.bound_grams or -1.0)
    assert floors == pytest.approx([floors[0]] * len(floors))
    assert bounds[0] == floors[0]
    assert bounds[2] > bounds[1] > bounds[0]


def spread_out(random: np.random.Generator) -> Scenario:
    """Return the scenario `varied` at three sites: two nodes share a bus, and each site has a grid of its own."""
    scenario = varied(random)
    battery = BatterySection(
        capacity_watt_hours=10 ** random.uniform(-1, 3), charge_watts=50.0, discharge_watts=10 ** random.uniform(-1, 2)
    )
    sites = tuple(
        PlaceSection(
            name=name,
            latitude=float(random.uniform(-60, 60)),
            longitude=float(random.uniform(-180, 180)),
            utc_offset_hours=int(random.integers(-11, 12)),
            grid=GridSection(intensity_grams_per_kwh=tuple(random.uniform(0, 900, 24))),
            solar=SolarSection(area_square_metres=0.5) if name != "south" else None,
            battery=battery if name == "east" else None,
            arrivals_share=float(random.uniform(0.1, 1.0)),
        )
        for name in ("east", "south", "west")
    )
    homes = ("east", "east", "south", "west")
    nodes = (
        msgspec.structs.replace(node, site=home, solar=None, wind=None, battery=None)
        for node, home in zip(scenario.nodes, homes, strict=True)
    )
    network = NetworkSection(energy=str(random.choice(["none", "carbon-trust-fixed", "carbon-trust-mobile"])))
    return msgspec.structs.replace(scenario, sites=sites, nodes=tuple(nodes), network=network)


@pytest.mark.parametrize("policy", ["round-robin", "joint", "shifting", "casper-like"])
@pytest.mark.parametrize("seed", range(5))
def test_no_run_at_several_sites_beats_its_bound(policy: str, seed: int) -> None:
    random = np.random.default_rng((seed, 1))
    method = Method(name="x", policy=policy, dvfs=bool(seed % 2), ledger=False)
    rate = 10 ** random.uniform(1.0, 4.0)
    result = simulate(Job(scenario=spread_out(random), method=method, seed=seed, rate_per_hour=rate, bound=True))
    assert result.bound_grams is not None
    assert 0.0 < result.bound_grams <= result.emissions_grams * (1 + 1e-6)


def test_a_node_that_may_sleep_stands_asleep_in_the_bound_whatever_the_run_did() -> None:
    sections = {"sleeping": "timeout", "failed_wakes": 0.2}
    scheduler = msgspec.structs.replace(edge().scheduler, **sections)
    method = Method(name="x", policy="round-robin", ledger=False)
    engine = build_engine(edge(scheduler=scheduler), method, 1)
    asked = problem(engine, [engine.step() for _ in range(288)])
    assert engine.plant.sleep is not None
    assert engine.totals.failed_wakes.any()
    asleep = engine.plant.sleep.table.watts * SECONDS_PER_HOUR
    assert asked.other_load == pytest.approx(np.tile(engine.buses.sum(asleep), (24, 1)))
    awake = build_engine(edge(), method, 1)
    never = problem(awake, [awake.step() for _ in range(288)])
    assert not never.waking_watts.any()
    assert least_emissions(asked) < least_emissions(never)


def test_more_battery_panels_or_slack_never_raise_the_bound_of_a_run() -> None:
    engine = build_engine(varied(np.random.default_rng(3)), FULL, 3)
    asked = problem(engine, [engine.step() for _ in range(288)])
    batteries, bound = asked.batteries, least_emissions(asked)
    later = asked.due * np.linspace(0.0, 1.0, len(asked.due))[:, None]
    easier = {
        "battery": replace(asked, batteries=replace(batteries, capacity=2.0 * batteries.capacity)),
        "power": replace(asked, batteries=replace(batteries, charge_limit=2.0 * batteries.charge_limit)),
        "panels": replace(asked, generation=1.5 * asked.generation),
        "slack": replace(asked, due=later),
    }
    found = {name: least_emissions(change) for name, change in easier.items()}
    assert {name: grams for name, grams in found.items() if grams > bound * (1.0 + 1e-6)} == {}
    assert found["panels"] < bound


def test_tasks_shorter_than_the_clock_can_tell_are_done() -> None:
    tasks = Tasks(
        arrival=np.array([10_000.0]), task_class=np.zeros(1, np.int32), work=np.array([1e-13]), deadline=np.array([1e5])
    )
    engine = build_engine(edge(), FULL, 1, workload=TraceWorkload(tasks))
    with warnings.catch_warnings(action="error"):
        asked = problem(engine, [engine.step() for _ in range(40)])
    assert asked.done.tolist() == [1e-13, 0.0, 0.0, 0.0]
