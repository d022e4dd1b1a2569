"""Laws of the power models."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Ratio, Seconds
from exporter.power import networks
from exporter.power.component import Component, Scope
from exporter.power.model import CURVE, HostPowerModel, share_of_span
from exporter.usage.cpu import CpuUsage
from exporter.usage.network import NetworkUsage
from tests.exporter import hosts
from tests.exporter.fakes import traffic

MODELS = [hosts.cep_host(), hosts.configured_host(4.0, 31.0), hosts.cloud_host("aws", 4)]


def cpu(utilization: float) -> CpuUsage:
    return CpuUsage(utilization=Ratio(utilization), elapsed=Seconds(5.0))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.model))
@given(utilization=st.floats(min_value=0, max_value=1))
def test_components_are_disjoint_and_sum_to_the_host(model: HostPowerModel, utilization: float) -> None:
    powers = model.estimate(cpu(utilization))
    host = (1 - utilization) * model.idle + utilization * model.full
    assert sum(powers.values()) == pytest.approx(host, rel=1e-9)
    assert all(power >= 0.0 for power in powers.values())
    assert {component.scope for component in powers} == {Scope.HOST}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.model))
def test_every_component_says_where_it_comes_from(model: HostPowerModel) -> None:
    assert [one.component for one in model.provenance()] == list(model.estimate(cpu(0.5)))
    assert all(one.factor > 1.0 for one in model.provenance())


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=20))
def test_a_load_that_swings_within_a_sample_is_off_by_a_known_share_of_the_span(loads: list[float]) -> None:
    true = sum(share_of_span(Ratio(one), CURVE) for one in loads) / len(loads)
    told = share_of_span(Ratio(sum(loads) / len(loads)), CURVE)
    assert -0.12 <= told - true <= 0.09


@given(st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1))
def test_more_load_never_draws_less(one: float, other: float) -> None:
    shares = [share_of_span(Ratio(load), CURVE) for load in sorted((one, other))]
    assert 0.0 <= shares[0] <= shares[1] <= 1.0


@pytest.mark.parametrize(("utilization", "share"), [(0.0, 0.0), (0.1, 0.17), (0.3, 0.295), (0.5, 0.42), (1.0, 1.0)])
def test_the_curve_of_servers_since_2016(utilization: float, share: float) -> None:
    assert share_of_span(Ratio(utilization), CURVE) == pytest.approx(share)


def test_a_machine_at_rest_draws_its_baseline_only() -> None:
    powers = hosts.cep_host().estimate(cpu(0.0))
    assert powers == {Component.BASELINE: 50.0, Component.CPU: 0.0}


@given(
    received=st.integers(min_value=0, max_value=10**12),
    sent=st.integers(min_value=0, max_value=10**12),
    seconds=st.floats(min_value=1, max_value=3600),
)
def test_energy_of_the_network_depends_on_bytes_alone(received: int, sent: int, seconds: float) -> None:
    model = networks.volume("carbon-trust-fixed")
    devices = {"eth0": traffic(received, 0), "wlan0": traffic(0, sent)}
    powers = model.estimate(NetworkUsage(devices=devices, elapsed=Seconds(seconds)))
    assert powers.keys() == {Component.NETWORK}
    assert powers[Component.NETWORK] * seconds == pytest.approx((received + sent) * 0.0234e-3, rel=1e-9)


def test_the_network_is_not_this_machines_electricity() -> None:
    assert Component.NETWORK.scope is Scope.NETWORK
    assert networks.volume("ecotrack").provenance.component is Component.NETWORK


@given(
    traffics=st.lists(st.tuples(st.floats(0.1, 600.0), st.integers(0, 10**10)), min_size=1, max_size=20),
    line=st.sampled_from(sorted(networks.LINES)),
)
def test_energy_of_a_line_is_that_of_its_time_and_of_its_bytes_however_they_are_cut(
    traffics: list[tuple[float, int]], line: str
) -> None:
    model, chosen = networks.line(line), networks.LINES[line]
    joules = sum(
        seconds
        * model.estimate(NetworkUsage(devices={"eth0": traffic(moved, 0)}, elapsed=Seconds(seconds)))[Component.NETWORK]
        for seconds, moved in traffics
    )
    time, moved = (sum(part) for part in zip(*traffics, strict=True))
    assert joules == pytest.approx(chosen.watts.value * time + chosen.per_mbit.value * moved / 125_000.0, rel=1e-9)
