"""A fixed carbon intensity: a published average, or the user's own figure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from exporter.core.carbon import GRID_FACTORS
from exporter.core.units import GramsPerKwh, UnixSeconds
from exporter.intensity.reading import HIGHEST, UNKNOWN_BASIS, IntensityReading

WORLD = "world"

TABLE_BASIS = "average production life-cycle"
"""Basis of the averages of countries."""

PRESET_BASES = {"ecotrack": "average production operational", "cep": UNKNOWN_BASIS}
"""Bases of the world averages: the IEA's is the CO2 of combustion over what was generated."""


class StaticIntensity:
    """Provider of the same reading at any time, or of one that follows the hours of the day."""

    def __init__(self, reading: IntensityReading) -> None:
        self.name = reading.provider
        self._reading = reading
        self._hours: tuple[float, ...] = ()
        self._zone: tzinfo = UTC

    def with_hours(self, factors: Sequence[float], zone: tzinfo) -> "StaticIntensity":
        """Return a provider that multiplies the value by one of 24 factors, by the hour of a time zone's clock.

        The factors are scaled to a mean of 1, so that the value stays the mean of a day; an hour beyond what a grid can
        have is cut off there.
        """
        # Of the largest first: the mean of the smallest numbers there are would round to 0.
        largest = max(factors)
        relative = [one / largest for one in factors]
        mean = sum(relative) / len(relative)
        shaped = StaticIntensity(replace(self._reading, description=f"{self._reading.description}, by hour of the day"))
        shaped._hours, shaped._zone = tuple(one / mean for one in relative), zone
        return shaped

    def at(self, now: UnixSeconds) -> IntensityReading:
        """See `IntensityProvider.at`."""
        if not self._hours:
            return self._reading
        factor = self._hours[datetime.fromtimestamp(now, self._zone).hour]
        return replace(self._reading, value=min(HIGHEST, GramsPerKwh(self._reading.value * factor)))


def preset_intensity(preset: str) -> StaticIntensity:
    """Make a provider of a world average from `GRID_FACTORS`; its age counts from the end of the year described."""
    factor = GRID_FACTORS[preset]
    return StaticIntensity(
        IntensityReading(
            value=GramsPerKwh(factor.value),
            zone=WORLD,
            provider="static",
            described_at=_end_of(factor.year),
            description=f"world average of {factor.year}",
            basis=PRESET_BASES[preset],
        )
    )


def zone_intensity(zone: str) -> StaticIntensity:
    """Make a provider of a country's average. Raises ValueError, which names the nearest zones, for any other."""
    from exporter.intensity.zones import zone_average  # noqa: PLC0415 - for those who name a country

    average = zone_average(zone)
    return StaticIntensity(
        IntensityReading(
            value=average.value,
            zone=average.zone,
            provider="static",
            described_at=_end_of(average.year),
            description=f"average of {average.country} in {average.year}",
            basis=TABLE_BASIS,
        )
    )


def configured_intensity(value: GramsPerKwh, zone: str, now: UnixSeconds) -> StaticIntensity:
    """Make a provider of the user's own figure, which describes the moment it was loaded."""
    return StaticIntensity(
        IntensityReading(
            value=value, zone=zone, provider="static", described_at=now, description=f"configured for {zone}"
        )
    )


def _end_of(year: int) -> UnixSeconds:
    return UnixSeconds(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
