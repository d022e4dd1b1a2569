"""Consumption, generation and work of each node."""

from collections.abc import Callable, Iterator
from functools import partial

from exporter.core.metrics import Row, Sample
from simulator.arrays import FloatArray
from simulator.live.exposition.families import counter, gauge, info
from simulator.live.snapshot import NodeFacts, Readings, Snapshot
from simulator.run.totals import Totals

Pick = Callable[[Readings], FloatArray]
"""Reader of a figure of the last step, (N,) by node or (B,) by bus."""


def _node_info(snapshot: Snapshot) -> Iterator[Sample]:
    for node in snapshot.facts.nodes:
        yield (node.name, node.site, node.device, node.supply), 1.0


def _node_energy(snapshot: Snapshot) -> Iterator[Sample]:
    totals = snapshot.totals
    for index, node in enumerate(snapshot.facts.nodes):
        yield (node.name, "renewable"), float(totals.renewable[index])
        yield (node.name, "battery"), float(totals.battery[index])
        yield (node.name, "grid"), float(totals.grid[index])


def _node_total(snapshot: Snapshot, read: Callable[[Totals], FloatArray]) -> Iterator[Sample]:
    for node, value in zip(snapshot.facts.nodes, read(snapshot.totals), strict=True):
        yield (node.name,), float(value)


def _supply_total(snapshot: Snapshot, read: Callable[[Totals], FloatArray]) -> Iterator[Sample]:
    values = read(snapshot.totals)
    for node in snapshot.facts.nodes:
        if node.generates:
            yield (node.name, node.supply), float(values[node.bus])


def _node_reading(snapshot: Snapshot, read: Pick) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for node, value in zip(snapshot.facts.nodes, read(snapshot.readings), strict=True):
            yield (node.name,), float(value)


def _bus_reading(snapshot: Snapshot, read: Pick) -> Iterator[Sample]:
    for node, value in _bus_readings(snapshot, read):
        yield (node.name,), value


def _bus_readings(snapshot: Snapshot, read: Pick) -> Iterator[tuple[NodeFacts, float]]:
    """Yield a figure of the bus for each node that has a bus of its own."""
    if snapshot.readings is not None:
        values = read(snapshot.readings)
        for node in snapshot.facts.nodes:
            if node.alone:
                yield node, float(values[node.bus])


def _node_tasks(snapshot: Snapshot) -> Iterator[Sample]:
    for node, (completed, late) in zip(snapshot.facts.nodes, snapshot.totals.node_tasks, strict=True):
        yield (node.name, "on_time"), float(completed - late)
        yield (node.name, "late"), float(late)


NODES: tuple[Row[Snapshot], ...] = (
    info(
        name="ecochain_node_info",
        labels=("node", "site", "device", "supply"),
        help="Site, device class and supply of each node; grid stands for a node without local supply.",
        read=_node_info,
    ),
    counter(
        name="ecochain_node_energy_joules_total",
        unit="joules",
        labels=("node", "source"),
        help="Energy that the node consumed, by source: local generation at that moment, battery, or grid.",
        read=_node_energy,
    ),
    counter(
        name="ecochain_node_generation_joules_total",
        unit="joules",
        labels=("node", "supply"),
        help="Energy that the node's local supply generated, whether used or not.",
        read=partial(_supply_total, read=lambda totals: totals.generation),
    ),
    counter(
        name="ecochain_node_curtailed_joules_total",
        unit="joules",
        labels=("node", "supply"),
        help="Energy that the node's local supply generated, and that was neither consumed, stored nor sold.",
        read=partial(_supply_total, read=lambda totals: totals.curtailed),
    ),
    counter(
        name="ecochain_node_emissions_grams_total",
        unit="grams",
        labels=("node",),
        help="CO2e emissions of the node's electricity from the grid, at the carbon intensity of the hour.",
        read=partial(_node_total, read=lambda totals: totals.emissions),
    ),
    gauge(
        name="ecochain_node_load_watts",
        unit="watts",
        labels=("node",),
        help="Mean power that the node consumed over the last step.",
        read=partial(_node_reading, read=lambda now: now.record.load / now.record.seconds),
    ),
    gauge(
        name="ecochain_node_supply_watts",
        unit="watts",
        labels=("node",),
        help="Mean power that the node's local supply generated over the last step; 0 for a node without local supply.",
        read=partial(_bus_reading, read=lambda now: now.record.flows.generation / now.record.seconds),
    ),
    gauge(
        name="ecochain_node_battery_charge_ratio",
        unit="ratio",
        labels=("node",),
        help="State of charge of the node's battery at the end of the last step; missing for a node without battery.",
        read=partial(_bus_reading, read=lambda now: now.charge),
    ),
    gauge(
        name="ecochain_node_frequency_hertz",
        unit="hertz",
        labels=("node",),
        help="Clock frequency at which the node executes, or executed, the latest task.",
        read=partial(_node_reading, read=lambda now: now.record.frequency),
    ),
    gauge(
        name="ecochain_node_backlog_seconds",
        unit="seconds",
        labels=("node",),
        help="Time until the node will have executed all tasks placed so far.",
        read=partial(_node_reading, read=lambda now: now.record.backlog),
    ),
    gauge(
        name="ecochain_node_utilization_ratio",
        unit="ratio",
        labels=("node",),
        help="Share of the last step that the node spent executing tasks.",
        read=partial(_node_reading, read=lambda now: now.record.utilization),
    ),
    counter(
        name="ecochain_node_busy_seconds_total",
        unit="seconds",
        labels=("node",),
        help="Simulated time that the node spent executing tasks.",
        read=partial(_node_total, read=lambda totals: totals.busy_seconds),
    ),
    counter(
        name="ecochain_node_tasks_total",
        labels=("node", "outcome"),
        help="Tasks that the node completed, on time or late.",
        read=_node_tasks,
    ),
    counter(
        name="ecochain_cost_dollars_total",
        labels=("node",),
        help="Cost of the node's electricity from the grid.",
        read=partial(_node_total, read=lambda totals: totals.electricity_dollars),
    ),
)
