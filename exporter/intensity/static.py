"""A fixed carbon intensity: a published average, or the user's own figure."""

from datetime import UTC, datetime

from exporter.core.carbon import GRID_FACTORS
from exporter.core.units import GramsPerKwh, UnixSeconds
from exporter.intensity.reading import IntensityReading

WORLD = "world"


class StaticIntensity:
    """Provider of the same reading at any time."""

    def __init__(self, reading: IntensityReading) -> None:
        self.name = reading.provider
        self._reading = reading

    def at(self, now: UnixSeconds) -> IntensityReading:  # noqa: ARG002 - the protocol's signature
        """See `IntensityProvider.at`."""
        return self._reading


def preset_intensity(preset: str) -> StaticIntensity:
    """Make a provider of a world average from `GRID_FACTORS`; its age counts from the end of the year described."""
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
    """Make a provider of the user's own figure, which describes the moment it was loaded."""
    return StaticIntensity(
        IntensityReading(
            value=value, zone=zone, provider="static", described_at=now, description=f"configured for {zone}"
        )
    )
