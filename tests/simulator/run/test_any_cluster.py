"""Laws of any cluster: whatever its sites, devices, sleep, charging and policy, energy and tasks are accounted for."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.energy.bus import SINKS, SOURCES
from simulator.hardware.shipped import DEVICES
from simulator.run.job import Method
from simulator.run.simulate import build_engine
from simulator.scenario.schema import (
    BatterySection,
    GridSection,
    NetworkSection,
    NodeSection,
    PlaceSection,
    Scenario,
    SchedulerSection,
)
from simulator.scenario.supply import SolarSection, WindSection
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.policies import POLICIES
from tests.simulator.scenario.scenarios import edge

STEPS = 150
SOLAR = SolarSection(area_square_metres=0.3)
WIND = WindSection(rotor_square_metres=0.3, rated_watts=80.0)
BATTERY = BatterySection(capacity_watt_hours=30.0, charge_watts=20.0, discharge_watts=25.0)

OWN = "tests.simulator.scheduling.own.own_policies:AtRandom"
"""A policy of a user's own that decides everything, at random."""


@st.composite
def clusters(draw: st.DrawFn) -> Scenario:
    """Draw a cluster of one to three sites, some of them without nodes or supply."""

    def maybe(section: Any) -> Any:
        return draw(st.sampled_from([None, section]))

    places = tuple(
        PlaceSection(
            name=f"site-{number}",
            latitude=draw(st.floats(-60.0, 60.0)),
            longitude=draw(st.floats(-180.0, 180.0)),
            utc_offset_hours=float(draw(st.integers(-12, 14))),
            grid=draw(st.sampled_from([GridSection(generated="fr"), GridSection(intensity_grams_per_kwh=(500.0,))])),
            solar=maybe(SOLAR),
            wind=maybe(WIND),
            battery=maybe(BATTERY),
            sells_surplus=draw(st.booleans()),
            arrivals_share=draw(st.sampled_from([1.0, 3.0])),
        )
        for number in range(draw(st.integers(1, 3)))
    )
    nodes = tuple(
        NodeSection(
            name=f"node-{number}",
            device=draw(st.sampled_from(sorted(DEVICES))),
            site=draw(st.sampled_from(places)).name,
            solar=maybe(SOLAR),
            battery=maybe(BATTERY),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    scheduler = SchedulerSection(
        policy=draw(st.sampled_from([*(name for name in POLICIES if ":" not in name), OWN])),
        sleeping=draw(st.sampled_from(["never", "timeout", "consolidate"])),
        charging=draw(st.sampled_from(["never", "clean-hours"])),
        failed_wakes=draw(st.sampled_from([0.0, 0.3])),
        longest_wait_seconds=draw(st.sampled_from([5.0, 600.0])),
    )
    arrivals = msgspec.structs.replace(
        edge().workload.arrivals, rate_per_hour=draw(st.sampled_from([0.0, 20.0, 300.0]))
    )
    plain = {name: type(getattr(edge(), name))() for name in ("site", "weather", "grid")}
    return edge(
        **plain,
        sites=places,
        nodes=nodes,
        network=NetworkSection(energy=draw(st.sampled_from(["none", "carbon-trust-mobile"]))),
        scheduler=scheduler,
        workload=msgspec.structs.replace(edge().workload, arrivals=arrivals),
    )


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(clusters(), st.integers(0, 1000))
def test_energy_and_tasks_of_any_cluster_are_accounted_for(scenario: Scenario, seed: int) -> None:
    method = Method(name="x", policy=scenario.scheduler.policy)
    engine = build_engine(scenario, method, seed, backend=Backend.PLAIN)
    work = np.zeros(len(engine.plant.cluster.names))
    for _ in range(STEPS):
        work += engine.step().work.joules
    totals, queue = engine.totals, engine.queue
    assert totals.consumed == pytest.approx(totals.idle + totals.ledger + work, rel=1e-9, abs=1e-6)
    flow = {
        (source, sink): totals.flows[:, row, column]
        for row, source in enumerate(SOURCES)
        for column, sink in enumerate(SINKS)
    }
    assert min(part.min() for part in flow.values()) >= 0.0
    load = sum(flow[source, "load"] for source in SOURCES)
    assert load == pytest.approx(engine.buses.sum(totals.consumed), rel=1e-9, abs=1e-6)
    generated = sum(flow[source, sink] for source in ("solar", "wind") for sink in SINKS)
    assert generated == pytest.approx(totals.generation, rel=1e-9, abs=1e-6)
    into = sum(flow[source, "battery"] for source in SOURCES)
    out = sum(flow["battery", sink] for sink in SINKS)
    assert into - out == pytest.approx(engine.stored - engine.beginning.stored, rel=1e-9, abs=1e-3)
    ended = int(totals.class_tasks[:, [0, 2]].sum())
    assert ended + len(queue.pending) + engine.waiting == totals.class_offered.sum()
    assert (totals.asleep_seconds >= 0.0).all()
    assert (totals.asleep_seconds + totals.busy_seconds <= engine.clock + 1e-6).all()
