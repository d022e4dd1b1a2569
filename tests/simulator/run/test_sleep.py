"""Nodes that sleep: no task is lost, none runs on a node asleep, and every joule of the cycle is accounted for."""

from typing import Any

import msgspec
import numpy as np
import pytest

from simulator.run.engine import Engine
from simulator.run.job import Job, Method
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.devices import DeviceSection, SleepSection
from simulator.scenario.schema import NodeSection, Scenario
from tests.simulator.scenario.scenarios import edge

DAY = 288
SLEEP = SleepSection(
    watts=0.5, enter_seconds=4.0, enter_joules=30.0, wake_seconds=8.0, wake_joules=90.0, minimum_dwell_seconds=20.0
)
FREE = SleepSection(watts=1.0, enter_seconds=0.0, enter_joules=0.0, wake_seconds=0.0, wake_joules=0.0)


def sleepy(sleep: SleepSection = SLEEP, *, per_hour: float = 60.0, **scheduler: Any) -> Scenario:
    """Return the scenario `edge` on equal devices with this sleep."""
    device = DeviceSection(
        name="board",
        idle_watts=5.0,
        full_watts=12.0,
        minimum_gigahertz=1.0,
        maximum_gigahertz=2.0,
        memory_megabytes=8000.0,
        speed=1.0,
        sleep=sleep,
        source="made up",
    )
    scenario = edge(devices=(device,), nodes=tuple(NodeSection(name=f"node-{one}", device="board") for one in range(3)))
    arrivals = msgspec.structs.replace(scenario.workload.arrivals, rate_per_hour=per_hour)
    options = {"sleeping": "timeout", "policy": "joint"} | scheduler
    return msgspec.structs.replace(
        scenario,
        workload=msgspec.structs.replace(scenario.workload, arrivals=arrivals),
        scheduler=msgspec.structs.replace(scenario.scheduler, **options),
    )


def engine(scenario: Scenario) -> Engine:
    return build_engine(scenario, Method(name="x", policy=scenario.scheduler.policy), 1)


@pytest.mark.parametrize("failed_wakes", [0.0, 0.4])
@pytest.mark.parametrize("sleeping", ["timeout", "consolidate"])
@pytest.mark.parametrize("policy", ["joint", "round-robin", "least-loaded", "shifting"])
def test_sleep_never_loses_a_task(policy: str, sleeping: str, failed_wakes: float) -> None:
    scenario = sleepy(policy=policy, sleeping=sleeping, failed_wakes=failed_wakes)
    run = engine(scenario)
    for _ in range(2 * DAY):
        run.step()
    totals = run.totals
    ended = int(totals.class_tasks[:, 0].sum())
    assert totals.wakes.sum() > 0
    assert totals.class_tasks[:, 2].sum() == 0
    assert ended + len(run.queue.pending) + run.waiting == totals.class_offered.sum()
    assert (totals.failed_wakes.sum() > 0) == (failed_wakes > 0)


def test_no_task_runs_on_a_node_that_is_not_awake_and_every_joule_counts() -> None:
    run = engine(sleepy(failed_wakes=0.3))
    sleep = run.plant.sleep
    assert sleep is not None
    cycles: dict[tuple[int, float], tuple[float, float, float]] = {}
    tasks: list[tuple[int, float, float]] = []
    for _ in range(DAY):
        record = run.step()
        for node in np.flatnonzero(np.isfinite(sleep.arrays.cycle[0])).tolist():
            enters, sleeps, wakes, rises = sleep.arrays.cycle[:, node].tolist()
            cycles[node, enters] = (sleeps, wakes, rises)
        done = record.work.completed
        tasks += zip(done.node.tolist(), done.start.tolist(), done.finish.tolist(), strict=True)
    end = float(run.clock)
    expected = np.full(3, 5.0 * end)
    for (node, enters), (sleeps, wakes, rises) in cycles.items():
        assert sleeps == enters + 4.0
        assert wakes >= sleeps + 20.0
        asleep = min(wakes, end) - sleeps
        expected[node] += 30.0 + 0.5 * asleep - 5.0 * (min(rises, end) - enters)
        if wakes < end:
            expected[node] += 90.0 / 8.0 * (min(rises, end) - wakes)
        assert not any(one == node and start < rises - 1e-9 and finish > enters + 1e-9 for one, start, finish in tasks)
    assert run.totals.idle == pytest.approx(expected, rel=1e-12)
    assert len(cycles) > 50


def test_a_sleep_that_is_free_delays_nothing_and_saves_all_its_watts() -> None:
    job = Job(scenario=sleepy(FREE), method=Method(name="x", policy="joint"), seed=3)
    asleep = simulate(job)
    awake = simulate(msgspec.structs.replace(job, method=Method(name="x", policy="joint", sleep=False)))
    assert asleep.latency_seconds == awake.latency_seconds
    assert asleep.tasks_completed == awake.tasks_completed
    assert asleep.energy_joules < awake.energy_joules


def test_a_cluster_that_consolidates_keeps_a_node_awake_for_every_class() -> None:
    run = engine(sleepy(sleeping="consolidate", per_hour=1.0))
    for _ in range(DAY):
        run.step()
    assert (run.totals.asleep_seconds > 0).sum() == 2
    assert run.totals.asleep_seconds[0] == 0.0


def test_wakes_that_fail_follow_their_probability() -> None:
    run = engine(sleepy(per_hour=40.0, failed_wakes=0.5))
    for _ in range(20 * DAY):
        run.step()
    wakes, failed = int(run.totals.wakes.sum()), int(run.totals.failed_wakes.sum())
    # Each wake fails a geometric number of times, with the mean 1 and the variance 2.
    assert abs(failed - wakes) < 5.0 * np.sqrt(2.0 * wakes)


def test_devices_without_sleep_never_sleep() -> None:
    scenario = sleepy()
    device = msgspec.structs.replace(scenario.devices[0], sleep=None)
    assert engine(msgspec.structs.replace(scenario, devices=(device,))).plant.sleep is None
