"""The levers of a factorial on real runs: what is off is off, and each of them does something."""

import msgspec
import numpy as np
import pytest

from simulator.assembly.inputs import cluster_of
from simulator.assembly.layout import layout_of
from simulator.energy.bus import SINKS, SOURCES
from simulator.experiments.plan.design import FRACTION, FULL_FACTORIAL, LEVERS, Word
from simulator.experiments.plan.levers import full_factorial
from simulator.run.backlog import together
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.schema import Scenario
from tests.simulator.scenario.scenarios import shipped

DAY = 288
SEED = 2


def short(name: str) -> Scenario:
    """Return a shipped scenario for a day without warm-up."""
    scenario = shipped(name)
    return msgspec.structs.replace(scenario, run=msgspec.structs.replace(scenario.run, days=1, warm_up_days=0))


def methods(scenario: Scenario) -> dict[str, Method]:
    return {case.label: case.work.method for case in full_factorial(scenario, None)}


def seen(scenario: Scenario, method: Method) -> set[str]:
    """Run a day, and return the levers of which its tasks, nodes and batteries show anything."""
    engine = build_engine(scenario, method, SEED)
    plant, held, asleep, flows, ended = engine.plant, False, False, 0.0, []
    for _ in range(DAY):
        record = engine.step()
        ended.append(record.work.completed)
        held = held or engine.waiting > 0
        asleep = asleep or (plant.sleep is not None and bool(plant.sleep.state_at(engine.clock).any()))
        of_batteries = (
            record.flows.matrix[:, SOURCES.index("battery")],
            record.flows.matrix[:, :, SINKS.index("battery")],
        )
        flows += float(sum(one.sum() for one in of_batteries))
    tasks = together([*ended, engine.queue.pending])
    top = plant.frequencies.shape[1] - 1
    sites = plant.cluster.site_of_bus
    away = sites[plant.cluster.bus[tasks.node]] != sites[plant.cluster.home[tasks.task_class]]
    uncompressed = cluster_of(layout_of(scenario, SEED), scenario, compressed=None)
    seconds = tasks.work * uncompressed.service[tasks.node, tasks.task_class, tasks.level]
    shown = {
        "place": method.policy != "least-loaded-dvfs",
        "dvfs": bool((tasks.level < top).any()),
        "compression": bool((np.abs(tasks.finish - tasks.start - seconds) > 1e-6).any()),
        "batteries": flows > 0.0 or bool(engine.stored.any()),
        "shift": held,
        "sleep": asleep,
        "move": bool(away.any()) or float(engine.totals.moved_joules.sum()) > 0.0,
    }
    assert len(tasks) > 1000
    return {lever for lever in LEVERS if shown[lever]}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "idle"), [("regions", {"compression"}), ("edge", {"move"})])
def test_a_lever_that_is_off_is_off_and_one_that_is_on_is_seen(name: str, idle: set[str]) -> None:
    scenario = short(name)
    known = methods(scenario)
    found = {on: seen(scenario, known[FRACTION.label(on)]) for on in FRACTION.runs()}
    for on, shown in found.items():
        # Compressed models show where a task came to a node that gains by them, on `edge` one of four.
        assert shown | ({"compression"} & on - idle) == on - idle
    assert set().union(*found.values()) == set(LEVERS) - idle


@pytest.mark.slow
@pytest.mark.parametrize(
    # With all others on, the one node of `edge` that gains by compressed models sleeps through the day.
    ("name", "idle", "idle_beside_others"),
    [("regions", {"compression"}, {"compression"}), ("edge", {"move"}, {"move", "compression"})],
)
def test_each_lever_changes_the_figures_of_a_run_alone_and_with_all_others_on(
    name: str, idle: set[str], idle_beside_others: set[str]
) -> None:
    scenario = short(name)
    known = methods(scenario)

    def ran(on: Word) -> RunResult:
        return simulate(Job(scenario=scenario, method=known[FULL_FACTORIAL.label(on)], seed=SEED))

    every, nothing = frozenset(LEVERS), frozenset[str]()
    whole, plain = ran(every), ran(nothing)
    assert {lever for lever in LEVERS if ran(every - {lever}) == whole} == idle_beside_others
    assert {lever for lever in LEVERS if ran(frozenset({lever})) == plain} == idle
    assert (plain.stored_change_joules, plain.network_joules or 0.0) == (0.0, 0.0)
