"""The course of a run, hour by hour: its supply, its batteries, its nodes, and the tasks that wait."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from exporter.core.config import ConfigError
from exporter.core.units import HOURS_PER_DAY, JOULES_PER_KWH, SECONDS_PER_HOUR
from simulator.arrays import CountArray, FloatArray, IntArray
from simulator.assembly.layout import Layout, first_day_of, layout_of
from simulator.energy.bus import SINKS, SOURCES
from simulator.run.engine import Engine
from simulator.run.job import Job
from simulator.run.simulate import prepared
from simulator.scenario.schema import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """H hours of a run after its warm-up, from midnight of `first_day` on, at P sites with N nodes.

    `watts` (H, P, 4, 5) are the flows of energy by `SOURCES` and `SINKS`, as the mean power of the hour.
    `grams_per_kwh` (H, P) is the grid's intensity. `charge` (H, P) is the share of the batteries' capacity that they
    hold at the end of the hour, NaN at a site without one. `awake` and `busy` (H, N) are shares of the hour, and `held`
    (H,) the tasks that wait for a later hour at its end.
    """

    scenario: str
    method: str
    seed: int
    first_day: date
    sites: tuple[str, ...]
    nodes: tuple[str, ...]
    site_of_node: tuple[int, ...]
    watts: FloatArray
    grams_per_kwh: FloatArray
    charge: FloatArray
    awake: FloatArray
    busy: FloatArray
    held: CountArray

    @property
    def days(self) -> int:
        """Return the number of days."""
        return len(self.held) // HOURS_PER_DAY


def course_of(job: Job) -> Course:
    """Run a job, and return its course. Raises ConfigError for the published model, which has no course."""
    scenario = job.scenario
    if not isinstance(scenario, Scenario):
        raise ConfigError([f"--scenario: expected one of the model edge, got {scenario.name}"])
    engine, warm_up, steps = prepared(job)
    engine.run(warm_up)
    engine.begin()
    layout = layout_of(scenario, job.seed, job.nodes)
    hours = _Hours(engine, np.array([bus.place for bus in layout.buses], dtype=np.int32), len(layout.places))
    per_hour = round(SECONDS_PER_HOUR / engine.plant.step)
    for _ in range(steps // per_hour):
        engine.run(per_hour)
        hours.note()
    return Course(
        scenario=scenario.name,
        method=job.method.policy,
        seed=job.seed,
        first_day=first_day_of(scenario, job.seed) + timedelta(days=scenario.run.warm_up_days),
        sites=tuple(place.name for place in layout.places),
        nodes=tuple(node.name for node in layout.nodes),
        site_of_node=_site_of_node(layout),
        watts=np.array(hours.watts),
        grams_per_kwh=np.array(hours.grams_per_kwh),
        charge=np.array(hours.charge),
        awake=np.array(hours.awake),
        busy=np.array(hours.busy),
        held=np.array(hours.held),
    )


def _site_of_node(layout: Layout) -> tuple[int, ...]:
    return tuple(layout.buses[node.bus].place for node in layout.nodes)


class _Hours:
    """The hours of a run so far."""

    def __init__(self, engine: Engine, site_of_bus: IntArray, sites: int) -> None:
        self._engine = engine
        self._site_of_bus = site_of_bus
        self._sites = sites
        self._trace = engine.trace()
        self._before = engine.totals.copy()
        self.watts: list[FloatArray] = []
        self.grams_per_kwh: list[FloatArray] = []
        self.charge: list[FloatArray] = []
        self.awake: list[FloatArray] = []
        self.busy: list[FloatArray] = []
        self.held: list[int] = []

    def note(self) -> None:
        """Take down the hour that has just ended."""
        engine, totals = self._engine, self._engine.totals
        seconds = sum(len(stretch.flows) for stretch in self._trace) * engine.plant.step
        flows = np.array([stretch.flows.sum(axis=0) for stretch in self._trace]).sum(axis=0)
        self.watts.append(self._by_site(flows) / seconds)
        intensity = self._trace[-1].grams_per_joule * JOULES_PER_KWH
        self.grams_per_kwh.append(self._by_site(intensity) / self._by_site(np.ones_like(intensity)))
        capacity = self._by_site(engine.plant.batteries.capacity)
        held = self._by_site(engine.stored)
        self.charge.append(np.divide(held, capacity, out=np.full_like(capacity, np.nan), where=capacity > 0.0))
        self.awake.append(1.0 - (totals.asleep_seconds - self._before.asleep_seconds) / seconds)
        self.busy.append((totals.busy_seconds - self._before.busy_seconds) / seconds)
        self.held.append(engine.waiting)
        self._trace.clear()
        self._before = totals.copy()

    def _by_site(self, figures: FloatArray) -> FloatArray:
        """Return the sums by site (P, ...) of figures by bus (B, ...)."""
        summed: FloatArray = np.zeros((self._sites, *figures.shape[1:]))
        np.add.at(summed, self._site_of_bus, figures)
        return summed


LOAD, STORED, SOLD, CURTAILED, LOST = (SINKS.index(name) for name in ("load", "battery", "grid", "curtailed", "loss"))
"""The columns of a flow matrix."""

SUN, WIND, BATTERY, GRID = (SOURCES.index(name) for name in ("solar", "wind", "battery", "grid"))
"""The rows of a flow matrix."""
