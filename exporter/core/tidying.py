"""Waiting that begins with a search for garbage, in programs that run for months."""

import gc
import sys
from collections.abc import Callable
from typing import Protocol

from exporter.core.clock import Clock
from exporter.core.units import Seconds

INTERVAL = Seconds(60.0)
"""Time between two searches. Judgement: one takes some milliseconds, since what was there at the start is spared."""


class Stop(Protocol):
    """Signal that ends a loop."""

    def wait(self, seconds: float, /) -> bool:
        """Wait for at most `seconds`; return whether to stop."""


class TidyStop:
    """A signal to stop that searches for garbage once a minute before it waits, in what came after the start.

    The interpreter searches everything by itself, but only once a quarter of it is new: where modules and tables are
    most of it, after a quarter of an hour or so. Until then it keeps tuples that were used, by the thousand, and memory
    comes and goes by up to a megabyte; each time that this reaches further than ever, the process grows a little.

    It lets go of the names in the interpreter's cache of attributes as well. C code that asks for an attribute by name,
    as `open` and `strftime` do, makes a string of it each time, and the cache keeps up to 4,096 of them, which are the
    same few words: dozens more each hour for days, among what is used and freed.
    """

    def __init__(self, stop: Stop, clock: Clock) -> None:
        """Take all that there is for good."""
        self._stop = stop
        self._clock = clock
        self._last = clock.awake()
        gc.collect()
        gc.freeze()

    def wait(self, seconds: float) -> bool:
        """Search if a minute has passed, and wait for at most `seconds`; return whether to stop."""
        now = self._clock.awake()
        if now - self._last >= INTERVAL:
            self._last = now
            gc.collect()
            _forget_names()
        return self._stop.wait(seconds)


_forget_names: Callable[[], object] = getattr(sys, "_clear_type_cache", object)
"""Empties the cache of attributes, in 40 us; nothing where the interpreter has no such cache."""
