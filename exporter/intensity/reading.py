"""What a provider of grid carbon intensity answers."""

from dataclasses import dataclass
from typing import Protocol

from exporter.core.units import GramsPerKwh, UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityReading:
    """Carbon intensity in force: its value, its grid zone, who says so, and the time that the value describes."""

    value: GramsPerKwh
    zone: str
    provider: str
    described_at: UnixSeconds
    description: str


class IntensityProvider(Protocol):
    """Something that knows the carbon intensity at a time."""

    def at(self, now: UnixSeconds) -> IntensityReading:
        """The intensity in force at `now`."""
