"""Laws of the flows on a bus, cases worked out by hand, and a model of its own in decimal numbers of 50 digits."""

from collections.abc import Iterator
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import SECONDS_PER_HOUR, Joules, Watts
from simulator.arrays import FloatArray
from simulator.energy.battery import Battery
from simulator.energy.bus import QUANTITIES, SINKS, SOURCES
from simulator.scheduling.kernels.compiled import Backend
from tests.simulator.energy.settling import STEP, Buses

TOLERANCE = 1e-9 * SECONDS_PER_HOUR
"""1e-9 Wh, in joules."""
DIGITS = 50


def battery(**changed: float) -> Battery:
    """Return a battery of 1000 J that keeps four fifths of what goes in and gives half of what it holds."""
    given = {
        "capacity": 1000.0,
        "charge_limit": 10.0,
        "discharge_limit": 10.0,
        "charge_efficiency": 0.8,
        "discharge_efficiency": 0.5,
        "minimum_ratio": 0.0,
        "initial_ratio": 0.0,
    } | changed
    return Battery(**given)  # type: ignore[arg-type]


def one_step(
    bus: Buses, *, solar: float = 0.0, wind: float = 0.0, load: float = 0.0, asked: float = 0.0
) -> dict[tuple[str, str], float]:
    """Advance equal buses, of which the last is told of, and return its flows above zero."""
    given = (np.full(len(bus.stored), value) for value in (solar, wind, load, asked))
    flows = bus.step(*given)[0][-1]
    return {
        (source, sink): float(flows[row, column])
        for row, source in enumerate(SOURCES)
        for column, sink in enumerate(SINKS)
        if flows[row, column] != 0.0
    }


def test_the_grid_charges_the_battery_and_the_battery_serves_the_load() -> None:
    bus = Buses.of(battery())
    assert one_step(bus, asked=500.0) == {("grid", "battery"): 400.0, ("grid", "loss"): 100.0}
    assert one_step(bus, load=150.0) == {("battery", "load"): 150.0, ("battery", "loss"): 150.0}
    assert bus.stored.tolist() == [100.0]


def test_the_sun_charges_the_battery_and_the_battery_serves_the_load() -> None:
    bus = Buses.of(battery())
    assert one_step(bus, solar=600.0, load=100.0) == {
        ("solar", "load"): 100.0,
        ("solar", "battery"): 400.0,
        ("solar", "loss"): 100.0,
    }
    assert one_step(bus, load=300.0) == {
        ("battery", "load"): 200.0,
        ("battery", "loss"): 200.0,
        ("grid", "load"): 100.0,
    }


def test_sun_and_wind_have_a_part_in_each_use() -> None:
    bus = Buses.of(battery(charge_limit=2.0))
    assert one_step(bus, solar=3000.0, wind=1000.0, load=1000.0) == {
        ("solar", "load"): 750.0,
        ("solar", "battery"): 360.0,
        ("solar", "loss"): 90.0,
        ("solar", "curtailed"): 1800.0,
        ("wind", "load"): 250.0,
        ("wind", "battery"): 120.0,
        ("wind", "loss"): 30.0,
        ("wind", "curtailed"): 600.0,
    }


def test_a_bus_exports_by_day_and_discharges_by_night() -> None:
    bus = Buses.of(battery(), battery())
    assert one_step(bus, wind=2000.0, load=250.0) == {
        ("wind", "load"): 250.0,
        ("wind", "battery"): 1000.0,
        ("wind", "loss"): 250.0,
        ("wind", "grid"): 500.0,
    }
    assert one_step(bus, wind=100.0, load=300.0) == {
        ("wind", "load"): 100.0,
        ("battery", "load"): 200.0,
        ("battery", "loss"): 200.0,
    }


def test_one_bus_exports_while_another_of_the_site_discharges() -> None:
    # Only the second sells. What a site does is the sum over its buses.
    buses = Buses.of(battery(initial_ratio=1.0), battery(initial_ratio=1.0))
    flows, _ = buses.step(np.array([0.0, 600.0]), np.zeros(2), np.array([200.0, 100.0]), np.zeros(2))
    assert flows.sum(axis=0).tolist() == [
        [100.0, 0.0, 500.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [200.0, 0.0, 0.0, 0.0, 200.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ]


def test_a_full_battery_takes_nothing() -> None:
    bus = Buses.of(battery(initial_ratio=1.0))
    assert one_step(bus, solar=600.0, asked=50.0) == {("solar", "curtailed"): 600.0}
    assert bus.stored.tolist() == [1000.0]


def test_an_empty_battery_gives_nothing() -> None:
    bus = Buses.of(battery(minimum_ratio=0.25, initial_ratio=0.25))
    assert one_step(bus, load=70.0) == {("grid", "load"): 70.0}
    assert bus.stored.tolist() == [250.0]


def test_a_bus_without_a_battery_buys_what_it_lacks_and_no_more() -> None:
    bus = Buses.of(None)
    assert one_step(bus, solar=40.0, load=70.0, asked=50.0) == {("solar", "load"): 40.0, ("grid", "load"): 30.0}
    assert one_step(bus) == {}
    assert bus.stored.tolist() == [0.0]


def test_surplus_charges_before_the_grid() -> None:
    bus = Buses.of(battery(initial_ratio=0.8))  # takes 250 J
    assert one_step(bus, solar=150.0, asked=300.0) == {
        ("solar", "battery"): 120.0,
        ("solar", "loss"): 30.0,
        ("grid", "battery"): 80.0,
        ("grid", "loss"): 20.0,
    }


def test_a_battery_that_is_to_charge_is_not_discharged() -> None:
    bus = Buses.of(battery(initial_ratio=0.5))
    assert one_step(bus, solar=30.0, load=100.0, asked=100.0) == {
        ("solar", "load"): 30.0,
        ("grid", "load"): 70.0,
        ("grid", "battery"): 80.0,
        ("grid", "loss"): 20.0,
    }


@pytest.mark.parametrize("backend", Backend)
def test_a_battery_that_keeps_or_gives_nothing_is_not_used(backend: Backend) -> None:
    takes_none = Buses.of(battery(charge_efficiency=0.0, initial_ratio=1.0), backend=backend)
    assert one_step(takes_none, solar=50.0, asked=50.0) == {("solar", "curtailed"): 50.0}
    assert one_step(takes_none, load=50.0) == {("battery", "load"): 50.0, ("battery", "loss"): 50.0}
    assert one_step(takes_none, solar=50.0, asked=50.0) == {("solar", "curtailed"): 50.0}
    gives_none = Buses.of(battery(discharge_efficiency=0.0), backend=backend)
    assert one_step(gives_none, load=50.0) == {("grid", "load"): 50.0}
    assert one_step(gives_none, solar=50.0) == {("solar", "battery"): 40.0, ("solar", "loss"): 10.0}
    assert one_step(gives_none, load=50.0) == {("grid", "load"): 50.0}


def random_battery(random: np.random.Generator) -> Battery | None:
    """Draw any battery that can be configured, some at the bounds, or None."""
    if random.random() < 0.1:
        return None
    minimum, initial = sorted(random.choice([0.0, 1.0, *random.random(3)], 2))
    return Battery(
        capacity=Joules(10.0 ** random.uniform(0, 7)),
        charge_limit=Watts(10.0 ** random.uniform(-1, 4)),
        discharge_limit=Watts(10.0 ** random.uniform(-1, 4)),
        charge_efficiency=random.choice([1.0, random.uniform(0.1, 1.0)]),
        discharge_efficiency=random.choice([1.0, random.uniform(0.1, 1.0)]),
        minimum_ratio=float(minimum),
        initial_ratio=float(initial),
    )


def random_buses(random: np.random.Generator, count: int, backend: Backend = Backend.COMPILED) -> Buses:
    """Draw buses with any batteries."""
    return Buses.of(*(random_battery(random) for _ in range(count)), backend=backend)


def random_inputs(random: np.random.Generator, count: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Draw sun, wind, load and what is asked for, in joules, each sometimes zero and the last more often."""
    solar, wind, load, asked = (
        10.0 ** random.uniform(-3, 6, count) * (random.random(count) < share) for share in (0.7, 0.7, 0.9, 0.3)
    )
    return solar, wind, load, asked


def random_course(
    seed: int, count: int, steps: int
) -> Iterator[tuple[Buses, FloatArray, tuple[FloatArray, ...], FloatArray, FloatArray]]:
    """Yield for each step the buses, what they held before, the inputs, the flows and the summary."""
    random = np.random.default_rng(seed)
    buses = random_buses(random, count)
    for _ in range(steps):
        before, inputs = buses.stored.copy(), random_inputs(random, count)
        flows, summary = buses.step(*inputs)
        yield buses, before, inputs, flows, summary


def quantities(summary: FloatArray) -> dict[str, FloatArray]:
    """Return the columns of a summary by name."""
    return dict(zip(QUANTITIES, summary.T, strict=True))


def test_rows_and_columns_close_with_every_other_figure() -> None:
    for buses, before, (solar, wind, load, _), flows, summary in random_course(seed=1, count=100, steps=1000):
        assert flows.min() >= 0.0
        told = quantities(summary)
        from_solar, from_wind, from_battery, from_grid = flows.sum(axis=2).T
        to_load, to_battery, to_grid, curtailed, lost = flows.sum(axis=1).T
        efficiency, back = buses.batteries.charge_efficiency, buses.batteries.discharge_efficiency
        closing = {
            "solar": from_solar - solar,
            "wind": from_wind - wind,
            "generation": from_solar + from_wind - told["generation"],
            "import": from_grid - told["grid_import"],
            "load": to_load - load,
            "load told": told["load"] - load,
            "export": to_grid - told["export"],
            "curtailment": curtailed - told["curtailment"],
            "charge": to_battery - told["charge"] * efficiency,
            "discharge": from_battery - told["discharge"] / back,
            "content": to_battery - from_battery - (buses.stored - before),
            "loss": lost - told["charge"] * (1.0 - efficiency) - told["discharge"] * (1.0 / back - 1.0),
            "balance": told["generation"]
            + told["grid_import"]
            + told["discharge"]
            - (told["load"] + told["charge"] + told["export"] + told["curtailment"]),
        }
        assert {name: gap for name, gap in closing.items() if np.abs(gap).max() > TOLERANCE} == {}


def test_what_a_step_never_does() -> None:
    met = np.zeros(6)
    for buses, before, (_, _, _, asked), flows, summary in random_course(seed=2, count=100, steps=1000):
        told, batteries = quantities(summary), buses.batteries
        assert not told["discharge"][(told["charge"] > 0.0) | (told["export"] > 0.0) | (asked > 0.0)].any()
        assert not flows[:, SOURCES.index("battery"), 1:4].any()
        assert not flows[:, SOURCES.index("grid"), 2:4].any()
        left = told["curtailment"] + told["export"] > 0.0
        assert not told["grid_import"][left & (asked == 0.0)].any()
        assert not told["export"][~buses.sells].any()
        assert not told["curtailment"][buses.sells].any()
        assert (told["charge"] <= batteries.charge_limit * STEP).all()
        assert (told["discharge"] <= batteries.discharge_limit * STEP).all()
        assert ((buses.stored >= batteries.minimum) & (buses.stored <= batteries.capacity)).all()
        from_grid = flows[:, SOURCES.index("grid"), 1] > 0.0
        assert (asked[from_grid] > 0.0).all()
        short = (told["grid_import"] > 0.0) & (asked == 0.0)
        gives = np.minimum(
            batteries.discharge_limit * STEP, (before - batteries.minimum) * batteries.discharge_efficiency
        )
        assert (told["discharge"][short] == gives[short]).all()
        met += [np.count_nonzero(each) for each in (*summary.T[[1, 2, 4, 5, 6]], from_grid)]
    assert (met > 1000).all()


def test_compiled_and_interpreted_give_the_same_bits() -> None:
    random, again = np.random.default_rng(4), np.random.default_rng(4)
    compiled, plain = random_buses(random, 100), random_buses(again, 100, Backend.PLAIN)
    for _ in range(50):
        for one, other in zip(
            compiled.step(*random_inputs(random, 100)), plain.step(*random_inputs(again, 100)), strict=True
        ):
            assert one.tobytes() == other.tobytes()
        assert compiled.stored.tobytes() == plain.stored.tobytes()


@given(
    held=st.floats(0.0, 1.0),
    minimum=st.floats(0.0, 1.0),
    capacity=st.floats(1e-300, 1e9),
    efficiencies=st.tuples(st.floats(0.01, 1.0), st.floats(0.01, 1.0)),
    amount=st.floats(0.0, 1e9),
)
def test_rounding_leads_past_no_bound(
    held: float, minimum: float, capacity: float, efficiencies: tuple[float, float], amount: float
) -> None:
    kept, given_back = efficiencies
    bus = Buses.of(
        battery(
            capacity=capacity,
            charge_limit=1e9,
            discharge_limit=1e9,
            charge_efficiency=kept,
            discharge_efficiency=given_back,
            minimum_ratio=min(held, minimum),
            initial_ratio=max(held, minimum),
        )
    )
    least = bus.batteries.minimum[0]
    for solar, load, asked in ((amount, 0.0, 0.0), (0.0, 0.0, amount), (0.0, amount, 0.0)) * 3:
        assert all(flow >= 0.0 for flow in one_step(bus, solar=solar, load=load, asked=asked).values())
        assert least <= bus.stored[0] <= capacity


def exactly(
    stored: Decimal, inputs: list[Decimal], limits: list[Decimal], *, sells: bool
) -> tuple[list[list[Decimal]], Decimal]:
    """Return the flows of a step and the content after it, by serving one use after the other from what is left."""
    solar, wind, load, asked = inputs
    capacity, minimum, most_in, most_out, kept, given_back = limits
    flows = {(source, sink): Decimal(0) for source in SOURCES for sink in SINKS}
    left = {"solar": solar, "wind": wind}
    # The digits are many but not endless: what the model holds may end a hair past a bound.
    room, need = max(Decimal(0), min(most_in, (capacity - stored) / kept)), load
    for use, wanted in (("load", load), ("battery", room), ("grid" if sells else "curtailed", solar + wind)):
        together = sum(left.values())
        for source, amount in left.items():
            part = amount if together <= wanted else wanted * amount / together
            left[source] -= part
            flows[source, use] += part
            need -= part if use == "load" else 0
            room -= part if use == "battery" else 0
    if asked > 0:
        flows["grid", "battery"] = min(asked, room)
    else:
        flows["battery", "load"] = max(Decimal(0), min(need, most_out, (stored - minimum) * given_back))
        flows["battery", "loss"] = flows["battery", "load"] * (1 / given_back - 1)
    flows["grid", "load"] = need - flows["battery", "load"]
    for source in ("solar", "wind", "grid"):
        flows[source, "loss"] = flows[source, "battery"] * (1 - kept)
        flows[source, "battery"] *= kept
        stored += flows[source, "battery"]
    stored -= flows["battery", "load"] + flows["battery", "loss"]
    return [[flows[source, sink] for sink in SINKS] for source in SOURCES], stored


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_flows_and_batteries_are_those_of_a_model_of_fifty_digits(count: int) -> None:
    with localcontext(prec=DIGITS):
        carried: list[Decimal] = []
        for buses, before, inputs, flows, _ in random_course(seed=5, count=count, steps=3):
            batteries = buses.batteries
            limits = np.column_stack(
                (
                    batteries.capacity,
                    batteries.minimum,
                    batteries.charge_limit * STEP,
                    batteries.discharge_limit * STEP,
                    batteries.charge_efficiency,
                    batteries.discharge_efficiency,
                )
            )
            carried = carried or [Decimal(held) for held in before.tolist()]
            rows = zip(np.column_stack(inputs).tolist(), limits.tolist(), buses.sells.tolist(), strict=True)
            for b, (given, bounds, sells) in enumerate(rows):
                exact_inputs, exact_bounds = [Decimal(one) for one in given], [Decimal(one) for one in bounds]
                largest = flows[b].max()
                # From what the bus held: flows that are right to the step's largest.
                expected, after = exactly(Decimal(float(before[b])), exact_inputs, exact_bounds, sells=sells)
                assert np.abs(flows[b] - np.array(expected, float)).max() <= 1e-12 * largest
                assert abs(float(after) - buses.stored[b]) <= 1e-12 * max(largest, before[b])
                # And from what the model itself held: errors that do not add up.
                expected, carried[b] = exactly(carried[b], exact_inputs, exact_bounds, sells=sells)
                scale = max(largest, bounds[0])
                assert np.abs(flows[b] - np.array(expected, float)).max() <= 1e-12 * scale
                assert abs(float(carried[b]) - buses.stored[b]) <= 1e-12 * scale
