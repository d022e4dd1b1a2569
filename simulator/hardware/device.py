"""Device classes: power, speed and sleep, and the sources of all three."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.hardware.sleep import Sleep

LEVELS = 5
"""Number of operating points of each device, as EcoChain-ML promises (2025)."""

REFERENCE = "intel-nuc"
"""The device whose execution times the task classes give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A class of machine. Speeds are relative to the reference device, whose speed is 1.

    `idle_watts` and `full_watts` are of the whole machine, awake without work and with all of it busy at
    `maximum_hertz`. `speeds` are those of the models that were measured on this class, `speed` is taken for all others.
    `compression` is the time of a compressed model over that in FP32, by model, as measured on this class. A device
    without `sleep` never sleeps.
    """

    name: str
    title: str
    idle_watts: float
    full_watts: float
    minimum_hertz: float
    maximum_hertz: float
    speed: float
    memory_bytes: int
    source: str
    speeds: Mapping[str, float] = field(default_factory=dict)
    compression: Mapping[str, float] = field(default_factory=dict)
    sleep: Sleep | None = None

    def speed_of(self, model: str) -> float:
        """Return the speed with a model, by default that of all models that were not measured."""
        return self.speeds.get(model, self.speed)
