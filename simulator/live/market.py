"""The market of credits beside a live run: looked at by this machine's clock, and exchanged as the run goes on."""

from collections.abc import Callable

from exporter.core.clock import Clock
from simulator.market.market import Market
from simulator.market.section import MarketSection
from simulator.market.state import MarketState

LOOK_INTERVAL = 1.0
"""Seconds between two looks at a market, which cost a system call as a rule."""


class LiveMarket:
    """The market in force; none where none is configured."""

    def __init__(self, clock: Clock, section: MarketSection | None, *, make: Callable[..., Market] = Market) -> None:
        self._clock = clock
        self._make = make
        self._market: Market | None = None
        self.state: MarketState | None = None
        self._looked_at: float | None = None
        self.follow(section)

    def follow(self, section: MarketSection | None) -> None:
        """Put a market in force in place of the one before, whose price is dropped and whose counts go on."""
        self.close()
        before = self._market
        counts = {} if before is None else {"discarded": before.discarded}
        self._market = None if section is None else self._make(section, self._clock, **counts)
        self._looked_at = None
        self.look()

    def look(self) -> bool:
        """Look at the market where it is time, and return whether it is another than at the look before."""
        if self.until_due() > 0.0:
            return False
        before, self._looked_at = self.state, self._clock.awake()
        self.state = None if self._market is None else self._market.look()
        return self.state != before

    def until_due(self) -> float:
        """Return the seconds until the next look; infinite without a market."""
        if self._market is None and self.state is None:
            return float("inf")
        return 0.0 if self._looked_at is None else max(0.0, self._looked_at + LOOK_INTERVAL - self._clock.awake())

    def close(self) -> None:
        """End a child that is at work."""
        if self._market is not None:
            self._market.close()
