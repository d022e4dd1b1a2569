"""The edge at which a provider of carbon intensity is asked, and its failure caught."""

import logging

from exporter.core.logs import Seldom
from exporter.core.units import UnixSeconds
from exporter.intensity.reading import (
    IntensityAnswer,
    IntensityPendingError,
    IntensityProvider,
    IntensityReading,
    IntensityUnavailableError,
    is_plausible,
)

LOG = logging.getLogger(__name__)


class AskedProvider:
    """Asks one provider. Nothing takes the place of a fixed figure; `AskedLiveProvider` says what does of a live one.

    The log gets one line when a provider begins to fail, and one when it works again; of one that flaps a line a
    minute.
    """

    def __init__(self, provider: IntensityProvider) -> None:
        self._provider = provider
        self._lines = Seldom()

    def ask(self, now: UnixSeconds) -> IntensityAnswer:
        """Return the intensity in force at `now`, or why there is none. Never raises for the provider."""
        reading: IntensityReading | None = None
        trouble = ""
        try:
            reading = believed(self._provider.at(now))
        except IntensityPendingError as error:
            return IntensityAnswer(reading=self._instead(now), troubles={self._provider.name: _reason(error)})
        except Exception as error:  # noqa: BLE001 - the provider's edge: counted
            trouble = _reason(error)
        self._log(now, trouble)
        if reading is None:
            reading = self._instead(now)
        return IntensityAnswer(reading=reading, troubles={self._provider.name: trouble} if trouble else {})

    def with_fixed(self, fixed: IntensityProvider) -> "AskedProvider":
        """Return this with another fixed figure."""
        return AskedProvider(fixed)

    def _instead(self, now: UnixSeconds) -> IntensityReading | None:  # noqa: ARG002 - see AskedLiveProvider
        return None

    def _log(self, now: UnixSeconds, trouble: str) -> None:
        if not self._lines.changes(now, "fails" if trouble else ""):
            return
        if trouble:
            LOG.warning("no carbon intensity from %s: %s", self._provider.name, trouble)
        else:
            LOG.info("carbon intensity from %s again", self._provider.name)


def believed(reading: IntensityReading) -> IntensityReading:
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
