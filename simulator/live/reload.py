"""A live run's scenario, and what is shown beside it, read again while it runs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from exporter.core.clock import Clock
from exporter.core.config import ConfigError
from exporter.core.config_load import ConfigLoad
from simulator.experiments.find.estimates import ShownResults
from simulator.live.run import LiveRun
from simulator.live.snapshot import Snapshot
from simulator.market.section import MarketSection
from simulator.scenario.schema import Scenario

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Contents that SIGHUP has read again: the scenario, which begins a run, and what is shown beside it."""

    scenario: Scenario
    shown: tuple[ShownResults, ...]
    market: MarketSection | None = None


class Reload:
    """The configuration in force. A run is its scenario from its first step on: no part of that changes."""

    def __init__(self, running: Sources, live: LiveRun, *, read: Callable[[], Sources], clock: Clock) -> None:
        """Prepare to `read`, which raises ConfigError."""
        self._running = running
        self._live = live
        self._read = read
        self._clock = clock
        self._good_at = clock.wall()
        live.config = ConfigLoad(is_good=True, good_at=self._good_at)

    def look(self, latest: Snapshot) -> Snapshot:
        """Read all, say in one line what became of it, and return the latest snapshot with what has changed."""
        try:
            found = self._read()
        except ConfigError as error:
            LOG.warning("the configuration cannot be used; the one in force stays: %s", "; ".join(error.mistakes))
            is_good = False
        else:
            LOG.info("%s; the files of the web configuration are followed without a signal", self._take(found))
            is_good, self._good_at = True, self._clock.wall()
        self._live.config = ConfigLoad(is_good=is_good, good_at=self._good_at)
        market = None if self._live.market is None else self._live.market.state
        return replace(latest, facts=self._live.facts, config=self._live.config, market=market)

    def _take(self, found: Sources) -> str:
        """Show the results that were found, follow the market, and return what has changed."""
        old, new = self._running.scenario, found.scenario
        waiting = [name for name in Scenario.__struct_fields__ if getattr(old, name) != getattr(new, name)]
        parts = [f"needs a restart: {', '.join(waiting)}"] if waiting else []
        taken = []
        if found.shown != self._running.shown:
            self._live.facts = replace(self._live.facts, shown=found.shown)
            taken.append("results of experiments")
        if found.market != self._running.market and self._live.market is not None:
            self._live.market.follow(found.market)
            taken.append("market of credits")
        self._running = replace(self._running, shown=found.shown, market=found.market)
        if taken:
            parts.insert(0, f"in force: {', '.join(taken)}")
        return (
            f"the configuration has changed; {'; '.join(parts)}" if parts else "the configuration is as it is in force"
        )
