"""Laws of what the scheduler has before it: queues, deadlines, what is held, and the reasons to sleep."""

import msgspec
import numpy as np
import pytest

from simulator.app import Plan, build_run
from simulator.live.reasons import WORDS, StateReason, possible_reasons, reasons_of
from simulator.live.scheduler_view import BECAUSE, scheduler_of
from simulator.live.scheduling import scheduler_state
from simulator.run.engine import Engine
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.schema import Scenario
from simulator.scheduling.decision import REASONS
from tests.fake_clock import FakeClock
from tests.simulator.live.golden_snapshot import golden_snapshot
from tests.simulator.run.test_sites import regions
from tests.simulator.run.test_sleep import sleepy

DAY = 288

ASLEEP_FOR = {StateReason.IDLE_LONG, StateReason.NOT_NEEDED}
"""Reasons to sleep; all others are those of a node that is awake or wakes."""


def engine_of(scenario: Scenario, policy: str = "shifting") -> Engine:
    engine = build_engine(scenario, Method(name="x", policy=policy), 2)
    engine.watch()
    return engine


@pytest.mark.parametrize("policy", ["rolling-horizon", "shifting", "joint", "round-robin"])
def test_queues_and_held_tasks_sum_to_all_that_is_pending(policy: str) -> None:
    engine = engine_of(regions(), policy)
    kinds, seen = 5, 0
    for _ in range(DAY):
        engine.step()
        state, held = scheduler_state(engine, kinds, None), engine.held()
        pending = engine.queue.pending
        assert state.queued.sum() == len(pending)
        assert state.releases.sum() == len(held) == engine.waiting
        assert (held.arrival < engine.clock).all()
        assert (held.tasks.arrival >= engine.clock).all()
        assert bool((state.slack < 0.0).any()) is bool((pending.finish > pending.deadline).any())
        due = [np.count_nonzero(one <= engine.clock + 3600.0) for one in (pending.deadline, held.tasks.deadline)]
        assert state.due.sum(axis=1).tolist() == due
        seen += len(held)
    assert (seen > 0) is (policy in {"rolling-horizon", "shifting"})


def test_held_tasks_are_the_same_however_many_steps_are_taken_at_once() -> None:
    one, many = engine_of(regions()), engine_of(regions())
    for _ in range(DAY):
        one.step()
    # Blocks of many steps end with the hour: this one ends within a block.
    many.run(DAY - 5)
    many.step(ahead=60)
    for _ in range(4):
        many.step()
        assert len(many.held()) == many.waiting
    assert np.sort(one.held().tasks.arrival) == pytest.approx(np.sort(many.held().tasks.arrival))


def test_placements_by_site_sum_to_all_placements() -> None:
    engine = engine_of(regions())
    engine.run(DAY)
    moved = engine.totals.moved_tasks
    assert moved.sum() == engine.totals.placed[0]
    assert moved.diagonal().sum() < moved.sum()


@pytest.mark.parametrize("policy", ["shifting", "least-loaded"])
@pytest.mark.parametrize("sleeping", ["never", "timeout", "consolidate"])
def test_who_is_watched_does_what_it_would_have_done(policy: str, sleeping: str) -> None:
    scenario = sleepy(policy=policy, sleeping=sleeping, failed_wakes=0.2)
    watched, alone = engine_of(scenario, policy), build_engine(scenario, Method(name="x", policy=policy), 2)
    for _ in range(DAY):
        watched.step()
        alone.step()
    for one, other in zip(watched.totals.sums, alone.totals.sums, strict=True):
        assert one.tobytes() == other.tobytes()
    assert watched.placing is not None
    assert alone.placing is None


@pytest.mark.parametrize("sleeping", ["never", "timeout", "consolidate"])
def test_the_reason_agrees_with_the_state(sleeping: str) -> None:
    engine = engine_of(sleepy(sleeping=sleeping, per_hour=20.0), "joint")
    sleep, found = engine.plant.sleep, set[StateReason]()
    for _ in range(DAY):
        engine.step()
        reasons = reasons_of(engine)
        found.update(reasons)
        state = np.zeros(3, int) if sleep is None else sleep.state_at(engine.clock)
        works = engine.queue.free_at > engine.clock
        for reason, now, busy in zip(reasons, state.tolist(), works.tolist(), strict=True):
            assert (reason in ASLEEP_FOR) is (now == 1)
            assert (reason is StateReason.TASK_PLACED) is (now == 2)
            assert reason is not StateReason.WORKING or busy
            assert reason is not StateReason.IDLE_BRIEFLY or not busy
    assert found <= set(possible_reasons(engine.plant))
    wanted = {
        "never": {StateReason.SLEEP_OFF},
        "timeout": {StateReason.IDLE_LONG, StateReason.WORKING},
        "consolidate": {StateReason.NOT_NEEDED, StateReason.KEPT_FOR_WORK},
    }
    assert wanted[sleeping] <= found


def test_the_reason_of_a_planner_is_the_part_of_the_node_in_the_plan() -> None:
    engine = engine_of(regions(), "rolling-horizon")
    planner, sleep, found = engine.plant.planner, engine.plant.sleep, set[StateReason]()
    assert planner is not None
    assert sleep is not None
    for step in range(DAY):
        engine.step()
        reasons = reasons_of(engine)
        found.update(reasons)
        shares = planner.shares()
        for node, (reason, now) in enumerate(zip(reasons, sleep.state_at(engine.clock).tolist(), strict=True)):
            assert (reason is StateReason.PLANNED_ASLEEP) is (now == 1)
            if shares is None:
                assert now or reason is StateReason.FRONT, step
            elif now == 0:
                assert (reason is StateReason.FRONT) is bool(shares[0][node] > 0.0)
                assert reason is not StateReason.BATCH or shares[1][node] > 0.0
    assert found <= set(possible_reasons(engine.plant))
    assert {StateReason.FRONT, StateReason.BATCH, StateReason.PLANNED_ASLEEP} <= found


def test_the_one_node_that_a_class_needs_is_kept_for_it() -> None:
    """Nodes with little memory fit all classes but one, and could do all the work there is."""
    engine = engine_of(regions(), "joint")
    engine.run(12)
    engine.step()
    kept = [reason for reason in reasons_of(engine) if reason.startswith("kept")]
    assert kept
    fits = engine.plant.cluster.fits
    awake = np.array([reason.startswith("kept") for reason in reasons_of(engine)])
    assert fits[awake].any(axis=0).all()


def test_a_node_that_cannot_sleep_says_so() -> None:
    scenario = sleepy()
    (device,) = scenario.devices
    engine = engine_of(
        msgspec.structs.replace(
            scenario,
            devices=(device, msgspec.structs.replace(device, name="old", sleep=None)),
            nodes=(*scenario.nodes, msgspec.structs.replace(scenario.nodes[0], name="last", device="old")),
        ),
        "joint",
    )
    engine.step()
    assert [reason is StateReason.CANNOT_SLEEP for reason in reasons_of(engine)] == [False, False, False, True]


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(StateReason)
    assert set(BECAUSE) == set(REASONS)


def test_the_sentence_names_what_was_decided() -> None:
    view = scheduler_of(golden_snapshot())
    assert view is not None
    assert view.decision is not None
    assert view.decision.sentence == (
        "The last task, vision, went to roof, not to rack: less of its energy has to come from the grid there."
    )
    assert [(one.state, one.reason, one.nodes) for one in view.standings] == [
        ("awake", "kept_for_work", ["roof"]),
        ("asleep", "not_needed", ["rack"]),
    ]
    assert (view.queued_tasks, view.held_tasks, view.due_tasks) == (2, 3, 3)
    assert (view.least_slack_seconds, view.least_slack_class) == (0.5, "vision")


def test_a_decision_stays_until_the_next_one() -> None:
    live = build_run(Plan(scenario=regions(), seed=2, speed=60.0))
    told: list[str] = []
    for _ in range(200):
        live.step()
        view = scheduler_of(live.snapshot(FakeClock(), 60.0))
        assert view is not None
        if told:
            assert view.decision is not None
        if view.decision is not None:
            told.append(view.decision.sentence)
    assert len(set(told)) > 1
    assert all("from le" in one or "from lyon" in one for one in told)
