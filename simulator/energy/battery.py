"""Batteries: bounds on power and charge, and a loss in each direction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.core.units import Joules, Watts
from simulator.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery beside a node.

    Limits count at its terminals. Of the energy that goes in, the share `charge_efficiency` is stored; of the energy
    taken from the store, the share `discharge_efficiency` comes out. It is never discharged below `minimum_ratio` of
    its capacity, and begins with `initial_ratio`.
    """

    capacity: Joules
    charge_limit: Watts
    discharge_limit: Watts
    charge_efficiency: float
    discharge_efficiency: float
    minimum_ratio: float
    initial_ratio: float


NO_BATTERY = Battery(
    capacity=Joules(0.0),
    charge_limit=Watts(0.0),
    discharge_limit=Watts(0.0),
    charge_efficiency=1.0,
    discharge_efficiency=1.0,
    minimum_ratio=0.0,
    initial_ratio=0.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batteries:
    """The batteries of N nodes, as arrays (N,): capacity, minimum and initial charge in joules, limits in watts."""

    capacity: FloatArray
    charge_limit: FloatArray
    discharge_limit: FloatArray
    charge_efficiency: FloatArray
    discharge_efficiency: FloatArray
    minimum: FloatArray
    initial: FloatArray

    @classmethod
    def of(cls, batteries: Sequence[Battery | None]) -> "Batteries":
        """Return the batteries of all nodes as arrays; None stands for a battery without capacity."""
        every = [battery or NO_BATTERY for battery in batteries]
        capacity = np.array([one.capacity for one in every], dtype=np.float64)
        return cls(
            capacity=capacity,
            charge_limit=np.array([one.charge_limit for one in every], dtype=np.float64),
            discharge_limit=np.array([one.discharge_limit for one in every], dtype=np.float64),
            charge_efficiency=np.array([one.charge_efficiency for one in every], dtype=np.float64),
            discharge_efficiency=np.array([one.discharge_efficiency for one in every], dtype=np.float64),
            minimum=capacity * np.array([one.minimum_ratio for one in every], dtype=np.float64),
            initial=capacity * np.array([one.initial_ratio for one in every], dtype=np.float64),
        )
