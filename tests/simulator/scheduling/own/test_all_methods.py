"""A user's own policy that also says when tasks are released, who sleeps and what batteries take from the grid."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from exporter.core.units import SECONDS_PER_HOUR, Seconds
from simulator.run.engine import Engine
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import build_engine, simulate
from simulator.scenario.schema import RunSection, Scenario, SchedulerSection
from simulator.scheduling.interface import Outlook
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.own.shifting import hour_views
from tests.simulator.scenario.scenarios import shipped
from tests.simulator.scheduling.clusters import random_cluster, spread_out
from tests.simulator.scheduling.own import own_policies

OWN = own_policies.__name__

STEPS = 30


def regions(**scheduler: Any) -> Scenario:
    """Return a day of the shipped scenario with sleep, moves, batteries and tasks that may wait."""
    scenario = shipped("regions")
    run = RunSection(days=1, warm_up_days=0, first_days=scenario.run.first_days)
    return msgspec.structs.replace(scenario, run=run, scheduler=SchedulerSection(**scheduler))


def result(policy: str, method: dict[str, Any] | None = None, **scheduler: Any) -> RunResult:
    return simulate(Job(scenario=regions(**scheduler), method=named(policy, method), seed=2))


def named(policy: str, method: dict[str, Any] | None = None) -> Method:
    return Method(name="x", policy=f"{OWN}:{policy}", **method or {})


def stepped(policy: str, steps: int = STEPS) -> Engine:
    """Return a run after some steps in plain Python, tasks and energy accounted for."""
    engine = build_engine(regions(), named(policy), 2, backend=Backend.PLAIN)
    for _ in range(steps):
        engine.step()
    ended = int(engine.totals.class_tasks[:, [0, 2]].sum())
    assert ended + len(engine.queue.pending) + engine.waiting == engine.totals.class_offered.sum()
    return engine


def state_of(engine: Engine) -> tuple[Any, ...]:
    totals = engine.totals
    return totals.class_tasks.tobytes(), totals.consumed.tobytes(), totals.emissions.tobytes(), engine.stored.tobytes()


@pytest.mark.slow
def test_methods_that_ask_for_nothing_are_as_none() -> None:
    assert result("Neutral") == result("First")


@pytest.mark.slow
def test_what_the_simulator_has_can_be_written_by_hand() -> None:
    assert result("ByHand") == result("First", charging="clean-hours", sleeping="timeout")


def test_what_is_written_into_views_changes_nothing() -> None:
    assert state_of(stepped("Overwrites")) == state_of(stepped("AtRandom"))


def test_a_method_decides_in_place_of_the_scenario_unless_the_experiment_does() -> None:
    asleep = stepped("AtRandom").totals.asleep_seconds.sum()
    assert asleep > 0.0
    never = build_engine(regions(), named("AtRandom", {"sleep": False, "shift": False}), 2, backend=Backend.PLAIN)
    assert never.plant.sleep is None
    assert never.plant.shifting is None
    other = build_engine(regions(), named("AtRandom", {"sleeping": "timeout"}), 2, backend=Backend.PLAIN)
    assert other.plant.sleep is not None
    assert other.plant.sleep.asked is None
    lacks = build_engine(regions(sleeping="consolidate"), named("First", {"shift": True}), 2, backend=Backend.PLAIN)
    assert lacks.plant.sleep is not None
    assert lacks.plant.sleep.asked is not None
    assert lacks.plant.shifting is not None


RELEASE = r"expected a time from \d+(\.\d+)? to \d+(\.\d+)?, the task's arrival and deadline, got "
SLEEP = r"expected indices of nodes that may sleep now, of \[[0-9, ]*\], got "
CHARGE = r"expected 3 finite numbers >= 0, the joules that each battery takes from the grid, got "


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("release", float("nan"), RELEASE + "nan"),
        ("release", -1.0, RELEASE + "-1.0"),
        ("release", 1e9, RELEASE + "1000000000.0"),
        ("release", "noon", RELEASE + "'noon'"),
        ("release", None, RELEASE + "None"),
        ("release", True, RELEASE + "True"),
        ("sleep", None, SLEEP + "None"),
        ("sleep", "0", SLEEP + "'0'"),
        ("sleep", [9], SLEEP + r"\[9\]"),
        ("sleep", [-1], SLEEP + r"\[-1\]"),
        ("sleep", [0.0], SLEEP + r"\[0.0\]"),
        ("sleep", [True], SLEEP + r"\[True\]"),
        ("charge", [0.0], CHARGE + r"\[0.0\]"),
        ("charge", [0.0, 0.0, -1.0], CHARGE + r"\[0.0, 0.0, -1.0\]"),
        ("charge", [0.0, 0.0, float("nan")], CHARGE + r"\[0.0, 0.0, nan\]"),
        ("charge", [0.0, 0.0, float("inf")], CHARGE + r"\[0.0, 0.0, inf\]"),
        ("charge", [0.0, 0.0, "1"], CHARGE + r"\[0.0, 0.0, '1'\]"),
        ("charge", 5.0, CHARGE + "5.0"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, method: str, answer: object, expected: str
) -> None:
    monkeypatch.setattr(own_policies.Says, "answers", {method: answer})
    with pytest.raises(ConfigError, match=rf"^scheduler\.policy: {OWN}:Says: \S*own_policies\.py:\d+: {expected}$"):
        stepped("Says", 100)


@pytest.mark.parametrize("node", range(9))
def test_nobody_falls_asleep_twice(monkeypatch: pytest.MonkeyPatch, node: int) -> None:
    monkeypatch.setattr(own_policies.Says, "answers", {"sleep": [node], "choose": None})
    with pytest.raises(ConfigError, match=SLEEP):
        stepped("Says", 2)


ANYTHING: Any = (
    st.recursive(
        st.one_of(
            st.none(), st.booleans(), st.integers(-2, 10), st.floats(), st.text(max_size=3), st.binary(max_size=3)
        ),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.tuples(inner, inner), st.sets(st.integers(-2, 9))),
        max_leaves=4,
    )
    | st.just(np.zeros(3))
    | st.just(np.array([0, 8]))
    | st.just(np.array(["a", "b", "c"]))
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["choose", "release", "sleep", "charge"]), ANYTHING, min_size=1))
@example({"charge": np.zeros((3, 3))})
@example({"sleep": {1: "one"}})
def test_any_answer_is_taken_or_refused_in_one_line(answers: dict[str, Any]) -> None:
    own_policies.Says.answers.clear()
    own_policies.Says.answers.update(answers)
    try:
        stepped("Says")
    except ConfigError as error:
        (told,) = error.mistakes
        assert told.startswith(f"scheduler.policy: {OWN}:Says: ")
        assert "\n" not in told
    finally:
        own_policies.Says.answers.clear()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Changes", "dataclasses.FrozenInstanceError: cannot assign to field 'may_sleep'"),
        ("WritesArrays", "ValueError: assignment destination is read-only"),
    ],
)
def test_a_view_that_is_changed_is_one_line_with_its_place(policy: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=rf"^scheduler\.policy: \S+:{policy}: \S+own_policies\.py:\d+: {expected}$"):
        stepped(policy, 100)


def test_a_method_has_to_be_one() -> None:
    with pytest.raises(ConfigError, match=f"^scheduler.policy: expected sleep of {OWN}:NoMethod to be a method$"):
        stepped("NoMethod")


def test_the_hours_ahead_are_those_of_the_clock_and_lose_no_energy() -> None:
    random = np.random.default_rng(7)
    cluster = spread_out(random, random_cluster(random, 5, kinds=2), sites=2, buses=4)
    green, grams = random.uniform(0.0, 50.0, (30, 4)), np.repeat(random.uniform(1e-5, 1e-4, (32, 1)), 4, axis=1)
    seen = Outlook(
        start=np.array([2100.0]),
        seconds=Seconds(300.0),
        green_watts=green[np.newaxis],
        grams_per_joule=grams,
        first=np.array([2]),
    )
    hours = hour_views(cluster, seen, 0)
    assert [hour.start for hour in hours] == [2100.0, *(SECONDS_PER_HOUR * np.arange(1, 4))]
    assert sum(sum(hour.green_joules) for hour in hours) == pytest.approx(green.sum() * 300.0)
    assert hours[0].green_joules[1] == pytest.approx(green[:5, 1::2].sum() * 300.0)
    assert hours[1].grams_per_joule == pytest.approx([grams[7:19, 0].mean()] * 2)
