"""The effect of a trial: its interval covers, whatever the load does, and the plan keeps its promise."""

from dataclasses import replace
from math import sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student  # type: ignore[import-untyped]

from exporter.core.units import Ratio, Watts
from exporter.optimize.trial.effect import (
    LEAST_PAIRS,
    LEVEL,
    POWER,
    Mean,
    Pair,
    effect_of,
    pairs_to_see,
    smallest_seen,
    spread_of,
)
from tests.exporter.optimize.trial.simulated_machine import World, power_without, trial_of

WORLDS = {
    "usual": World(),
    "remembers for hours": World(memory_seconds=14_400.0, deviation=0.2),
    "bursts": World(bursts=0.02),
}

PHASE_STEPS = 8


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311 - as a trial's order, it has no secret


def pair(off: float, on: float, *, busy: tuple[float, float] = (0.2, 0.2)) -> Pair:
    return Pair(
        off=Mean(watts=Watts(off), utilization=Ratio(busy[0])), on=Mean(watts=Watts(on), utilization=Ratio(busy[1]))
    )


def covered_and_claimed(world: World, effect: float, trials: int) -> tuple[int, int, int]:
    """Return in how many trials the intervals of the share and of the watts cover, and how many claim an effect."""
    share = watts = claimed = 0
    for number in range(trials):
        chance = np.random.default_rng([20_261_129, number, round(1000 * effect)])
        pairs, true = trial_of(world, 24, effect, PHASE_STEPS, chance)
        found = effect_of(pairs, seeded(number))
        share += found.reduction.low <= effect <= found.reduction.high
        watts += found.change_watts.low <= true <= found.change_watts.high
        claimed += found.shown
    return share, watts, claimed


@pytest.mark.full
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("effect", [0.0, 0.03, 0.2])
def test_of_three_thousand_trials_the_interval_covers_in_95_of_100(world: str, effect: float) -> None:
    share, watts, claimed = covered_and_claimed(WORLDS[world], effect, 3000)
    assert 0.94 <= share / 3000 <= 0.96
    assert 0.94 <= watts / 3000 <= 0.96
    if effect == 0.0:
        assert claimed / 3000 <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.03, 0.2])
def test_the_interval_covers_in_95_of_100_give_or_take_chance(effect: float) -> None:
    trials = 250
    within = 3.5 * sqrt(trials * LEVEL * (1.0 - LEVEL))
    share, watts, claimed = covered_and_claimed(WORLDS["usual"], effect, trials)
    assert abs(share - LEVEL * trials) <= within
    assert abs(watts - LEVEL * trials) <= within
    if effect == 0.0:
        assert claimed <= (1.0 - LEVEL) * trials + within


@pytest.mark.slow
def test_a_trial_as_long_as_said_shows_what_it_was_planned_for_about_as_often_as_said() -> None:
    """The spread is that of many phases here, as of a long pilot: a short one tells it to within a third."""
    world = replace(WORLDS["usual"], bursts=0.0)
    watts, _ = power_without(world, 20_000 * PHASE_STEPS, np.random.default_rng(1))
    noise = np.exp(world.sensor * np.random.default_rng(2).normal(size=20_000))
    spread = spread_of([Watts(float(one)) for one in watts.reshape(-1, PHASE_STEPS).mean(axis=1) * noise])
    effect, trials = Ratio(0.05), 200
    pairs = pairs_to_see(effect, spread)
    assert pairs > LEAST_PAIRS
    shown = 0
    for number in range(trials):
        found, _ = trial_of(world, pairs, effect, PHASE_STEPS, np.random.default_rng([3, number]))
        shown += effect_of(found, seeded(number)).shown
    assert abs(shown / trials - POWER) <= 0.08


watts = st.floats(min_value=1.0, max_value=2000.0)
some_pairs = st.lists(st.builds(pair, watts, watts), min_size=LEAST_PAIRS, max_size=40)


@settings(max_examples=30)
@given(some_pairs, st.floats(min_value=0.01, max_value=100.0))
def test_another_unit_of_power_changes_watts_in_proportion_and_no_share(pairs: list[Pair], factor: float) -> None:
    scaled = [pair(one.off.watts * factor, one.on.watts * factor) for one in pairs]
    before, after = effect_of(pairs, seeded(1)), effect_of(scaled, seeded(1))
    for end in ("low", "estimate", "high"):
        assert getattr(after.reduction, end) == pytest.approx(getattr(before.reduction, end), rel=1e-6, abs=1e-9)
        watts_after, watts_before = getattr(after.change_watts, end), getattr(before.change_watts, end)
        assert watts_after == pytest.approx(factor * watts_before, rel=1e-6, abs=1e-6 * factor)


@settings(max_examples=30)
@given(some_pairs)
def test_ends_are_in_order_and_a_reduction_is_a_change_below_zero(pairs: list[Pair]) -> None:
    found = effect_of(pairs, seeded(1))
    assert found.reduction.low <= found.reduction.high < 1.0
    assert found.change_watts.low <= found.change_watts.high
    for reduction, change in (("low", "high"), ("high", "low"), ("estimate", "estimate")):
        assert getattr(found.reduction, reduction) * getattr(found.change_watts, change) <= 0.0


@settings(max_examples=30)
@given(st.lists(watts, min_size=LEAST_PAIRS, max_size=40), st.floats(min_value=-0.5, max_value=0.9))
def test_without_any_noise_the_effect_is_exact(bare: list[float], effect: float) -> None:
    found = effect_of([pair(one, one * (1.0 - effect)) for one in bare], seeded(1))
    for end in (found.reduction.low, found.reduction.estimate, found.reduction.high):
        assert end == pytest.approx(effect, abs=1e-9)
    assert found.change_watts.estimate == pytest.approx(-effect * sum(bare) / len(bare), rel=1e-9, abs=1e-9)


def test_for_normal_noise_the_interval_is_as_wide_as_students_t() -> None:
    chance = np.random.default_rng(7)
    ratios = []
    for number in range(40):
        steps = 0.05 * chance.normal(size=30)
        found = effect_of([pair(50.0, 50.0 * float(np.exp(one))) for one in steps], seeded(number)).reduction
        half = student.ppf(0.975, 29) * steps.std(ddof=1) / sqrt(30)
        ratios.append((np.log1p(-found.low) - np.log1p(-found.high)) / (2.0 * half))
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)


def test_a_load_that_follows_the_strategy_is_told_apart_from_power() -> None:
    found = effect_of([pair(50.0, 49.5 + number % 2, busy=(0.2, 0.3)) for number in range(12)], seeded(1))
    assert found.change_utilization.estimate == pytest.approx(0.1)
    assert not found.shown


@given(st.integers(min_value=LEAST_PAIRS + 1, max_value=2000), st.floats(min_value=0.001, max_value=0.5))
def test_so_many_pairs_as_are_said_show_the_least_that_is_said(pairs: int, spread: float) -> None:
    assert pairs_to_see(Ratio(smallest_seen(pairs, spread) * 1.000001), spread) in {pairs, LEAST_PAIRS}


def test_too_few_pairs_show_nothing() -> None:
    with pytest.raises(ValueError, match="at least 12"):
        effect_of([pair(2.0, 1.0)] * (LEAST_PAIRS - 1), seeded(1))
