"""Looks of the running exporter, a few minutes apart: at trials and settings left changed, and by chosen strategies.

Loads the rest of this package only where a strategy is chosen, or a journal or trials are in the state folder.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from exporter.core.units import MonotonicSeconds, Seconds
from exporter.optimize.place import JOURNAL, TRIALS
from exporter.power.model import HostPowerModel
from exporter.snapshot import Snapshot
from exporter.sources.reading import HostReading

if TYPE_CHECKING:
    from exporter.optimize.found import Optimizations


FAILED = "the last look failed, and the log says why"
"""Trouble of a look that has raised an error."""


class Look(Protocol):
    """A look at strategies and settings."""

    def __call__(self, snapshot: Snapshot, reading: HostReading, model: HostPowerModel, /) -> "Optimizations":
        """Return what is found at the time of a reading, by the power model in force. Raises OSError."""


class Advisor:
    """Looks at most once per interval; in between, and where there is nothing to look at, it costs next to nothing."""

    def __init__(self, folder: Path, interval: Seconds, load: Callable[[], Look], *, always: bool) -> None:
        """Look in a state folder by what `load` returns: `always`, or else while a journal or trials are there."""
        self._files = tuple(f"{folder}/{name}" for name in (JOURNAL, TRIALS))
        self._interval = interval
        self._load = load
        self._always = always
        self._look = load() if always else None
        self._due: MonotonicSeconds | None = None
        self._found: Optimizations | None = None

    def look(self, snapshot: Snapshot, reading: HostReading, model: HostPowerModel) -> "Optimizations | None":
        """Return what the last look found; None where no strategy is chosen, tried or in force.

        Raises OSError, once: from then on until the next look, the trouble is what is found.
        """
        if self._due is not None and reading.awake < self._due:
            return self._found
        self._due, self._found = MonotonicSeconds(reading.awake + self._interval), None
        if self._always or any(map(os.path.lexists, self._files)):
            self._look = self._look or self._load()
            from exporter.optimize.found import Optimizations  # noqa: PLC0415 - loaded by now

            self._found = Optimizations(trouble=FAILED)
            self._found = self._look(snapshot, reading, model)
        return self._found
