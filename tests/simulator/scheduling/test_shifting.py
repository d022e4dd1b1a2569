"""Tasks that may wait do so for greener supply, and never too long."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrays import FloatArray
from simulator.run.job import Job, Method
from simulator.run.simulate import simulate
from simulator.scheduling.interface import Cluster, Outlook
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.shifting import DEFERRED_SHARE, TemporalShifting
from simulator.workload.task import Tasks
from tests.simulator.scenario.scenarios import edge
from tests.simulator.scheduling.clusters import STEP, cluster, random_cluster, release_in_step, tasks
from tests.simulator.scheduling.clusters import outlook as one_outlook

ONE_NODE = cluster([[[20.0, 10.0]]], [[2.0, 5.0]], longest_wait=60.0)
# A task of one second takes 10 s and 50 J at full frequency.


def outlook(watts: list[float], *, start: float = 0.0, grams: list[float] | None = None) -> Outlook:
    return one_outlook(
        np.array(watts, float)[:, None],
        np.array([1e-4] * len(watts) if grams is None else grams)[:, None],
        start=start,
    )


def shifting(*deferrable: bool) -> TemporalShifting:
    return TemporalShifting(np.array(deferrable or (True,)), backend=Backend.PLAIN)


def release(asked: Tasks, seen: Outlook) -> list[float]:
    return [float(one) for one in release_in_step(shifting(), asked, ONE_NODE, seen)]


def test_a_task_waits_for_the_sun() -> None:
    assert release(tasks(7.0, deadline=3600.0), outlook([0.0, 0.0, 1.0, 1.0])) == [600.0]


def test_a_task_waits_for_cleaner_electricity() -> None:
    seen = outlook([0.0] * 4, grams=[2e-4, 2e-4, 1e-4, 1e-4])
    assert release(tasks(7.0, deadline=3600.0), seen) == [600.0]


@pytest.mark.parametrize("watts", [[0.0] * 4, [1.0] * 4, [1.0, 0.0, 2.0, 3.0]])
def test_no_task_waits_in_vain(watts: list[float]) -> None:
    assert release(tasks(7.0, deadline=3600.0), outlook(watts)) == [7.0]


@pytest.mark.parametrize("count", [1, 40, 200])
def test_no_task_waits_in_vain_however_full_the_present_is(count: int) -> None:
    asked = tasks(*np.linspace(0.0, 299.0, count), work=3.3, deadline=6000.0)
    assert release(asked, outlook([0.0] * 20)) == asked.arrival.tolist()
    assert release(asked, outlook([500.0] * 20)) == asked.arrival.tolist()


def test_other_tasks_do_not_wait() -> None:
    asked = replace(tasks(7.0, 8.0, deadline=3600.0), task_class=np.array([0, 1], np.int32))
    two = cluster([[[20.0, 10.0]] * 2], [[2.0, 5.0]])
    assert release_in_step(shifting(False, True), asked, two, outlook([0.0, 1.0])).tolist() == [7.0, 300.0]


@pytest.mark.parametrize(("deadline", "expected"), [(674.0, 600.0), (673.0, 600.0), (672.0, 7.0), (1.0, 7.0)])
def test_the_release_leaves_time_for_the_worst_case(deadline: float, expected: float) -> None:
    # 600 s + 60 s of waiting + 20 s at the low frequency = 680 s, which is 673 s after the arrival.
    assert release(tasks(7.0, deadline=deadline), outlook([0.0, 0.0, 1.0])) == [expected]


def test_green_energy_is_promised_once() -> None:
    # Step 1 has 60 J for one task of 50 J, step 2 has 600 J.
    asked = tasks(1.0, 2.0, 3.0, deadline=3600.0)
    assert release(asked, outlook([0.0, 0.2, 2.0, 2.0])) == [300.0, 600.0, 620.0]


def test_time_is_promised_once() -> None:
    many = tasks(*[1.0] * 20, deadline=3600.0)
    got = release(many, outlook([0.0, 100.0, 100.0]))
    fitting = int(DEFERRED_SHARE * STEP / 10.0)
    assert got[:fitting] == [300.0 + 10.0 / DEFERRED_SHARE * turn for turn in range(fitting)]
    assert got[fitting] == 600.0


def test_a_promise_covers_all_the_time_that_the_task_takes() -> None:
    # 1500 s at full frequency, 3000 s at the lower one, and the sun shines from step 1 on.
    got = release(tasks(*[1.0] * 6, work=150.0, deadline=30_000.0), outlook([0.0] + [30.0] * 100))
    assert got == [300.0 + 3000.0 * turn for turn in range(6)]


@pytest.mark.parametrize(("later", "expected"), [(4.0, 1200.0), (2.0, 0.0)])
def test_energy_counts_in_the_steps_in_which_it_is_used(later: float, expected: float) -> None:
    # 3000 J in 600 s. Step 1 has them all, but uses no more than half, also now; steps 4 and 5 have 2400 J or 1200 J.
    asked = tasks(0.0, work=60.0, deadline=6000.0)
    assert release(asked, outlook([0.0, 10.0, 0.0, 0.0, later, later, 0.0, 0.0])) == [expected]


def test_the_energy_of_a_task_is_promised_in_all_its_steps() -> None:
    # Each takes 600 J in 120 s. The second has 300 J from step 1 and 300 J from step 2, which leaves 300 J there for a
    # third from 780 s on; step 3 has 400 J.
    seen = outlook([0.0, 1000 / STEP, 600 / STEP, 400 / STEP] + [0.0] * 20)
    assert release(tasks(1.0, 1.0, 1.0, work=12.0, deadline=6000.0), seen) == [300.0, 540.0, 900.0]


@pytest.mark.parametrize("first", [0, 1])
def test_tasks_of_different_work_may_have_different_best_nodes(first: int) -> None:
    # Joules of a task of one second, and green joules in step 1: 50 and 40 on node 0, 30 and 10 on node 1. The little
    # task would lack 10 and 20 J there, and waits for step 3. The large one has to be released by step 1, and would
    # lack 460 and 290 J there, 500 and 300 J now.
    two = cluster([[[10.0]], [[10.0]]], [[5.0], [3.0]])
    asked = tasks(1.0, 1.0, deadline=6000.0)
    large = 1 - first
    asked.work[large], asked.deadline[large] = 10.0, 500.0
    green = np.zeros((20, 2))
    green[1], green[3] = np.array([40.0, 10.0]) / STEP, 5.0
    seen = one_outlook(green, np.full((20, 2), 1e-4))
    expected = [900.0, 900.0]
    expected[large] = 300.0
    assert release_in_step(shifting(), asked, two, seen).tolist() == expected


@given(st.integers(0, 2**32 - 1))
def test_no_task_takes_the_place_of_one_that_was_put_off(seed: int) -> None:
    random = np.random.default_rng(seed)
    remembering = shifting()
    released: list[tuple[float, float, float]] = []
    sun = random.uniform(-20.0, 10.0, 400).clip(min=0.0)
    for step in range(12):
        asked = tasks(
            *np.sort(random.uniform(0.0, STEP, random.integers(0, 3)) + step * STEP),
            work=random.uniform(1.0, 100.0),
            deadline=90_000.0,
        )
        seen = outlook(sun[step : step + 300].tolist(), start=step * STEP)
        released += zip(release_in_step(remembering, asked, ONE_NODE, seen), asked.arrival, asked.work, strict=True)
    free = 0.0
    for at, arrival, work in sorted(released):
        # Executed one after the other at the lower frequency, those that were put off find the node free.
        assert at == arrival or free <= at + 1e-6
        free = max(at, free) + 20.0 * work


def test_promises_are_kept_from_step_to_step() -> None:
    remembering = shifting()
    first = release_in_step(remembering, tasks(1.0, deadline=3600.0), ONE_NODE, outlook([0.0, 0.0, 0.2, 0.2]))
    second = release_in_step(
        remembering, tasks(301.0, deadline=3600.0), ONE_NODE, outlook([0.0, 0.2, 0.2, 0.2], start=300.0)
    )
    assert (first[0], second[0]) == (600.0, 900.0)
    # The row of a step that has passed serves a later one: nothing is promised there yet.
    third = release_in_step(
        remembering, tasks(1201.0, deadline=3600.0), ONE_NODE, outlook([0.0, 0.0, 0.2, 0.2], start=1200.0)
    )
    assert third[0] == 1800.0


def test_the_memory_has_the_length_of_the_first_outlook() -> None:
    remembering = shifting()
    release_in_step(remembering, tasks(1.0), ONE_NODE, outlook([0.0] * 3))
    with pytest.raises(ValueError, match="at most 3 points"):
        release_in_step(remembering, tasks(1.0), ONE_NODE, outlook([0.0] * 4))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Cluster, Tasks, Outlook]:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = draw(st.integers(1, 5))
    made = random_cluster(random, nodes, kinds=nodes)
    count = draw(st.integers(1, 60))
    arrival = np.sort(random.uniform(0.0, STEP, count))
    asked = Tasks(
        arrival=arrival,
        task_class=random.integers(0, 3, count).astype(np.int32),
        work=random.uniform(0.5, 30.0, count),
        deadline=arrival + random.uniform(1.0, 4000.0, count),
    )
    watts: FloatArray = random.uniform(-20.0, 20.0, (12, nodes)).clip(min=0.0)
    return made, asked, one_outlook(watts, random.random(watts.shape))


@given(situations())
def test_releases_lie_between_arrival_and_what_the_deadline_allows(situation: tuple[Cluster, Tasks, Outlook]) -> None:
    made, asked, seen = situation
    deferrable = np.array([True, True, False])
    got = release_in_step(TemporalShifting(deferrable, backend=Backend.COMPILED), asked, made, seen)
    assert np.all(got >= asked.arrival)
    later = got > asked.arrival
    assert np.all(deferrable[asked.task_class[later]])
    worst = (made.service * made.fits[:, :, None]).max(axis=(0, 2))[asked.task_class] * asked.work
    assert np.all((got + made.longest_wait + worst)[later] <= asked.deadline[later])


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["shifting", "oracle"])
def test_putting_tasks_off_does_not_drop_them(policy: str) -> None:
    # A node without battery, and reports that take longer than any may wait for another.
    shipped = edge()
    pi, report = msgspec.structs.replace(shipped.nodes[0], battery=None), shipped.workload.classes[3]
    alone = msgspec.structs.replace(
        shipped,
        nodes=(pi,),
        workload=msgspec.structs.replace(shipped.workload, classes=(report,)),
        run=msgspec.structs.replace(shipped.run, days=4),
    )
    jobs = [Job(scenario=alone, method=Method(name="x", policy=policy), seed=seed) for seed in range(5)]
    without = [msgspec.structs.replace(job, method=Method(name="x", policy="joint")) for job in jobs]
    later, at_once = (
        [simulate(msgspec.structs.replace(job, rate_per_hour=0.8)) for job in some] for some in (jobs, without)
    )
    assert sum(run.tasks_dropped for run in (*later, *at_once)) == 0
    assert sum(run.latency_seconds for run in later) > sum(run.latency_seconds for run in at_once)
