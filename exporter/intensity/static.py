"""A fixed carbon intensity: a published average, or the user's own figure."""

from datetime import UTC, datetime

from exporter.core.carbon import GRID_FACTORS
from exporter.core.units import GramsPerKwh, UnixSeconds
from exporter.intensity.reading import IntensityReading

WORLD = "world"


class StaticIntensity:
    """Answers the same reading at any time."""

    def __init__(self, reading: IntensityReading) -> None:
        self._reading = reading

    def at(self, now: UnixSeconds) -> IntensityReading:  # noqa: ARG002 - the protocol's signature
        """See `IntensityProvider.at`."""
        return self._reading


def preset_intensity(preset: str) -> StaticIntensity:
    """A world average from `GRID_FACTORS`; its age counts from the end of the year that it describes."""
    factor = GRID_FACTORS[preset]
    return StaticIntensity(
        IntensityReading(
            value=GramsPerKwh(factor.value),
            zone=WORLD,
            provider="static",
            described_at=UnixSeconds(datetime(factor.year + 1, 1, 1, tzinfo=UTC).timestamp()),
            description=f"world average of {factor.year}",
        )
    )


def configured_intensity(value: GramsPerKwh, zone: str, now: UnixSeconds) -> StaticIntensity:
    """The user's own figure, which describes the moment it was loaded."""
    return StaticIntensity(
        IntensityReading(
            value=value, zone=zone, provider="static", described_at=now, description=f"configured for {zone}"
        )
    )
