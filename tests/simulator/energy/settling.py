"""Buses that a test settles step by step."""

from dataclasses import dataclass

import numpy as np

from exporter.core.units import Seconds
from simulator.arrays import BoolArray, FloatArray
from simulator.energy.battery import Batteries, Battery
from simulator.energy.bus import QUANTITIES, SINKS, SOURCES, STORED, rows_of, settle_buses
from simulator.scheduling.kernels.compiled import Backend, kernel

STEP = Seconds(300.0)


@dataclass(kw_only=True)
class Buses:
    """B buses, of which every other one sells, and what their batteries hold."""

    batteries: Batteries
    stored: FloatArray
    backend: Backend = Backend.COMPILED
    seconds: Seconds = STEP

    @classmethod
    def of(cls, *batteries: Battery | None, backend: Backend = Backend.COMPILED) -> "Buses":
        """Return buses with these batteries."""
        every = Batteries.of(batteries)
        return cls(batteries=every, stored=every.initial.copy(), backend=backend)

    @property
    def sells(self) -> BoolArray:
        """Return which buses sell: every other one, from the second on."""
        sells: BoolArray = np.arange(len(self.stored)) % 2 == 1
        return sells

    def step(
        self, solar: FloatArray, wind: FloatArray, load: FloatArray, asked: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Advance by a step; return flows (B, 4, 5) and the summary (B, 7)."""
        flows = np.full((len(load), len(SOURCES), len(SINKS)), np.nan)
        summary = np.full((len(load), len(QUANTITIES)), np.nan)
        buses = np.array([self.stored, asked, load, solar + wind, solar])
        kernel(settle_buses, self.backend)(buses, rows_of(self.batteries, self.seconds), self.sells, flows, summary)
        self.stored[:] = buses[STORED]
        return flows, summary
