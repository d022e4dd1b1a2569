"""One immutable picture of the simulated cluster, published at most once a second.

The exposition, the page and the JSON are views of it. Its arrays are copies that nobody changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.core.config_load import ConfigLoad
from exporter.core.units import Seconds, UnixSeconds
from exporter.core.web.refusal import Refusal
from exporter.core.web.validity import Validity
from simulator.arrays import FloatArray, IntArray
from simulator.experiments.find.estimates import ShownResults
from simulator.live.course import CourseState
from simulator.live.dated_price import DatedPrice
from simulator.live.ledger.figures import LedgerFigures
from simulator.live.reasons import StateReason
from simulator.live.scheduling import SchedulerState
from simulator.market.state import MarketState
from simulator.models.profile import Measurement
from simulator.run.engine import StepRecord
from simulator.run.job import MICROGRAMS_PER_GRAM
from simulator.run.totals import Totals

STALE_AFTER_INTERVALS = 3.0
"""Age, in intervals, beyond which a snapshot no longer describes the cluster."""


NODE_STATES = ("awake", "asleep", "waking")
"""States of a node by their numbers in the readings."""


def speed_text(speed: float) -> str:
    """Return a requested speed as people write it."""
    return "max" if speed == float("inf") else f"{speed:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """The constant facts of a node; `supply` is solar, wind, hybrid, or grid for none.

    `bus` is the index of its bus, which it has `alone` unless it shares it with other nodes of its site.
    """

    name: str
    site: str
    device: str
    supply: str
    bus: int
    alone: bool

    @property
    def generates(self) -> bool:
        """Return whether the node has a supply of its own."""
        return self.alone and self.supply != "grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The constant facts of a run.

    `start` is the moment on the civil calendar at which simulated time begins, local midnight at the site, and `zone`
    that local time's offset from UTC in seconds. `site_of_bus` and `battery_joules`, the capacity, are by bus. `speed`
    is the requested simulated seconds per second, infinite for as many as possible. `shown` are results of earlier
    experiments that are shown beside the run. `counts_life_cycle` says whether the emissions
    of making panels, turbines and batteries are counted. `reasons` are those that nodes can have to be awake or asleep.
    """

    version: str
    python_version: str
    scenario: str
    seed: int
    policy: str
    forecaster: str
    ledger: str
    compression_digest: str
    ledger_cost_digest: str
    start: UnixSeconds
    zone: Seconds
    speed: float
    step: Seconds
    weights: Mapping[str, float]
    sites: tuple[str, ...]
    site_of_bus: tuple[int, ...]
    battery_joules: tuple[float, ...]
    nodes: tuple[NodeFacts, ...]
    classes: tuple[str, ...]
    models: tuple[Measurement, ...]
    shown: tuple[ShownResults, ...]
    counts_life_cycle: bool
    reasons: tuple[StateReason, ...]

    @property
    def interval(self) -> Seconds:
        """Return the wall time from one snapshot to the next."""
        return Seconds(max(1.0, self.step / self.speed))


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPoint:
    """Mean power of the whole cluster by source in watts, over the time before `clock`."""

    clock: Seconds
    renewable: float
    battery: float
    grid: float
    generation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Readings of the last step alone; `charge` (B,) is the batteries' state of charge, NaN without one.

    `state` (N,) is the number of each node's state among NODE_STATES. `scheduler` is what the scheduler has before it.
    `speed` is the number of simulated seconds per
    second over the last seconds, None until it is known.
    """

    record: StepRecord
    charge: FloatArray
    state: IntArray
    scheduler: SchedulerState
    speed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The run after a step; before the first one `published_at` is None and there are no `readings`.

    `clock` is simulated seconds since the start. `at_midnight` are the totals when the simulated day began. `history`
    is the last simulated day, oldest first. `forecasts` are those of the last full hour. `ledger` is None for a run
    without one. `revenue_dollars` is what the credits issued so far were worth, and `dated_price` the price of the
    simulated day; None without prices. `market` is the market of credits as it is on the day on which this runs, None
    without one. `config` is None where nobody reads the scenario again. `certificate` is when the server's is
    valid, None without TLS; `refused_logins` are those that the server refused since its start, by reason.
    """

    facts: RunFacts
    clock: Seconds
    totals: Totals
    at_midnight: Totals
    waiting: int = 0
    readings: Readings | None = None
    config: ConfigLoad | None = None
    published_at: UnixSeconds | None = None
    published_elapsed: Seconds | None = None
    history: tuple[PowerPoint, ...] = ()
    forecasts: tuple[CourseState, ...] = ()
    ledger: LedgerFigures | None = None
    revenue_dollars: float | None = None
    dated_price: DatedPrice | None = None
    market: MarketState | None = None
    certificate: Validity | None = None
    refused_logins: Mapping[Refusal, int] = field(default_factory=dict)

    def without_readings(self) -> "Snapshot":
        """Return the snapshot as it is shown once it is stale: totals and facts only."""
        market = None if self.market is None else self.market.without_quote()
        return replace(self, readings=None, market=market)

    @property
    def held_worth(self) -> float | None:
        """The worth of the credits that are held, at the market's price of today; None without both."""
        if self.ledger is None or self.market is None or self.market.quote is None:
            return None
        return self.ledger.credits.held / MICROGRAMS_PER_GRAM * self.market.quote.per_gram

    def is_fresh(self, now: Seconds) -> bool:
        """Return whether there is a step, published no longer ago than three intervals."""
        limit = STALE_AFTER_INTERVALS * self.facts.interval
        return self.published_elapsed is not None and now - self.published_elapsed <= limit
