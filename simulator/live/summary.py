"""The summary of a snapshot for people: the answer of `/api/v1/summary`, and the content of the page.

Units are in the names. A missing figure is null, never zero. "Today" is the simulated day.
"""

from datetime import datetime, timedelta, timezone

import msgspec
import numpy as np

from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.energy.clear_sky import CYCLE_DAYS
from simulator.live.flows import FlowView, flows_of
from simulator.live.forecast_view import ForecastView, forecasts_of
from simulator.live.ledger.view import LedgerView, view_of
from simulator.live.ledger.worth import WorthView
from simulator.live.scheduler_view import SchedulerView, scheduler_of
from simulator.live.sites import SiteView, known, sites_of
from simulator.live.snapshot import PowerPoint, Readings, Snapshot, speed_text
from simulator.live.worth import worth_of

ERA_BEGINS, ERA = 1600, timedelta(days=21 * CYCLE_DAYS)
"""First year, and the 21 cycles of the calendar to the last year of four digits. Then the years start again."""


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts of the summary."""


class NodeView(_View, frozen=True):
    """State of a node; `battery_charge_ratio` is null without a battery, `frequency_hertz` before its first task.

    Supply, grid and battery are null for a node that shares a bus with others: the site has them.
    """

    name: str
    site: str
    device: str
    supply: str
    shares_bus: bool
    load_watts: float | None
    supply_watts: float | None
    grid_watts: float | None
    battery_charge_ratio: float | None
    frequency_hertz: float | None
    backlog_seconds: float | None
    utilization_ratio: float | None
    queued_tasks: float | None


NODE_FACTS = ("name", "site", "device", "supply", "shares_bus")

NODE_FIGURES = tuple(name for name in NodeView.__struct_fields__ if name not in NODE_FACTS)


class Today(_View, frozen=True):
    """Figures of the simulated day so far."""

    energy_joules: float
    renewable_ratio: float | None
    emissions_grams: float
    avoided_grams: float
    on_time: int
    late: int
    dropped: int
    miss_ratio: float | None


class Summary(_View, frozen=True):
    """The whole summary; `clock_time` is simulated local time, `clock_seconds` counts from the start.

    After 9999 the years of `clock_time` go on with 1600, which has the same days; `clock_seconds` just goes on.
    """

    version: str
    scenario: str
    seed: int
    policy: str
    forecaster: str
    ledger: str
    published_at: float | None
    fresh: bool
    interval_seconds: float
    clock_time: str
    clock_seconds: float
    wanted_speed: str
    speed: float | None
    power_watts: float | None
    generation_watts: float | None
    grid_watts: float | None
    emission_grams_per_hour: float | None
    grid_grams_per_kwh: float | None
    held_tasks: int | None
    scheduler: SchedulerView | None
    today: Today
    sites: list[SiteView]
    flows: list[FlowView]
    nodes: list[NodeView]
    forecasts: list[ForecastView]
    chain: LedgerView | None
    worth: WorthView | None


class PointView(_View, frozen=True):
    """One point of `/api/v1/history`: mean power over the five simulated minutes before `clock_seconds`."""

    clock_seconds: float
    clock_time: str
    renewable_watts: float
    battery_watts: float
    grid_watts: float
    generation_watts: float


def summarize(snapshot: Snapshot, *, fresh: bool) -> Summary:
    """Return the summary of a snapshot; of one that is not `fresh`, hand over `without_readings`."""
    facts, now = snapshot.facts, snapshot.readings
    return Summary(
        version=facts.version,
        scenario=facts.scenario,
        seed=facts.seed,
        policy=facts.policy,
        forecaster=facts.forecaster,
        ledger=facts.ledger,
        published_at=snapshot.published_at,
        fresh=fresh,
        interval_seconds=facts.interval,
        clock_time=local_time(snapshot, snapshot.clock),
        clock_seconds=snapshot.clock,
        wanted_speed=speed_text(facts.speed),
        speed=None if now is None else now.speed,
        power_watts=None if now is None else float(_watts(now, now.record.flows.load).sum()),
        generation_watts=None if now is None else float(_watts(now, now.record.flows.generation).sum()),
        grid_watts=None if now is None else float(_watts(now, now.record.flows.grid_import).sum()),
        emission_grams_per_hour=None if now is None else _grams_per_hour(now),
        grid_grams_per_kwh=None if now is None else _grid_intensity(now) * JOULES_PER_KWH,
        held_tasks=None if now is None else snapshot.waiting,
        scheduler=scheduler_of(snapshot),
        today=_today(snapshot),
        sites=sites_of(snapshot),
        flows=flows_of(snapshot),
        nodes=_nodes(snapshot),
        forecasts=forecasts_of(snapshot),
        chain=view_of(snapshot.ledger),
        worth=worth_of(snapshot),
    )


def local_time(snapshot: Snapshot, clock: float) -> str:
    """Return simulated local time in ISO 8601, to the second, with years that start again at 1600 after 9999."""
    zone = timezone(timedelta(seconds=snapshot.facts.zone))
    begins = datetime(ERA_BEGINS, 1, 1, tzinfo=zone)
    since = timedelta(seconds=snapshot.facts.start + clock - begins.timestamp())
    return (begins + since % ERA).isoformat(timespec="seconds")


def history(snapshot: Snapshot) -> list[PointView]:
    """Return the last simulated day, oldest first."""
    return [_point(snapshot, point) for point in snapshot.history]


def _point(snapshot: Snapshot, point: PowerPoint) -> PointView:
    return PointView(
        clock_seconds=point.clock,
        clock_time=local_time(snapshot, point.clock),
        renewable_watts=point.renewable,
        battery_watts=point.battery,
        grid_watts=point.grid,
        generation_watts=point.generation,
    )


def _watts(now: Readings, joules: FloatArray) -> FloatArray:
    return joules / now.record.seconds


def _grams_per_hour(now: Readings) -> float:
    return float(_watts(now, now.record.flows.grid_import).sum()) * _grid_intensity(now) * SECONDS_PER_HOUR


def _grid_intensity(now: Readings) -> float:
    """Return grams per joule: of all that is bought at the moment, or the mean of the grids where nothing is."""
    grams, bought = now.record.grams_per_joule, now.record.flows.grid_import
    if (grams == grams[0]).all():
        return float(grams[0])
    return float((grams * bought).sum() / bought.sum() if bought.any() else grams.mean())


def _today(snapshot: Snapshot) -> Today:
    now, before = snapshot.totals, snapshot.at_midnight

    def since(name: str) -> float:
        return float((getattr(now, name) - getattr(before, name)).sum())

    energy = since("consumed")
    completed, late, dropped = (int(count) for count in (now.class_tasks - before.class_tasks).sum(axis=0))
    ended = completed + dropped
    return Today(
        energy_joules=energy,
        renewable_ratio=1.0 - (since("grid") + since("stored_grid")) / energy if energy > 0 else None,
        emissions_grams=since("emissions") + since("charging_grams"),
        avoided_grams=since("avoided"),
        on_time=completed - late,
        late=late,
        dropped=dropped,
        miss_ratio=(late + dropped) / ended if ended > 0 else None,
    )


def _nodes(snapshot: Snapshot) -> list[NodeView]:
    figures = {} if snapshot.readings is None else _figures(snapshot, snapshot.readings)
    return [
        NodeView(
            name=node.name,
            site=node.site,
            device=node.device,
            supply=node.supply,
            shares_bus=not node.alone,
            **{name: known(figures.get(name), index) for name in NODE_FIGURES},
        )
        for index, node in enumerate(snapshot.facts.nodes)
    ]


def _figures(snapshot: Snapshot, now: Readings) -> dict[str, FloatArray]:
    record, flows = now.record, now.record.flows
    return {
        "load_watts": _watts(now, record.load),
        "supply_watts": _of_the_bus(snapshot, _watts(now, flows.generation)),
        "grid_watts": _of_the_bus(snapshot, _watts(now, flows.grid_import)),
        "battery_charge_ratio": _of_the_bus(snapshot, now.charge),
        "frequency_hertz": record.frequency,
        "backlog_seconds": record.backlog,
        "utilization_ratio": record.utilization,
        "queued_tasks": now.scheduler.queued.astype(np.float64),
    }


def _of_the_bus(snapshot: Snapshot, values: FloatArray) -> FloatArray:
    """Return a figure (N,) of buses, unknown for nodes that share theirs."""
    return np.array([values[node.bus] if node.alone else np.nan for node in snapshot.facts.nodes])
