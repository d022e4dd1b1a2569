"""Generated tasks: the same from the same seed, in any order of asking, with their class's work and deadline."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.streams import Stream, generator
from simulator.workload.arrivals import BurstyArrivals, PoissonArrivals
from simulator.workload.generated import GeneratedWorkload
from simulator.workload.task import Tasks
from tests.simulator.workload.task_classes import CLASSES

RATE = 0.5


def workload(*, noise: float = 0.05, seed: int = 0, rate: float = RATE) -> GeneratedWorkload:
    return GeneratedWorkload(CLASSES, PoissonArrivals(rate), noise=noise, seed=seed)


def as_bytes(tasks: Tasks) -> bytes:
    return b"".join(part.tobytes() for part in (tasks.arrival, tasks.task_class, tasks.work, tasks.deadline))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**63), order=st.permutations(range(6)))
def test_the_same_seed_gives_the_same_bytes_in_any_order(seed: int, order: list[int]) -> None:
    first = [as_bytes(workload(seed=seed).hour(index)) for index in range(6)]
    one = workload(seed=seed)
    assert {index: as_bytes(one.hour(index)) for index in order} == dict(enumerate(first))


def test_bursty_hours_are_the_same_in_any_order() -> None:
    forwards, backwards = (
        GeneratedWorkload(CLASSES, BurstyArrivals(1.0, 5.0, 600.0, 0.1), noise=0.05, seed=4) for _ in range(2)
    )
    ahead = [as_bytes(forwards.hour(index)) for index in range(30)]
    assert [as_bytes(backwards.hour(index)) for index in reversed(range(30))] == ahead[::-1]


def test_different_seeds_and_hours_give_different_tasks() -> None:
    drawn = {as_bytes(workload(seed=seed).hour(index))[:80] for seed in range(5) for index in range(5)}
    assert len(drawn) == 25


def test_noise_does_not_change_which_tasks_arrive() -> None:
    still, noisy = workload(noise=0.0).hour(3), workload(noise=0.3).hour(3)
    assert np.array_equal(still.arrival, noisy.arrival)
    assert np.array_equal(still.task_class, noisy.task_class)


@settings(deadline=None, max_examples=25)
@given(noise=st.floats(0, 0.9), seed=st.integers(0, 2**32))
def test_work_stays_within_the_noise(noise: float, seed: int) -> None:
    tasks = workload(noise=noise, seed=seed).hour(0)
    ratio = tasks.work / np.array([one.work for one in CLASSES])[tasks.task_class]
    assert np.all(ratio >= 1 - noise - 1e-12)
    assert np.all(ratio <= 1 + noise + 1e-12)


def test_noise_is_uniform() -> None:
    tasks = workload(noise=0.2, rate=20.0).hour(0)
    ratio = tasks.work / np.array([one.work for one in CLASSES])[tasks.task_class]
    assert np.mean(ratio) == pytest.approx(1, abs=0.003)
    assert np.std(ratio) == pytest.approx(0.4 / np.sqrt(12), rel=0.02)


def test_noise_is_drawn_from_its_own_stream() -> None:
    # Arrivals and noise of one stream would be correlated.
    tasks = workload(noise=0.2, seed=6).hour(9)
    ratio = tasks.work / np.array([one.work for one in CLASSES])[tasks.task_class]
    level = generator(6, Stream.NOISE, 9).random(len(tasks))
    assert ratio == pytest.approx(0.8 + 0.4 * level)


def test_without_noise_work_is_the_class_work() -> None:
    tasks = workload(noise=0.0).hour(0)
    assert set(tasks.work) == {0.5, 0.8, 1.5}


def test_classes_come_in_their_shares() -> None:
    tasks = workload(rate=20.0).hour(0)
    share = np.bincount(tasks.task_class, minlength=3) / len(tasks)
    # Six standard deviations of a share over 72,000 tasks.
    assert share == pytest.approx(np.array([0.5, 0.3, 0.2]), abs=6 * 0.5 / np.sqrt(len(tasks)))


def test_deadlines_count_from_arrival() -> None:
    tasks = workload().hour(2)
    deadline = np.array([2.0, 4.0, 60.0])
    assert np.array_equal(tasks.deadline, tasks.arrival + deadline[tasks.task_class])


def test_arrays_have_the_types_that_kernels_expect() -> None:
    tasks = workload().hour(0)
    assert tasks.task_class.dtype == np.int32
    for part in (tasks.arrival, tasks.work, tasks.deadline):
        assert part.dtype == np.float64
        assert part.flags.c_contiguous


def test_a_rate_of_zero_gives_empty_hours() -> None:
    tasks = workload(rate=0.0).hour(0)
    assert len(tasks) == 0
    assert tasks.task_class.dtype == np.int32
