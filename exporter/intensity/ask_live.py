"""A live provider asked, with what stands in for it while it fails."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from exporter.core.units import SECONDS_PER_HOUR, Seconds, UnixSeconds
from exporter.intensity.ask import AskedProvider, believed
from exporter.intensity.live import LiveIntensity
from exporter.intensity.reading import (
    IntensityAnswer,
    IntensityProvider,
    IntensityReading,
    IntensityUnavailableError,
    Method,
)
from exporter.intensity.verification import Verification

LAST_KNOWN_HOLDS = Seconds(6 * SECONDS_PER_HOUR)
"""Age up to which a live provider's last value is used. Judgement: after a quarter of the day a grid is as likely
on the other side of its mean."""


class AskedLiveProvider(AskedProvider):
    """Asks a live provider; what takes its place while it fails is decided here and nowhere else.

    It is, in this order, its own forecast for this time, the last value that was in force, and the fixed figure: there
    is always a value.
    """

    def __init__(self, live: LiveIntensity, static: IntensityProvider, zone: str) -> None:
        super().__init__(live)
        self._live = live
        self._static = static
        self._zone = zone
        self._verification = Verification()
        self._last: IntensityReading | None = None

    def ask(self, now: UnixSeconds) -> IntensityAnswer:
        """See `AskedProvider.ask`."""
        answer = super().ask(now)
        reading = answer.reading
        if reading is None:
            return answer
        if reading.method not in {Method.LAST_KNOWN, Method.STATIC}:
            self._last = reading
        outlook = self._live.outlook()
        self._verification.observe(now, reading, outlook)
        found = self._verification
        outlook = replace(outlook, errors=found.mean_errors(), judged=found.judged())
        # The fixed figure keeps its own zone: it may be a country's or the world's.
        zone = reading.zone if reading.method is Method.STATIC else self._zone
        return replace(answer, reading=replace(reading, zone=zone, outlook=outlook))

    def with_fixed(self, fixed: IntensityProvider) -> "AskedLiveProvider":
        """Return this with another figure as the last resort. What the live provider has told, and was asked, stays."""
        other = copy(self)
        other._static = fixed
        return other

    def _instead(self, now: UnixSeconds) -> IntensityReading | None:
        for rung in (self._live.expected, self._last_known, self._static.at):
            if (reading := _or_none(rung, now)) is not None:
                return reading
        return None

    def _last_known(self, now: UnixSeconds) -> IntensityReading:
        """Return the last value with its age. A last 0 is not carried on: it may be what a failing server says."""
        last = self._last
        if last is None or last.value == 0.0 or not 0.0 <= now - last.described_at <= LAST_KNOWN_HOLDS:
            raise IntensityUnavailableError("no value to go on with")
        return replace(last, method=Method.LAST_KNOWN, description="the last value that is known")


def _or_none(rung: Callable[[UnixSeconds], IntensityReading], now: UnixSeconds) -> IntensityReading | None:
    try:
        return believed(rung(now))
    except IntensityUnavailableError:
        return None
