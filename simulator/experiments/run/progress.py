"""The progress of an experiment: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from exporter.core.units import SECONDS_PER_MINUTE

LINE_EVERY_SECONDS = 10.0

LOG = logging.getLogger(__name__)


class Progress:
    """A display of the number of finished runs, on standard error."""

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        from tqdm import tqdm  # type: ignore[import-untyped] # noqa: PLC0415 - has no types; nothing else needs it

        self._title, self._clock = title, clock
        self._bar = tqdm(desc=title, unit="run", leave=False, disable=not sys.stderr.isatty(), file=sys.stderr)
        self._began = self._told = self._clock()
        self._kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def report(self, done: int, total: int) -> None:
        """Show that `done` of `total` runs are finished; the first call says how many an earlier start has left."""
        if self._bar.total is None:
            self._began, self._kept = self._clock(), done
        self._bar.total = total
        self._bar.n = done
        self._bar.refresh()
        if self._bar.disable and (done == total or self._clock() - self._told >= LINE_EVERY_SECONDS):
            self._told = self._clock()
            LOG.info("%s: %d of %d runs%s", self._title, done, total, self._left(done, total))

    def _left(self, done: int, total: int) -> str:
        """Return about how long the rest takes, by the runs so far; nothing before the first, or after the last."""
        ran = done - self._kept
        if not 0 < ran < total - self._kept:
            return ""
        seconds = (self._clock() - self._began) * (total - done) / ran
        return f", about {max(1, round(seconds / SECONDS_PER_MINUTE))} min left"
