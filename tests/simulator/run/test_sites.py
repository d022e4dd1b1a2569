"""Laws of several sites: their order and names are nothing, distance costs what it says, and nobody sees the future."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import msgspec
import numpy as np
import pytest

from simulator.grid.course import GridPoint, HourlyGrid
from simulator.run.engine import Engine
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.schema import GridSection, NetworkSection, NodeSection, PlaceSection, RunSection, Scenario
from tests.simulator.scenario.scenarios import edge, shipped
from tests.simulator.scheduling.clusters import IN_RUNS

DAY = 288
NOON = 144


def regions(name: str = "regions", **changes: Any) -> Scenario:
    """Return the shipped scenario of three sites, or of another name, for a day without warm-up."""
    scenario = shipped(name)
    short = msgspec.structs.replace(scenario.run, days=1, warm_up_days=0)
    return msgspec.structs.replace(scenario, **({"run": short} | changes))


def result(scenario: Scenario, policy: str, *, ledger: bool = True) -> RunResult:
    return simulate(Job(scenario=scenario, method=Method(name="x", policy=policy, ledger=ledger), seed=2))


@pytest.mark.parametrize("policy", ["shifting", "round-robin"])
def test_the_order_of_sites_changes_nothing(policy: str) -> None:
    scenario = regions()
    turned = msgspec.structs.replace(scenario, sites=scenario.sites[::-1])
    assert result(turned, policy) == result(scenario, policy)


@pytest.mark.parametrize("policy", ["joint", "least-loaded"])
@pytest.mark.parametrize("names", list(permutations(["lyon", "site-1", "\u00c5re"])))
def test_the_names_of_sites_change_nothing(names: tuple[str, ...], policy: str) -> None:
    scenario = regions()
    new = dict(zip((site.name for site in scenario.sites), names, strict=True))
    renamed = msgspec.structs.replace(
        scenario,
        sites=tuple(msgspec.structs.replace(site, name=new[site.name]) for site in scenario.sites),
        nodes=tuple(msgspec.structs.replace(node, site=new[str(node.site)]) for node in scenario.nodes),
    )
    assert result(renamed, policy) == result(scenario, policy)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["joint", "least-loaded", "round-robin", "shifting", "carbon-greedy"])
def test_sites_that_differ_in_nothing_are_one_site(policy: str) -> None:
    nodes = [NodeSection(name=f"node-{one}", device="radxa-rock-5b") for one in range(4)]
    grid = GridSection(generated="gb")
    network = NetworkSection(energy="none", latency_seconds=0.0, megabits_per_second=1e6)
    classes = tuple(msgspec.structs.replace(one, input_kilobytes=0.0) for one in edge().workload.classes)
    workload = msgspec.structs.replace(edge().workload, classes=classes)

    def site(name: str) -> PlaceSection:
        return PlaceSection(name=name, latitude=50.0, longitude=0.0, utc_offset_hours=0.0, grid=grid)

    def spread(*names: str) -> Scenario:
        placed = tuple(msgspec.structs.replace(node, site=names[at * len(names) // 4]) for at, node in enumerate(nodes))
        return edge(
            sites=tuple(site(name) for name in names),
            nodes=placed,
            network=network,
            workload=workload,
            run=RunSection(days=1, warm_up_days=0),
            **{name: type(getattr(edge(), name))() for name in ("site", "weather", "grid")},
        )

    # The ledger has a device for each bus, and so more claims where there are more sites.
    one, two = (result(spread(*names), policy, ledger=False) for names in (("a",), ("a", "b")))
    assert (one.network_joules, two.network_joules) == (None, 0.0)
    figures = [(getattr(one, name), getattr(two, name)) for name in RunResult.__struct_fields__]
    known = [pair for pair in figures if None not in pair]
    assert len(known) > 15
    assert [pair[0] for pair in known] == pytest.approx([pair[1] for pair in known], rel=1e-9)


def test_a_task_at_another_site_pays_for_its_way() -> None:
    scenario = regions()
    engine = build_engine(scenario, Method(name="x", policy="carbon-greedy"), 2)
    cluster, sent = engine.plant.cluster, np.zeros((3, 3))
    done = [engine.step().work.completed for _ in range(DAY)]
    for part in (*done, engine.queue.pending):
        home, there = cluster.site_of_bus[cluster.home[part.task_class]], cluster.site_of_bus[cluster.bus[part.node]]
        np.add.at(sent, (home, there), cluster.input_bytes[part.task_class] * (home != there))
        late = part.start - part.arrival
        assert (late >= cluster.delay[part.node, part.task_class] - 1e-9).all()
    assert engine.totals.moved_bytes == pytest.approx(sent)
    assert sent.sum() > 0
    assert engine.totals.moved_joules == pytest.approx(sent * 0.0065 * 3.6e6 / 1e9)
    assert np.trace(engine.totals.moved_joules) == 0.0


def test_the_network_s_energy_is_in_the_figures() -> None:
    scenario = regions()
    free = msgspec.structs.replace(scenario, network=NetworkSection(energy="none"))
    paid, unpaid = (result(one, "least-loaded") for one in (scenario, free))
    assert unpaid.network_joules == 0.0
    assert paid.network_joules is not None
    assert paid.network_joules > 0.0
    # A policy that does not look at energy does the same in both.
    assert paid.energy_joules - unpaid.energy_joules == pytest.approx(paid.network_joules)
    assert paid.grid_joules - unpaid.grid_joules == pytest.approx(paid.network_joules)
    assert paid.emissions_grams > unpaid.emissions_grams


class Shuffled:
    """A grid whose figures from noon on are those of other hours."""

    def __init__(self, grid: HourlyGrid, by: int) -> None:
        self._grid = grid
        self._by = by

    def at(self, step: int) -> GridPoint:
        """See `Grid.at`."""
        return self._grid.at(step if step < NOON else step + self._by)

    def expected(self, step: int, ahead: Any) -> Any:
        """See `Grid.expected`."""
        shown = self._grid.expected(step, ahead)
        if self._grid._ahead.value == "perfect":
            return np.stack([self.at(int(one)).grams_per_joule for one in ahead])
        return shown


def choices(policy: str, by: int, scenario: str = "regions") -> bytes:
    """Return what a policy has chosen up to noon, with another grid after it."""
    engine = build_engine(regions(scenario), Method(name="x", policy=policy), 2)
    grid = engine.plant.grid
    assert isinstance(grid, HourlyGrid)
    engine = Engine(replace(engine.plant, grid=Shuffled(grid, by)))
    for _ in range(NOON):
        engine.step()
    pending, totals = engine.queue.pending, engine.totals
    chosen = (totals.placements, totals.latency, totals.emissions, pending.node, pending.start)
    held = [part.arrival for _, parts in sorted(engine._blocks._held._by_hour.items()) for part in parts]
    return b"".join([*(one.tobytes() for one in chosen), *(one.tobytes() for one in held)])


@pytest.mark.parametrize("policy", [one for one in IN_RUNS if one.values != ("oracle",)])
def test_another_future_of_the_grid_changes_no_choice(policy: str) -> None:
    assert choices(policy, 0) == choices(policy, 36)


def test_the_oracle_knows_the_grid_to_come() -> None:
    assert choices("oracle", 0, "grid-only") != choices("oracle", 72, "grid-only")
    assert choices("shifting", 0, "grid-only") == choices("shifting", 72, "grid-only")


@pytest.mark.parametrize("policy", ["shifting", "least-carbon"])
def test_what_nodes_and_sleep_and_tasks_take_is_what_the_buses_give(policy: str) -> None:
    engine = build_engine(regions(), Method(name="x", policy=policy), 3)
    work = np.zeros(len(engine.plant.cluster.names))
    for _ in range(DAY):
        work += engine.step().work.joules
    totals = engine.totals
    assert totals.consumed == pytest.approx(totals.idle + totals.ledger + work, rel=1e-9)
    gained = (engine.stored - engine.beginning.stored).sum()
    batteries = engine.plant.batteries
    charged = (totals.charged * batteries.charge_efficiency).sum()
    discharged = engine.buses.sum(totals.battery) / batteries.discharge_efficiency
    assert charged - discharged.sum() == pytest.approx(gained, abs=1e-3)
    used = totals.generation.sum() - totals.charged.sum() - totals.exported.sum() - totals.curtailed.sum()
    assert totals.renewable.sum() == pytest.approx(used, rel=1e-9)


def test_without_moves_every_task_is_executed_where_it_arrives() -> None:
    method = Method(name="x", policy="carbon-greedy", ledger=False)
    moving = simulate(Job(scenario=regions(), method=method, seed=2))
    staying = simulate(Job(scenario=regions(), method=msgspec.structs.replace(method, move=False), seed=2))
    assert moving.network_joules and staying.network_joules == 0.0
    assert staying.tasks_completed > 0


def test_a_method_may_take_shifting_from_a_policy_or_add_it() -> None:
    def run(policy: str, *, shift: bool | None = None) -> RunResult:
        return simulate(Job(scenario=regions(), method=Method(name="x", policy=policy, shift=shift), seed=2))

    assert run("shifting", shift=False) == run("joint") == run("joint", shift=False)
    assert run("joint", shift=True) == run("shifting") != run("joint")
