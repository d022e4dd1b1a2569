"""Arrivals: their number, their course over the day, their bursts, and their borders."""

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.units import SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.workload.arrivals import (
    Arrivals,
    BurstyArrivals,
    DiurnalArrivals,
    Intensity,
    PoissonArrivals,
    draw_times,
)

DAY = [1.0] * 8 + [4.0] * 8 + [2.0] * 8

every_kind = pytest.mark.parametrize(
    "arrivals",
    [PoissonArrivals(0.5), DiurnalArrivals(0.5, DAY), BurstyArrivals(0.5, 5.0, 600.0, 0.1)],
    ids=["poisson", "diurnal", "bursty"],
)


def hour(arrivals: Arrivals, index: int, seed: int = 0) -> FloatArray:
    return draw_times(arrivals.intensity(index, seed), np.random.default_rng((seed, index)))


def dispersion(counts: FloatArray) -> float:
    """Return variance over mean: 1 for a Poisson process, more for one in bursts."""
    return float(np.var(counts) / np.mean(counts))


@every_kind
@settings(deadline=None, max_examples=30)
@given(index=st.integers(0, 100_000), seed=st.integers(0, 2**32))
def test_arrivals_lie_in_their_hour_in_order(arrivals: Arrivals, index: int, seed: int) -> None:
    times = hour(arrivals, index, seed)
    assert np.all(np.diff(times) >= 0)
    assert np.all(times >= index * SECONDS_PER_HOUR)
    assert np.all(times < (index + 1) * SECONDS_PER_HOUR)


@every_kind
@settings(deadline=None, max_examples=30)
@given(index=st.integers(0, 10_000), seed=st.integers(0, 2**32))
def test_an_hour_of_intensity_has_no_hole(arrivals: Arrivals, index: int, seed: int) -> None:
    intensity = arrivals.intensity(index, seed)
    assert intensity.seconds[0] == index * SECONDS_PER_HOUR
    assert intensity.seconds[-1] == (index + 1) * SECONDS_PER_HOUR
    assert np.all(np.diff(intensity.seconds) >= 0)
    assert len(intensity.per_second) == len(intensity.seconds) - 1
    assert np.all(intensity.per_second >= 0)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(rate=st.floats(0.01, 50), seed=st.integers(0, 2**32))
def test_poisson_keeps_its_mean_rate(rate: float, seed: int) -> None:
    count = sum(len(hour(PoissonArrivals(rate), index, seed)) for index in range(20))
    expected = rate * 20 * SECONDS_PER_HOUR
    assert abs(count - expected) < 6 * np.sqrt(expected)


def test_poisson_counts_are_dispersed_as_poisson() -> None:
    times = np.concatenate([hour(PoissonArrivals(1.0), index) for index in range(48)])
    counts, _ = np.histogram(times, bins=np.arange(0, 48 * 3600 + 1, 60))
    # The index of dispersion over n bins has a standard deviation of sqrt(2 / n).
    assert dispersion(counts.astype(float)) == pytest.approx(1, abs=5 * np.sqrt(2 / len(counts)))


def test_gaps_are_exponential() -> None:
    gaps = np.diff(hour(PoissonArrivals(20.0), 0))
    assert np.mean(gaps) == pytest.approx(1 / 20, rel=0.03)
    assert np.mean(gaps > 1 / 20) == pytest.approx(np.exp(-1), abs=0.01)


def test_the_day_follows_its_factors() -> None:
    arrivals = DiurnalArrivals(1.0, DAY)
    counts = [np.mean([len(hour(arrivals, day * 24 + index)) for day in range(10)]) for index in (3, 12, 20)]
    assert counts[1] / counts[0] == pytest.approx(4, rel=0.05)
    assert counts[2] / counts[0] == pytest.approx(2, rel=0.05)


def test_the_day_keeps_the_mean_rate_whatever_its_factors_sum_to() -> None:
    rates = [float(DiurnalArrivals(2.0, DAY).intensity(index, 0).per_second[0]) for index in range(24)]
    assert np.mean(rates) == pytest.approx(2.0)


@pytest.mark.parametrize("factors", [[1.0] * 23, [0.0] * 24])
def test_a_course_that_is_no_day_is_refused(factors: list[float]) -> None:
    with pytest.raises(ValueError, match="24 factors"):
        DiurnalArrivals(1.0, factors)


def test_bursts_keep_the_mean_rate() -> None:
    arrivals = BurstyArrivals(1.0, 5.0, 600.0, 0.1)
    # 2,000 hours hold some 1,200 bursts: the mean rate then varies by a few percent.
    expected = [
        float(np.sum(one.per_second * np.diff(one.seconds))) for one in (arrivals.intensity(h, 7) for h in range(2000))
    ]
    assert np.mean(expected) == pytest.approx(SECONDS_PER_HOUR, rel=0.08)


def test_bursts_are_more_dispersed_than_poisson() -> None:
    times = np.concatenate([hour(BurstyArrivals(1.0, 5.0, 600.0, 0.1), index) for index in range(48)])
    counts, _ = np.histogram(times, bins=np.arange(0, 48 * 3600 + 1, 60))
    assert dispersion(counts.astype(float)) > 5


def test_bursts_last_as_long_as_they_should() -> None:
    arrivals = BurstyArrivals(1.0, 4.0, 900.0, 0.2)
    seconds = busy = bursts = 0.0
    for index in range(3000):
        one = arrivals.intensity(index, 3)
        in_burst = one.per_second == 4.0
        busy += float(np.sum(np.diff(one.seconds)[in_burst]))
        seconds += SECONDS_PER_HOUR
        bursts += float(np.sum(~in_burst[:-1] & in_burst[1:]))
    assert busy / seconds == pytest.approx(0.2, rel=0.1)
    assert busy / bursts == pytest.approx(900, rel=0.1)


def test_a_burst_goes_on_over_the_full_hour() -> None:
    arrivals = BurstyArrivals(1.0, 5.0, 600.0, 0.1)
    for index in range(50):
        before, after = arrivals.intensity(index, 1), arrivals.intensity(index + 1, 1)
        # No change of state falls on the full hour itself.
        assert before.per_second[-1] == after.per_second[0]


def test_bursts_are_the_same_whichever_hour_is_asked_first() -> None:
    forwards, backwards = (BurstyArrivals(1.0, 5.0, 600.0, 0.1) for _ in range(2))
    asked = [forwards.intensity(index, 5) for index in range(200)]
    for index in reversed(range(200)):
        again = backwards.intensity(index, 5)
        assert again.seconds.tobytes() == asked[index].seconds.tobytes()
        assert again.per_second.tobytes() == asked[index].per_second.tobytes()


def test_bursts_remember_no_more_the_longer_they_go_on() -> None:
    arrivals = BurstyArrivals(1.0, 5.0, 600.0, 0.1)
    sizes = []
    for index in range(3000):
        arrivals.intensity(index, 5)
        sizes.append(len(pickle.dumps(arrivals)))
    # A block of changes or two, of 8 bytes each.
    assert max(sizes) < min(sizes) + 2000


def test_a_late_hour_needs_no_more_memory_than_an_early_one() -> None:
    arrivals = BurstyArrivals(1.0, 5.0, 600.0, 0.1)
    arrivals.intensity(0, 5)
    tracemalloc.start()
    try:
        arrivals.intensity(50_000, 5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The course until then has about 60,000 changes.
    assert peak < 100_000


def test_bursts_without_a_possible_quiet_rate_are_refused() -> None:
    with pytest.raises(ValueError, match="burst_factor"):
        BurstyArrivals(1.0, 11.0, 600.0, 0.1)


@pytest.mark.parametrize(
    "arrivals",
    [PoissonArrivals(0.0), DiurnalArrivals(0.0, DAY), BurstyArrivals(0.0, 5.0, 600.0, 0.1)],
    ids=["poisson", "diurnal", "bursty"],
)
def test_a_rate_of_zero_gives_no_arrivals(arrivals: Arrivals) -> None:
    assert all(len(hour(arrivals, index)) == 0 for index in range(50))


@given(seed=st.integers(0, 2**32), begin=st.floats(0, 1e9), seconds=st.floats(1e-3, 1e4), rate=st.floats(0, 10))
def test_times_at_one_rate_are_spread_as_numpy_interpolates(
    seed: int, begin: float, seconds: float, rate: float
) -> None:
    intensity = Intensity(seconds=np.array([begin, begin + seconds]), per_second=np.array([min(rate, 1e3 / seconds)]))
    times = draw_times(intensity, np.random.default_rng(seed))
    expected, random = intensity.expected, np.random.default_rng(seed)
    levels = np.sort(random.random(random.poisson(expected))) * expected
    interpolated = np.interp(levels, [0.0, expected], intensity.seconds)
    assert np.all(np.abs(times - interpolated) <= np.spacing(intensity.seconds[1]))
