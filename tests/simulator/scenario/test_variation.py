"""Laws of varied scenarios: only what is meant changes, by its factor, and back again."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from simulator.assembly.grids import adjusted
from simulator.assembly.history import intensity_days
from simulator.assembly.layout import layout_of
from simulator.run.job import Job, Method, RunResult
from simulator.run.simulate import simulate
from simulator.scenario.devices import DeviceSection
from simulator.scenario.schema import GridSection, RunSection, Scenario
from simulator.scenario.variation import VARIATIONS, vary
from tests.simulator.scenario.scenarios import edge, shipped

DEVICES = ("idle-watts", "speeds")

LEAVES = {
    "load": {"rate_per_hour"},
    "deadlines": {"deadline_seconds"},
    "batteries": {"capacity_watt_hours", "charge_watts", "discharge_watts"},
    "supply": {"area_square_metres", "rotor_square_metres", "rated_watts"},
    "grid": {"intensity_factor"},
    "grid-spread": {"intensity_spread"},
}
"""Keys that a parameter changes, but for those of devices."""

factors = st.floats(0.25, 4.0)
parameters = st.sampled_from(list(VARIATIONS))
scenarios = st.sampled_from(["edge", "regions"])


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every figure of a scenario with its path."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from leaves(value, (*path, key))
    else:
        yield path, data


def figures(scenario: Scenario) -> dict[tuple[Any, ...], Any]:
    return dict(leaves(msgspec.json.decode(msgspec.json.encode(scenario))))


def hardware(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the devices of the nodes without their names and sources."""
    return [
        {key: value for key, value in asdict(node.device).items() if key not in {"name", "source"}}
        for node in layout_of(scenario).nodes
    ]


@given(scenarios, parameters)
def test_the_factor_one_changes_nothing(name: str, parameter: str) -> None:
    scenario = shipped(name)
    assert msgspec.json.encode(vary(scenario, parameter, 1.0)) == msgspec.json.encode(scenario)


@given(scenarios, parameters, factors)
def test_a_factor_and_its_inverse_return(name: str, parameter: str, factor: float) -> None:
    scenario = shipped(name)
    back = vary(vary(scenario, parameter, factor), parameter, 1.0 / factor)
    if parameter not in DEVICES:
        expected = figures(scenario)
        assert figures(back) == {
            path: pytest.approx(value) if isinstance(value, float) else value for path, value in expected.items()
        }
        return
    for one, other in zip(hardware(back), hardware(scenario), strict=True):
        assert dict(leaves(one)) == {
            path: pytest.approx(value) if isinstance(value, float) else value
            for path, value in leaves(other)
            if path != ("sleep", "source")
        } | {("sleep", "source"): one["sleep"]["source"]}


@given(scenarios, st.sampled_from(list(LEAVES)), factors.filter(lambda one: one != 1.0))
def test_only_the_meant_part_changes_and_by_its_factor(name: str, parameter: str, factor: float) -> None:
    before, after = figures(shipped(name)), figures(vary(shipped(name), parameter, factor))
    assert before.keys() == after.keys()
    changed = {path for path in before if before[path] != after[path]}
    assert {path[-1] for path in changed} == LEAVES[parameter]
    assert all(after[path] == pytest.approx(before[path] * factor) for path in changed)
    same = {path for path in before if path[-1] in LEAVES[parameter] and path not in changed}
    # Scenarios with several sites have no grid but those of the sites.
    assert {path[0] for path in same} <= ({"grid"} if name == "regions" else set())


@given(scenarios, factors)
def test_idle_power_changes_awake_and_asleep_and_what_work_adds_stays(name: str, factor: float) -> None:
    scenario = shipped(name)
    varied = vary(scenario, "idle-watts", factor)
    for one, other in zip(hardware(varied), hardware(scenario), strict=True):
        assert one["idle_watts"] == pytest.approx(other["idle_watts"] * factor)
        assert one["sleep"]["watts"] == pytest.approx(other["sleep"]["watts"] * factor)
        assert one["full_watts"] - one["idle_watts"] == pytest.approx(other["full_watts"] - other["idle_watts"])
        for key in ("idle_watts", "full_watts", "sleep"):
            del one[key], other[key]
        assert one == other


@given(scenarios, factors)
def test_all_speeds_change_alike(name: str, factor: float) -> None:
    scenario = shipped(name)
    for one, other in zip(hardware(vary(scenario, "speeds", factor)), hardware(scenario), strict=True):
        assert one["speed"] == pytest.approx(other["speed"] * factor)
        assert one["speeds"] == {model: pytest.approx(speed * factor) for model, speed in other["speeds"].items()}
        for key in ("speed", "speeds"):
            del one[key], other[key]
        del one["sleep"]["source"], other["sleep"]["source"]
        assert one == other


def run(scenario: Scenario, policy: str = "shifting") -> RunResult:
    short = msgspec.structs.replace(scenario, run=RunSection(days=1, warm_up_days=0))
    return simulate(Job(scenario=short, method=Method(name="x", policy=policy, ledger=False), seed=1))


@pytest.mark.parametrize("parameter", DEVICES)
def test_a_device_under_another_name_does_the_same(parameter: str) -> None:
    """Factors of two and a half are exact, so that the way there and back leaves nothing but the name."""
    scenario = edge(scheduler=msgspec.structs.replace(edge().scheduler, sleeping="timeout"))
    back = vary(vary(scenario, parameter, 2.0), parameter, 0.5)
    assert {node.device for node in back.nodes}.isdisjoint(node.device for node in scenario.nodes)
    assert run(back).emissions_grams == pytest.approx(run(scenario).emissions_grams, rel=1e-9)


def test_half_the_load_is_half_the_arrivals() -> None:
    whole, half = run(edge()).tasks_offered, run(vary(edge(), "load", 0.5)).tasks_offered
    # Four deviations of the difference between one Poisson number and twice another.
    assert abs(whole - 2 * half) < 4 * (whole + 4 * half) ** 0.5


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_factor_on_the_grid_is_one_on_grams_and_on_nothing_else(factor: float) -> None:
    """Policies decide by what hours and places emit beside others: the headline does not hang on the level."""
    scenario = shipped("regions")
    plain, varied = run(scenario), run(vary(scenario, "grid", factor))
    assert varied.emissions_grams == factor * plain.emissions_grams
    assert msgspec.structs.replace(varied, emissions_grams=plain.emissions_grams) == plain


@given(factors, factors, st.lists(st.floats(1.0, 1500.0), min_size=2, max_size=2))
def test_the_spread_is_a_power_of_ratios(spread: float, factor: float, pair: list[float]) -> None:
    section = GridSection(generated="gb", intensity_spread=spread, intensity_factor=factor)
    one, other = adjusted(section, np.array(pair))
    assert one / other == pytest.approx((pair[0] / pair[1]) ** spread)
    assert adjusted(section, np.array([400.0]))[0] == pytest.approx(400.0 * factor)


def test_forecasters_learn_of_the_grid_as_it_is_varied() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    plain = intensity_days(GridSection(generated="gb"), start, 1)
    section = GridSection(generated="gb", intensity_spread=2.0, intensity_factor=3.0)
    assert np.array_equal(intensity_days(section, start, 1).values, adjusted(section, plain.values))


def test_what_no_scenario_can_have_is_refused_in_a_line() -> None:
    kind = msgspec.structs.replace(edge().workload.classes[0], deadline_seconds=604_800.0)
    scenario = edge(workload=msgspec.structs.replace(edge().workload, classes=(kind,)))
    with pytest.raises(ConfigError) as caught:
        vary(scenario, "deadlines", 2.0)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("edge: deadlines x 2: workload.classes[0].deadline_seconds: ")


def test_devices_that_no_node_uses_stay_as_they_are() -> None:
    own = DeviceSection(
        name="unused", idle_watts=1, full_watts=2, minimum_gigahertz=1, maximum_gigahertz=1, memory_megabytes=1,
        speed=1, source="assumption",
    )  # fmt: skip
    varied = vary(edge(devices=(own,)), "idle-watts", 2.0)
    assert varied.devices[0] == own
    assert len(varied.devices) == 1 + len({node.device for node in edge().nodes})
