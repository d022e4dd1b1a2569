"""Charging batteries from the grid: the interface of those who ask for it, and one of them.

Without one, only surplus charges batteries. A battery that is asked to charge is not discharged in that step.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import FloatArray

HOURS_AHEAD = 24
"""Hours for which those who charge are told the grid's expected intensity, the present one first."""

CLEAN_HOURS = 6
"""Hours of the next 24 in which a battery is charged at most. A choice: a battery of some hours is full by then, and
the rest of the day is left to use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingView:
    """The state at the start of a step. Arrays are (B,) by bus, `expected_grams_per_joule` (24, B) by hour from now on.

    `stored` and `capacity` are in joules; `efficiency` is what a battery gives back of the energy that it took.
    `grams_per_joule` and `dollars_per_joule` are those of the grid now.
    """

    start: Seconds
    seconds: Seconds
    stored: FloatArray
    capacity: FloatArray
    efficiency: FloatArray
    grams_per_joule: FloatArray
    expected_grams_per_joule: FloatArray
    dollars_per_joule: FloatArray


class Charging(Protocol):
    """A way to choose when batteries charge from the grid. One object serves one run."""

    @property
    def name(self) -> str:
        """Return the name in the configuration."""

    def charge(self, view: ChargingView) -> FloatArray:
        """Return the joules (B,) to take from the grid in this step; a battery takes no more than it can."""


class CleanHoursCharging:
    """Batteries charge in the cleanest hours of those to come, where that is worth its losses.

    It is where a joule that the battery gives back has emitted less than one of the grid in the other hours would, in
    the mean. A battery that is full keeps its charge in clean hours.
    """

    name = "clean-hours"

    def charge(self, view: ChargingView) -> FloatArray:
        """See `Charging.charge`."""
        now, expected = view.grams_per_joule, view.expected_grams_per_joule
        others = np.sort(expected, axis=0)[CLEAN_HOURS:].mean(axis=0)
        clean = (expected < now).sum(axis=0) < CLEAN_HOURS
        worth = now < others * view.efficiency
        return np.where(clean & worth, view.capacity, 0.0)
