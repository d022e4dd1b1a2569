"""The figures of each site of a snapshot, which the page, the JSON and the exposition show.

A missing figure is null, never zero. "Today" is the simulated day.
"""

import math

import msgspec
import numpy as np

from exporter.core.units import JOULES_PER_KWH
from simulator.arrays import FloatArray
from simulator.live.snapshot import NODE_STATES, Readings, Snapshot


class SiteView(msgspec.Struct, frozen=True, kw_only=True):
    """State of a site: what its nodes consume, its supply generates, and both buy for load and batteries.

    `battery_charge_ratio`, of all batteries at the site together, is null without any; bytes of tasks' input that came
    from other sites, or went there, are null where there is one site alone.
    """

    name: str
    grid_grams_per_kwh: float | None
    load_watts: float | None
    generation_watts: float | None
    bought_watts: float | None
    battery_charge_ratio: float | None
    awake_nodes: int | None
    nodes: int
    moved_in_today_bytes: float | None
    moved_out_today_bytes: float | None


def sites_of(snapshot: Snapshot) -> list[SiteView]:
    """Return the sites in the order of the scenario."""
    facts, now = snapshot.facts, snapshot.readings
    figures = {} if now is None else _figures(snapshot, now)
    moved = (snapshot.totals.moved_bytes - snapshot.at_midnight.moved_bytes) if len(facts.sites) > 1 else None
    return [
        SiteView(
            name=name,
            grid_grams_per_kwh=known(figures.get("grid"), site),
            load_watts=known(figures.get("load"), site),
            generation_watts=known(figures.get("generation"), site),
            bought_watts=known(figures.get("bought"), site),
            battery_charge_ratio=known(figures.get("charge"), site),
            awake_nodes=None if now is None else _awake(snapshot, now, name),
            nodes=sum(node.site == name for node in facts.nodes),
            moved_in_today_bytes=None if moved is None else _from_others(moved[:, site], site),
            moved_out_today_bytes=None if moved is None else _from_others(moved[site], site),
        )
        for site, name in enumerate(facts.sites)
    ]


def grid_intensities(snapshot: Snapshot, now: Readings) -> FloatArray:
    """Return the carbon intensity (S,) of the grid at each site in grams per kWh."""
    of_site = [snapshot.facts.site_of_bus.index(site) for site in range(len(snapshot.facts.sites))]
    return now.record.grams_per_joule[of_site] * JOULES_PER_KWH


def battery_charges(snapshot: Snapshot, now: Readings) -> FloatArray:
    """Return what the batteries of each site (S,) hold over what they could, NaN for a site without batteries."""
    capacity = np.array(snapshot.facts.battery_joules)
    whole = _by_site(snapshot, capacity)
    held = _by_site(snapshot, np.nan_to_num(now.charge) * capacity)
    return np.divide(held, whole, out=np.full_like(whole, np.nan), where=whole > 0.0)


def known(values: FloatArray | None, index: int) -> float | None:
    """Return an entry of figures, None where it is not a number or there are none."""
    return None if values is None or not math.isfinite(values[index]) else float(values[index])


def _figures(snapshot: Snapshot, now: Readings) -> dict[str, FloatArray]:
    flows, seconds = now.record.flows, now.record.seconds
    return {
        "grid": grid_intensities(snapshot, now),
        "load": _by_site(snapshot, flows.load) / seconds,
        "generation": _by_site(snapshot, flows.generation) / seconds,
        "bought": _by_site(snapshot, flows.grid_import) / seconds,
        "charge": battery_charges(snapshot, now),
    }


def _by_site(snapshot: Snapshot, values: FloatArray) -> FloatArray:
    """Sum a figure (B,) of buses by site (S,)."""
    facts = snapshot.facts
    sums = np.zeros(len(facts.sites))
    np.add.at(sums, np.array(facts.site_of_bus), values)
    return sums


def _awake(snapshot: Snapshot, now: Readings, site: str) -> int:
    states = [state for node, state in zip(snapshot.facts.nodes, now.state, strict=True) if node.site == site]
    return states.count(NODE_STATES.index("awake"))


def _from_others(moved: FloatArray, site: int) -> float:
    """Sum what one site moved (S,) to or from the others, without itself."""
    return float(np.delete(moved, site).sum())
