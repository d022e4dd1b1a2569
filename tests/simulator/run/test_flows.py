"""The flows of whole runs close with all other figures, and batteries carry clean hours of the grid to others."""

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from exporter.core.units import SECONDS_PER_HOUR
from simulator.arrays import FloatArray
from simulator.energy.bus import SINKS, SOURCES
from simulator.run.engine import Engine, StepRecord
from simulator.run.job import Job, Method
from simulator.run.simulate import build_engine, figures, simulate
from simulator.scenario.schema import BatterySection, NodeSection, PlaceSection, Scenario
from tests.simulator.scenario.scenarios import edge

DAY = 288
TOLERANCE = 1e-9 * SECONDS_PER_HOUR
"""1e-9 Wh, in joules."""
BATTERY = BatterySection(capacity_watt_hours=100.0, charge_watts=40.0, discharge_watts=40.0)
JOINT = Method(name="x", policy="joint")
NIGHT, DAYTIME = 100.0, 500.0
"""Grams per kWh before and after 4 o'clock."""


def two_tariffs(scenario: Scenario) -> Scenario:
    """Return the scenario on a grid that is clean for four hours of a day, with batteries that charge then."""
    hourly = (*[NIGHT] * 4, *[DAYTIME] * 20)
    return msgspec.structs.replace(
        scenario,
        grid=msgspec.structs.replace(scenario.grid, intensity_grams_per_kwh=hourly, generated=None),
        scheduler=msgspec.structs.replace(scenario.scheduler, charging="clean-hours"),
    )


def battery_on_the_grid() -> Scenario:
    """Return one node that has a battery and no supply."""
    return two_tariffs(edge(nodes=(NodeSection(name="one", device=edge().nodes[0].device, battery=BATTERY),)))


def two_sites() -> Scenario:
    """Return two sites with common buses, of which one has a node with a supply of its own, too."""
    base = two_tariffs(edge())
    device = base.nodes[0].device
    solar = next(node.solar for node in base.nodes if node.solar is not None)
    wind = next(node.wind for node in base.nodes if node.wind is not None)
    sites = tuple(
        PlaceSection(
            name=name,
            latitude=latitude,
            longitude=0.0,
            altitude_metres=10.0,
            utc_offset_hours=0.0,
            grid=base.grid,
            solar=solar,
            wind=wind,
            battery=BATTERY,
            sells_surplus=name == "north",
        )
        for name, latitude in (("north", 54.0), ("south", 44.0))
    )
    nodes = (
        NodeSection(name="a", device=device, site="north"),
        NodeSection(name="b", device=device, site="north"),
        NodeSection(name="c", device=device, site="south"),
        NodeSection(name="d", device=device, site="south", solar=solar, battery=BATTERY),
    )
    return msgspec.structs.replace(base, sites=sites, nodes=nodes)


SCENARIOS = {"edge": edge, "charging": lambda: two_tariffs(edge()), "grid": battery_on_the_grid, "sites": two_sites}


def course(scenario: Scenario) -> Iterator[tuple[Engine, StepRecord, dict[str, FloatArray]]]:
    """Yield the engine, the record, and what the totals and the content of the batteries gained, for each step."""
    engine = build_engine(scenario, JOINT, 5)
    for _ in range(2 * DAY):
        before, stored = engine.totals.copy(), engine.stored.copy()
        record = engine.step()
        names = (name for name in before.__dataclass_fields__ if name != "sums")
        gained = {name: getattr(engine.totals, name) - getattr(before, name) for name in names}
        yield engine, record, gained | {"stored": engine.stored - stored}


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_every_step_rows_and_columns_close_with_all_other_figures(name: str) -> None:
    seen = np.zeros((len(SOURCES), len(SINKS)))
    for engine, record, gained in course(SCENARIOS[name]()):
        matrix, summary = record.flows.matrix, record.flows.summary
        solar, wind, battery, grid = matrix.sum(axis=2).T
        to_load, to_battery, to_grid, curtailed, _ = matrix.sum(axis=1).T
        back = engine.plant.batteries.discharge_efficiency
        parts = [rows[0] for rows in engine.plant.generation.parts(round(record.start / record.seconds), 1)]
        of_nodes = engine.buses.sum
        gaps = {
            "sun": solar - parts[1] * record.seconds,
            "wind": wind - (parts[0] - parts[1]) * record.seconds,
            "generation": solar + wind - gained["generation"],
            "renewable": matrix[:, :2, 0].sum(axis=1) - of_nodes(gained["renewable"]),
            "battery": battery - of_nodes(gained["battery"]) / back,
            "grid": grid - of_nodes(gained["grid"]) - matrix[:, 3, 1] - matrix[:, 3, 4],
            "import": grid - record.flows.grid_import,
            "load": to_load - of_nodes(record.load),
            "consumed": to_load - of_nodes(gained["renewable"] + gained["battery"] + gained["grid"]),
            "content": to_battery - battery - gained["stored"],
            "charged": gained["charged"] - summary[:, 4],
            "exported": to_grid - gained["exported"],
            "curtailed": curtailed - gained["curtailed"],
            "flows": (gained["flows"] - matrix).ravel(),
            "all sources": np.sum(matrix)
            - np.sum(gained["generation"] + record.flows.grid_import + of_nodes(gained["battery"]) / back),
        }
        # Differences of totals of a run are as exact as these are.
        rounding = np.spacing(engine.totals.flows.sum()) * 8
        assert {name: gap for name, gap in gaps.items() if np.abs(gap).max() > TOLERANCE + rounding} == {}
        assert matrix.min() >= 0.0
        seen += matrix.sum(axis=0)
    charges = name != "edge"
    assert (seen[SOURCES.index("grid"), SINKS.index("battery")] > 0.0) == charges
    assert seen[SOURCES.index("battery"), SINKS.index("load")] > 0.0


def test_a_battery_carries_the_clean_hours_of_the_grid_to_the_others() -> None:
    scenario = battery_on_the_grid()
    engine = build_engine(scenario, JOINT, 5)
    grams = kept = 0.0
    for _ in range(2 * DAY):
        record = engine.step()
        from_grid, flows = record.flows.grid_import[0], record.flows.matrix[0]
        grams += from_grid * record.grams_per_joule[0]
        clean = record.start % (24 * SECONDS_PER_HOUR) < 4 * SECONDS_PER_HOUR
        assert (flows[3, 1] == 0.0) or clean
        assert (flows[2, 0] == 0.0) or not clean
        kept += flows[3, 1]
    totals, told = engine.totals, figures(engine, 5)
    batteries = engine.plant.batteries
    assert kept > 0.0
    assert told.emissions_grams == pytest.approx(grams, rel=1e-12)
    assert told.grid_joules == pytest.approx(totals.flows[0, 3].sum(), rel=1e-12)
    # Of what the battery gave, all but its initial charge came from the grid.
    green = batteries.initial[0] * batteries.discharge_efficiency[0]
    assert totals.battery.sum() - totals.stored_grid.sum() <= green * (1.0 + 1e-9)
    assert totals.avoided.sum() == pytest.approx(
        (totals.battery.sum() - totals.stored_grid.sum()) * DAYTIME / 3.6e6, rel=1e-9
    )
    assert told.renewable_ratio == pytest.approx(
        (totals.battery.sum() - totals.stored_grid.sum()) / totals.consumed.sum(), rel=1e-9
    )


def test_charging_in_clean_hours_saves_emissions_and_never_charges_where_that_cannot() -> None:
    scenario = battery_on_the_grid()
    never = msgspec.structs.replace(scenario, scheduler=msgspec.structs.replace(scenario.scheduler, charging="never"))
    with_it, without = (simulate(Job(scenario=one, method=JOINT, seed=5)) for one in (scenario, never))
    assert with_it.emissions_grams < without.emissions_grams
    flat = msgspec.structs.replace(
        scenario, grid=msgspec.structs.replace(scenario.grid, intensity_grams_per_kwh=(300.0,))
    )
    engine = build_engine(flat, JOINT, 5)
    for _ in range(DAY):
        engine.step()
    assert not engine.totals.charged_from_grid.any()
    assert not engine.totals.stored_grid.any()
