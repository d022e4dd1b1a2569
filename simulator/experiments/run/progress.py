"""The progress of an experiment: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from types import TracebackType
from typing import Self

LINE_EVERY_SECONDS = 10.0

LOG = logging.getLogger(__name__)


class Progress:
    """A display of the number of finished runs, on standard error."""

    def __init__(self, title: str) -> None:
        from tqdm import tqdm  # type: ignore[import-untyped] # noqa: PLC0415 - has no types; nothing else needs it

        self._title = title
        self._bar = tqdm(desc=title, unit="run", leave=False, disable=not sys.stderr.isatty(), file=sys.stderr)
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def report(self, done: int, total: int) -> None:
        """Show that `done` of `total` runs are finished."""
        self._bar.total = total
        self._bar.n = done
        self._bar.refresh()
        if self._bar.disable and (done == total or time.monotonic() - self._told >= LINE_EVERY_SECONDS):
            self._told = time.monotonic()
            LOG.info("%s: %d of %d runs", self._title, done, total)
