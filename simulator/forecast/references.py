"""The interface of forecasters, and the reference: supply stays as it is."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from simulator.arrays import FloatArray


class Forecaster(Protocol):
    """Forecasts of each node's generation from observations. Steps are those of the simulation."""

    @property
    def name(self) -> str:
        """Return the name in `ecochain_run_info`."""

    def observe(self, step: int, watts: FloatArray) -> None:
        """Take note of the generation (N,) in a step that has ended."""

    def forecast(self, step: int, count: int) -> FloatArray:
        """Return the expected generation (count, N) of the steps from `step` on, in watts."""


class PersistenceForecaster:
    """Forecasts equal to the last observed step; zero before the first."""

    name = "persistence"

    def __init__(self, nodes: int) -> None:
        self._last = np.zeros(nodes)

    def observe(self, step: int, watts: FloatArray) -> None:  # noqa: ARG002 - the protocol's
        """See `Forecaster.observe`."""
        self._last = np.ascontiguousarray(watts, dtype=np.float64)

    def forecast(self, step: int, count: int) -> FloatArray:  # noqa: ARG002 - the protocol's
        """See `Forecaster.forecast`."""
        # The same row again and again, without a copy. np.broadcast_to does that too, in ten times the time.
        last = self._last
        return np.ndarray((count, len(last)), np.float64, last, strides=(0, last.itemsize))


class NoForecaster:
    """Forecasts of no generation at all, as a scheduler without forecasts has to assume."""

    name = "none"

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes

    def observe(self, step: int, watts: FloatArray) -> None:
        """See `Forecaster.observe`."""

    def forecast(self, step: int, count: int) -> FloatArray:  # noqa: ARG002 - the protocol's
        """See `Forecaster.forecast`."""
        return np.zeros((count, self._nodes))


class PerfectForecaster:
    """Forecasts that know the supply to come: for the oracle and nobody else."""

    name = "perfect"

    def __init__(self, generation: Callable[[int, int], FloatArray]) -> None:
        """Take `generation(step, count)`, the true generation (count, N) in watts."""
        self._generation = generation

    def observe(self, step: int, watts: FloatArray) -> None:
        """See `Forecaster.observe`."""

    def forecast(self, step: int, count: int) -> FloatArray:
        """See `Forecaster.forecast`."""
        return self._generation(step, count)
