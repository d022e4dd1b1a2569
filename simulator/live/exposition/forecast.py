"""The forecast of generation beside what was observed."""

from functools import partial

from exporter.core.metrics import Row
from simulator.live.exposition.families import gauge
from simulator.live.exposition.nodes import supply_reading
from simulator.live.snapshot import Snapshot

FORECAST: tuple[Row[Snapshot], ...] = (
    gauge(
        name="ecochain_forecast_watts",
        unit="watts",
        labels=("node", "supply"),
        help="Generation in the last step, as forecast when the step began.",
        read=partial(supply_reading, read=lambda now: now.record.expected_watts),
    ),
    gauge(
        name="ecochain_forecast_observed_watts",
        unit="watts",
        labels=("node", "supply"),
        help="Generation in the last step, as observed.",
        read=partial(supply_reading, read=lambda now: now.record.flows.generation / now.record.seconds),
    ),
)
