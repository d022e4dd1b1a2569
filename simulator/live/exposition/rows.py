"""All families in the order of the exposition, and the bodies that are made of them."""

from prometheus_client import ProcessCollector

from exporter.core.metrics import Exposition, Row
from simulator.live.exposition.clock import CLOCK
from simulator.live.exposition.experiments import EXPERIMENTS
from simulator.live.exposition.forecast import FORECAST
from simulator.live.exposition.ledger import LEDGER
from simulator.live.exposition.market import MARKET
from simulator.live.exposition.models import MODELS
from simulator.live.exposition.nodes import NODES
from simulator.live.exposition.scheduler import SCHEDULER
from simulator.live.exposition.sites import SITES
from simulator.live.snapshot import Snapshot

ROWS: tuple[Row[Snapshot], ...] = (
    *CLOCK,
    *NODES,
    *SITES,
    *SCHEDULER,
    *FORECAST,
    *LEDGER,
    *MARKET,
    *MODELS,
    *EXPERIMENTS,
)


def exposition(snapshot: Snapshot) -> Exposition[Snapshot]:
    """Return the bodies of `/metrics` for a snapshot, with the cost of this process beside it."""
    return Exposition(ROWS, snapshot, beside=(ProcessCollector(registry=None),))
