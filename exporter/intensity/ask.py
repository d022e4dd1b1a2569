"""The edge at which a provider of carbon intensity is asked, its failure caught, and another value put in its place."""

import logging
from collections.abc import Callable
from dataclasses import replace

from exporter.core.units import SECONDS_PER_HOUR, Seconds, UnixSeconds
from exporter.intensity.live import LiveIntensity
from exporter.intensity.reading import (
    IntensityAnswer,
    IntensityPendingError,
    IntensityProvider,
    IntensityReading,
    IntensityUnavailableError,
    Method,
    is_plausible,
)
from exporter.intensity.verification import Verification
from exporter.intensity.window import Tariff

LOG = logging.getLogger(__name__)

LAST_KNOWN_HOLDS = Seconds(6 * SECONDS_PER_HOUR)
"""Age up to which a live provider's last value is used. Judgement: after a quarter of the day a grid is as likely
on the other side of its mean."""


class AskedProvider:
    """Asks one provider; what takes its place while it fails is decided here and nowhere else.

    Nothing takes the place of a fixed figure. That of a live provider takes, in this order, its own forecast for this
    time, the last value that was in force, and the fixed figure. The log gets one line when a provider begins to fail,
    and one when it works again.
    """

    def __init__(self, provider: IntensityProvider) -> None:
        self._provider = provider
        self._failed = False

    def ask(self, now: UnixSeconds) -> IntensityAnswer:
        """Return the intensity in force at `now`, or why there is none. Never raises for the provider."""
        reading: IntensityReading | None = None
        trouble = ""
        try:
            reading = _believed(self._provider.at(now))
        except IntensityPendingError as error:
            return IntensityAnswer(reading=self._instead(now), troubles={self._provider.name: _reason(error)})
        except Exception as error:  # noqa: BLE001 - the provider's edge: counted
            trouble = _reason(error)
        self._log(trouble)
        if reading is None:
            reading = self._instead(now)
        return IntensityAnswer(reading=reading, troubles={self._provider.name: trouble} if trouble else {})

    def _instead(self, now: UnixSeconds) -> IntensityReading | None:  # noqa: ARG002 - see AskedLiveProvider
        return None

    def _log(self, trouble: str) -> None:
        if trouble and not self._failed:
            LOG.warning("no carbon intensity from %s: %s", self._provider.name, trouble)
        elif self._failed and not trouble:
            LOG.info("carbon intensity from %s again", self._provider.name)
        self._failed = bool(trouble)


class AskedLiveProvider(AskedProvider):
    """Asks a live provider, with a fixed figure to fall back to: there is always a value, under one zone."""

    def __init__(self, live: LiveIntensity, static: IntensityProvider, zone: str, tariff: Tariff | None = None) -> None:
        super().__init__(live)
        self._live = live
        self._static = static
        self._zone = zone
        self._tariff = tariff
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
        outlook = replace(outlook, errors=self._verification.mean_errors(), tariff=self._tariff)
        # The fixed figure keeps its own zone: it may be a country's or the world's.
        zone = reading.zone if reading.method is Method.STATIC else self._zone
        return replace(answer, reading=replace(reading, zone=zone, outlook=outlook))

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
        return _believed(rung(now))
    except IntensityUnavailableError:
        return None


def _believed(reading: IntensityReading) -> IntensityReading:
    """Return a reading whose value a grid can have. Raises IntensityUnavailableError."""
    if not is_plausible(reading.value):
        raise IntensityUnavailableError(f"{reading.value:g} g/kWh is no carbon intensity")
    return reading


def _reason(error: Exception) -> str:
    """Say what went wrong, but nothing that a library may have put into its message."""
    if isinstance(error, IntensityUnavailableError):
        return str(error) or "no value"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"its answer is not understood ({type(error).__name__})"
