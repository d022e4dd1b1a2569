"""A machine whose load remembers, with a strategy of known effect: what a trial of it measures, phase by phase.

It shares nothing with the programs under test: the load is a first-order autoregression around a daily course, with
bursts of heavy tail, and power follows it by a curve; a sensor adds noise of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter  # type: ignore[import-untyped]

from exporter.core.units import Ratio, Watts
from exporter.optimize.trial.effect import Mean, Pair

STEP_SECONDS = 30.0
"""Time between readings; means of a phase are over several."""

DAY_STEPS = 2880
"""Readings of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A kind of machine: how long its load remembers, how strongly it varies, and how bursts are spread."""

    memory_seconds: float = 1800.0
    deviation: float = 0.12
    bursts: float = 0.002
    idle: float = 40.0
    full: float = 120.0
    sensor: float = 0.01


def power_without(world: World, steps: int, chance: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Return watts and utilization at each reading of a machine without a strategy, each of shape (steps,)."""
    keep = np.exp(-STEP_SECONDS / world.memory_seconds)
    noise = chance.normal(size=steps) * world.deviation * np.sqrt(1.0 - keep**2)
    slow = lfilter([1.0], [1.0, -keep], noise, zi=[keep * chance.normal() * world.deviation])[0]
    day = 0.1 * np.sin(2.0 * np.pi * (np.arange(steps) / DAY_STEPS + chance.random()))
    started = chance.random(steps) < world.bursts
    burst = lfilter([1.0], [1.0, -0.9], started * chance.pareto(2.5, size=steps) * 0.3)
    utilization = np.clip(0.25 + day + slow + burst, 0.01, 1.0)
    watts = world.idle + (world.full - world.idle) * utilization**0.8
    return watts, utilization


def trial_of(
    world: World, pairs: int, effect: float, phase_steps: int, chance: np.random.Generator
) -> tuple[list[Pair], float]:
    """Return the pairs of a trial, and the change in watts that the strategy truly made, over both phases of each pair.

    The strategy takes the share `effect` of whatever the machine draws. The order within each pair is drawn by chance.
    """
    watts, utilization = power_without(world, 2 * pairs * phase_steps, chance)
    bare = watts.reshape(pairs, 2, phase_steps).mean(axis=2)
    busy = utilization.reshape(pairs, 2, phase_steps).mean(axis=2)
    seen = bare * np.exp(world.sensor * chance.normal(size=bare.shape))
    found = []
    for number in range(pairs):
        on = int(chance.integers(2))
        found.append(
            Pair(
                off=Mean(watts=Watts(float(seen[number, 1 - on])), utilization=Ratio(float(busy[number, 1 - on]))),
                on=Mean(
                    watts=Watts(float(seen[number, on]) * (1.0 - effect)), utilization=Ratio(float(busy[number, on]))
                ),
            )
        )
    return found, -effect * float(bare.mean())
