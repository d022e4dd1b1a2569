"""Generated tasks: the same from the same seed, in any order of asking, with their class's work and deadline."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import Seconds
from simulator.run.arriving import Arriving
from simulator.streams import Stream, generator
from simulator.workload.arrivals import BurstyArrivals, DiurnalArrivals, PoissonArrivals
from simulator.workload.generated import MOST_AT_ONCE, GeneratedWorkload, Workload
from simulator.workload.origins import SpreadWorkload
from simulator.workload.task import Tasks
from tests.simulator.workload.task_classes import CLASSES, whole

RATE = 0.5


def workload(*, noise: float = 0.05, seed: int = 0, rate: float = RATE) -> GeneratedWorkload:
    return GeneratedWorkload(CLASSES, PoissonArrivals(rate), noise=noise, seed=seed)


def as_bytes(tasks: Tasks) -> bytes:
    return b"".join(part.tobytes() for part in (tasks.arrival, tasks.task_class, tasks.work, tasks.deadline))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**63), order=st.permutations(range(6)))
def test_the_same_seed_gives_the_same_bytes_in_any_order(seed: int, order: list[int]) -> None:
    first = [as_bytes(whole(workload(seed=seed), index)) for index in range(6)]
    one = workload(seed=seed)
    assert {index: as_bytes(whole(one, index)) for index in order} == dict(enumerate(first))


def test_bursty_hours_are_the_same_in_any_order() -> None:
    forwards, backwards = (
        GeneratedWorkload(CLASSES, BurstyArrivals(1.0, 5.0, 600.0, 0.1), noise=0.05, seed=4) for _ in range(2)
    )
    ahead = [as_bytes(whole(forwards, index)) for index in range(30)]
    assert [as_bytes(whole(backwards, index)) for index in reversed(range(30))] == ahead[::-1]


def test_different_seeds_and_hours_give_different_tasks() -> None:
    drawn = {as_bytes(whole(workload(seed=seed), index))[:80] for seed in range(5) for index in range(5)}
    assert len(drawn) == 25


def test_noise_does_not_change_which_tasks_arrive() -> None:
    still, noisy = whole(workload(noise=0.0), 3), whole(workload(noise=0.3), 3)
    assert np.array_equal(still.arrival, noisy.arrival)
    assert np.array_equal(still.task_class, noisy.task_class)


@settings(deadline=None, max_examples=25)
@given(noise=st.floats(0, 0.9), seed=st.integers(0, 2**32))
def test_work_stays_within_the_noise(noise: float, seed: int) -> None:
    tasks = whole(workload(noise=noise, seed=seed), 0)
    ratio = tasks.work / np.array([one.work for one in CLASSES])[tasks.task_class]
    assert np.all(ratio >= 1 - noise - 1e-12)
    assert np.all(ratio <= 1 + noise + 1e-12)


def test_noise_is_uniform() -> None:
    tasks = whole(workload(noise=0.2, rate=20.0), 0)
    ratio = tasks.work / np.array([one.work for one in CLASSES])[tasks.task_class]
    assert np.mean(ratio) == pytest.approx(1, abs=0.003)
    assert np.std(ratio) == pytest.approx(0.4 / np.sqrt(12), rel=0.02)


def test_noise_is_drawn_from_its_own_stream() -> None:
    # Arrivals and noise of one stream would be correlated.
    tasks = whole(workload(noise=0.2, seed=6), 9)
    ratio = tasks.work / np.array([one.work for one in CLASSES])[tasks.task_class]
    level = generator(6, Stream.NOISE, 9).random(len(tasks))
    assert ratio == pytest.approx(0.8 + 0.4 * level)


def test_without_noise_work_is_the_class_work() -> None:
    tasks = whole(workload(noise=0.0), 0)
    assert set(tasks.work) == {0.5, 0.8, 1.5}


def test_classes_come_in_their_shares() -> None:
    tasks = whole(workload(rate=20.0), 0)
    share = np.bincount(tasks.task_class, minlength=3) / len(tasks)
    # Six standard deviations of a share over 72,000 tasks.
    assert share == pytest.approx(np.array([0.5, 0.3, 0.2]), abs=6 * 0.5 / np.sqrt(len(tasks)))


def test_deadlines_count_from_arrival() -> None:
    tasks = whole(workload(), 2)
    deadline = np.array([2.0, 4.0, 60.0])
    assert np.array_equal(tasks.deadline, tasks.arrival + deadline[tasks.task_class])


def test_arrays_have_the_types_that_kernels_expect() -> None:
    tasks = whole(workload(), 0)
    assert tasks.task_class.dtype == np.int32
    for part in (tasks.arrival, tasks.work, tasks.deadline):
        assert part.dtype == np.float64
        assert part.flags.c_contiguous


def test_a_rate_of_zero_gives_empty_hours() -> None:
    tasks = whole(workload(rate=0.0), 0)
    assert len(tasks) == 0
    assert tasks.task_class.dtype == np.int32


def busy() -> SpreadWorkload:
    """Return a workload of so many tasks that they are not drawn at once, at two sites and with bursts."""
    arrivals = BurstyArrivals(1.1 * MOST_AT_ONCE / 3600.0, 2.0, 200.0, 0.3)
    inner = GeneratedWorkload(CLASSES, arrivals, noise=0.05, seed=8)
    return SpreadWorkload(inner, np.full((24, 2), 0.5), len(CLASSES), seed=8)


def test_of_many_tasks_a_part_of_the_hour_is_drawn_at_a_time() -> None:
    arrivals = DiurnalArrivals(1.0, [1.0] * 5 + [2.0 * MOST_AT_ONCE] + [1.0] * 18)
    assert len(list(GeneratedWorkload(CLASSES, arrivals, noise=0.0, seed=1).hour(4))) == 1
    batches, begin = list(busy().hour(7)), 7 * 3600.0
    assert len(batches) == 12
    for batch in batches:
        arrival = batch.tasks.arrival
        assert (np.diff(arrival) >= 0.0).all()
        assert begin <= arrival[0] < arrival[-1] < batch.end == begin + 300.0
        begin = batch.end
    kinds = np.bincount(whole(busy(), 7).task_class, minlength=6)
    assert kinds[:3] / kinds[:3].sum() == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert kinds[3:].sum() == pytest.approx(kinds.sum() / 2, rel=0.01)


def test_the_parts_of_an_intensity_expect_as_much_as_the_whole() -> None:
    whole_hour = BurstyArrivals(1.0, 5.0, 300.0, 0.1).intensity(3, 5)
    edges = np.linspace(3 * 3600.0, 4 * 3600.0, 13)
    parts = [whole_hour.between(first, last) for first, last in itertools.pairwise(edges.tolist())]
    assert len(whole_hour.per_second) > 3
    assert sum(part.expected for part in parts) == pytest.approx(whole_hour.expected)
    assert [(part.seconds[0], part.seconds[-1]) for part in parts] == list(itertools.pairwise(edges.tolist()))


@pytest.mark.parametrize("workload", [workload(rate=2.0), busy()], ids=["few", "many"])
def test_the_tasks_are_the_same_whatever_the_step(workload: Workload) -> None:
    coarse, fine = (Arriving(workload, Seconds(step)) for step in (300.0, 60.0))
    for step in (0, 5, 11, 12, 13):
        whole, _ = coarse.block(step, 1, 1)
        parts = [fine.block(5 * step + part, 1, 1)[0] for part in range(5)]
        for name in Tasks.__slots__:
            together = np.concatenate([getattr(part, name) for part in parts])
            assert together.tobytes() == getattr(whole, name).tobytes()


@pytest.mark.parametrize("workload", [workload(rate=2.0), busy()], ids=["few", "many"])
def test_a_block_has_as_many_steps_as_fit_and_the_tasks_of_each(workload: Workload) -> None:
    whole, alone = (Arriving(workload, Seconds(60.0)) for _ in range(2))
    step = 0
    for most_steps, most_tasks in ((60, 1000), (7, 10**9), (60, 1), (60, 500), (4, 300), (60, 10**9)):
        block, first = whole.block(step, most_steps, most_tasks)
        assert first[0] == 0
        assert 1 <= len(first) - 1 <= most_steps
        assert len(block) == first[-1]
        assert len(first) == 2 or first[-1] <= most_tasks
        for begin, end in itertools.pairwise(first.tolist()):
            one, _ = alone.block(step, 1, 1)
            assert block[begin:end].arrival.tobytes() == one.arrival.tobytes()
            step += 1
