"""Generation computed ahead of the clock, so that the live job seldom waits for it."""

import contextlib

from simulator.arrays import FloatArray
from simulator.run.apart import FIRST_DAYS, GenerationApart
from simulator.run.child import Child, ChildError
from simulator.scenario.schema import Scenario


class GenerationAhead(GenerationApart):
    """The generation of a scenario's buses by day; the next days are computed meanwhile."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        super().__init__(scenario, seed)
        self._child: Child | None = None

    def __call__(self, index: int) -> FloatArray:
        """See `GenerationApart`."""
        generation = super().__call__(index)
        self._look_ahead(index, max(self._days))
        return generation

    def close(self) -> None:
        """End a child that is at work."""
        if self._child is not None:
            self._child.end()

    def _look_ahead(self, index: int, last: int) -> None:
        """Have the days after the last one computed, once half of a block is left."""
        if self._child is None and not self._end and last - index < self._block // 2:
            # It is tried again with the next day, and what comes of it is told when the day is needed.
            with contextlib.suppress(ChildError):
                self._child = self._ask(last + 1, self._block)

    def _child_for(self, index: int) -> Child:
        """Return the child at work, or a new one for a few days, which come soon."""
        child, self._child = self._child or self._ask(index, FIRST_DAYS), None
        return child
