"""The flows of energy of the whole cluster, by source and sink: now, and in the simulated day."""

from collections.abc import Iterable

import msgspec
import numpy as np

from simulator.arrays import FloatArray
from simulator.energy.bus import FLOWS, SINKS, SOURCES
from simulator.live.snapshot import Snapshot


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """Energy from a source to a sink; `today_ratio` is its part in all flows of the day, null before the first."""

    source: str
    sink: str
    now_watts: float | None
    today_joules: float
    today_ratio: float | None


def flows_of(snapshot: Snapshot) -> list[FlowView]:
    """Return all flows that can be, those that are 0 included, by source and then by sink."""
    today = (snapshot.totals.flows - snapshot.at_midnight.flows).sum(axis=0)
    now = snapshot.readings
    watts = None if now is None else now.record.flows.matrix.sum(axis=0) / now.record.seconds
    whole = float(today.sum())
    return [
        FlowView(
            source=source,
            sink=sink,
            now_watts=None if watts is None else _entry(watts, source, sink),
            today_joules=_entry(today, source, sink),
            today_ratio=_entry(today, source, sink) / whole if whole > 0.0 else None,
        )
        for source, sink in FLOWS
    ]


def total_watts(flows: Iterable[FlowView]) -> float | None:
    """Return the power of flows together, None where one is not known."""
    watts = [flow.now_watts for flow in flows if flow.now_watts is not None]
    return float(np.sum(watts)) if watts else None


def total_joules(flows: Iterable[FlowView]) -> float:
    """Return the energy of flows together in the day."""
    return float(np.sum([flow.today_joules for flow in flows]))


def _entry(matrix: FloatArray, source: str, sink: str) -> float:
    return float(matrix[SOURCES.index(source), SINKS.index(sink)])
