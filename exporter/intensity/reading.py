"""The answer of a provider of grid carbon intensity."""

from dataclasses import dataclass
from typing import Protocol

from exporter.core.units import GramsPerKwh, UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityReading:
    """Carbon intensity in force: its value, its grid zone, its source, and the time that the value describes."""

    value: GramsPerKwh
    zone: str
    provider: str
    described_at: UnixSeconds
    description: str


class IntensityProvider(Protocol):
    """Provider of the carbon intensity at a time."""

    def at(self, now: UnixSeconds) -> IntensityReading:
        """Return the intensity in force at `now`."""
