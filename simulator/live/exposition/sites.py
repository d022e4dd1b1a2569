"""Sites: their grids and batteries, and what moves between them; and the sleep of nodes."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from exporter.core.metrics import Row, Sample
from simulator.arrays import FloatArray
from simulator.energy.bus import FLOWS, SINKS, SOURCES
from simulator.live.exposition.families import counter, gauge
from simulator.live.sites import battery_charges, grid_intensities
from simulator.live.snapshot import NODE_STATES, Snapshot
from simulator.run.totals import Totals


def _grid(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for name, intensity in zip(snapshot.facts.sites, grid_intensities(snapshot, snapshot.readings), strict=True):
            yield (name,), float(intensity)


def _charge(snapshot: Snapshot) -> Iterator[Sample]:
    """Yield what the batteries of each site hold over what they could; sites without batteries have none."""
    if snapshot.readings is not None:
        for name, charge in zip(snapshot.facts.sites, battery_charges(snapshot, snapshot.readings), strict=True):
            if not np.isnan(charge):
                yield (name,), float(charge)


def _life_cycle(snapshot: Snapshot) -> Iterator[Sample]:
    facts = snapshot.facts
    if facts.counts_life_cycle:
        for site, name in enumerate(facts.sites):
            yield (name,), float(snapshot.totals.life_cycle[np.array(facts.site_of_bus) == site].sum())


def _flows(snapshot: Snapshot) -> Iterator[Sample]:
    sites = np.array(snapshot.facts.site_of_bus)
    for site, name in enumerate(snapshot.facts.sites):
        matrix = snapshot.totals.flows[sites == site].sum(axis=0)
        for source, sink in FLOWS:
            yield (name, source, sink), float(matrix[SOURCES.index(source), SINKS.index(sink)])


def _state(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for node, state in zip(snapshot.facts.nodes, snapshot.readings.state, strict=True):
            for number, name in enumerate(NODE_STATES):
                yield (node.name, name), float(state == number)


def _reason(snapshot: Snapshot) -> Iterator[Sample]:
    if snapshot.readings is not None:
        for node, present in zip(snapshot.facts.nodes, snapshot.readings.scheduler.reasons, strict=True):
            for reason in snapshot.facts.reasons:
                yield (node.name, reason), float(reason == present)


def _asleep(snapshot: Snapshot) -> Iterator[Sample]:
    for node, seconds in zip(snapshot.facts.nodes, snapshot.totals.asleep_seconds, strict=True):
        yield (node.name,), float(seconds)


def _wakes(snapshot: Snapshot) -> Iterator[Sample]:
    totals = snapshot.totals
    for node, wakes, failed in zip(snapshot.facts.nodes, totals.wakes, totals.failed_wakes, strict=True):
        yield (node.name, "awake"), float(wakes)
        yield (node.name, "failed"), float(failed)


def _moved(snapshot: Snapshot, read: Callable[[Totals], FloatArray]) -> Iterator[Sample]:
    """Yield a figure for each pair of different sites; a cluster at one site moves nothing."""
    moved, names = read(snapshot.totals), snapshot.facts.sites
    for here, from_site in enumerate(names):
        for there, to_site in enumerate(names):
            if here != there:
                yield (from_site, to_site), float(moved[here, there])


SITES: tuple[Row[Snapshot], ...] = (
    counter(
        name="ecochain_flow_joules_total",
        unit="joules",
        labels=("site", "from", "to"),
        help="Energy at the site by source and sink; the losses arise in batteries, in both directions. Sun and wind "
        "have a part in each use in proportion to their generation.",
        read=_flows,
    ),
    gauge(
        name="ecochain_site_grid_intensity_grams_per_kwh",
        unit="grams_per_kwh",
        labels=("site",),
        help="Carbon intensity of the grid at the site in the last step.",
        read=_grid,
    ),
    gauge(
        name="ecochain_site_battery_charge_ratio",
        unit="ratio",
        labels=("site",),
        help="State of charge of all batteries at the site together; missing for a site without batteries.",
        read=_charge,
    ),
    counter(
        name="ecochain_site_life_cycle_grams_total",
        unit="grams",
        labels=("site",),
        help="CO2e emissions of making the panels, turbines and batteries of the site, which no other family contains; "
        "missing for a scenario without life_cycle.",
        read=_life_cycle,
    ),
    gauge(
        name="ecochain_node_state",
        labels=("node", "state"),
        help="State of the node at the end of the last step, 1 for the present state and 0 for the others. A node that "
        "falls asleep counts as asleep.",
        read=_state,
    ),
    gauge(
        name="ecochain_node_state_reason",
        labels=("node", "reason"),
        help="Reason for the present state of the node, 1 for the present reason and 0 for the others that the run's "
        "way to sleep knows. A reason to keep a node awake comes before the node's work of the moment.",
        read=_reason,
    ),
    counter(
        name="ecochain_node_asleep_seconds_total",
        unit="seconds",
        labels=("node",),
        help="Simulated time that the node spent asleep.",
        read=_asleep,
    ),
    counter(
        name="ecochain_node_wakes_total",
        labels=("node", "outcome"),
        help="Wakes of the node that succeeded (awake), or failed and were tried again (failed).",
        read=_wakes,
    ),
    counter(
        name="ecochain_transfer_bytes_total",
        unit="bytes",
        labels=("from_site", "to_site"),
        help="Input of tasks that was sent from the site of the arrival to the site of the execution.",
        read=partial(_moved, read=lambda totals: totals.moved_bytes),
    ),
    counter(
        name="ecochain_transfer_joules_total",
        unit="joules",
        labels=("from_site", "to_site"),
        help="Energy of the network for the input of tasks between two sites, bought from the grids of both.",
        read=partial(_moved, read=lambda totals: totals.moved_joules),
    ),
)
