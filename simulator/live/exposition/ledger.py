"""The cost of the ledger of carbon credits."""

from exporter.core.metrics import Row
from simulator.live.exposition.families import counter, one
from simulator.live.snapshot import Snapshot

LEDGER: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecochain_ledger_energy_joules_total",
        unit="joules",
        help="Energy that the cluster spent on the ledger of carbon credits; part of the consumption of the nodes.",
        read=one(lambda snapshot: float(snapshot.totals.ledger.sum())),
    ),
)
