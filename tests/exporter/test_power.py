"""Laws of the power models."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Ratio, Seconds, Watts
from exporter.power import presets
from exporter.power.component import Component, Scope
from exporter.power.model import HostPowerModel
from exporter.usage.cpu import CpuUsage
from exporter.usage.network import NetworkUsage
from tests.exporter.fakes import traffic

MODELS = [presets.cep_host(), presets.configured_host(Watts(4.0), Watts(31.0)), presets.cloud_host("aws", 4)]


def cpu(utilization: float) -> CpuUsage:
    return CpuUsage(utilization=Ratio(utilization), elapsed=Seconds(5.0))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.provenance[0].model))
@given(utilization=st.floats(min_value=0, max_value=1))
def test_components_are_disjoint_and_sum_to_the_host(model: HostPowerModel, utilization: float) -> None:
    powers = model.estimate(cpu(utilization))
    host = (1 - utilization) * model.idle + utilization * model.full
    assert sum(powers.values()) == pytest.approx(host, rel=1e-9)
    assert all(power >= 0.0 for power in powers.values())
    assert {component.scope for component in powers} == {Scope.HOST}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.provenance[0].model))
def test_every_component_says_where_it_comes_from(model: HostPowerModel) -> None:
    assert [one.component for one in model.provenance] == list(model.estimate(cpu(0.5)))
    assert all(one.uncertainty > 0.0 for one in model.provenance)


def test_a_machine_at_rest_draws_its_baseline_only() -> None:
    powers = presets.cep_host().estimate(cpu(0.0))
    assert powers == {Component.BASELINE: 50.0, Component.CPU: 0.0}


@given(
    received=st.integers(min_value=0, max_value=10**12),
    sent=st.integers(min_value=0, max_value=10**12),
    seconds=st.floats(min_value=1, max_value=3600),
)
def test_energy_of_the_network_depends_on_bytes_alone(received: int, sent: int, seconds: float) -> None:
    model = presets.network("carbon-trust-fixed")
    devices = {"eth0": traffic(received, 0), "wlan0": traffic(0, sent)}
    powers = model.estimate(NetworkUsage(devices=devices, elapsed=Seconds(seconds)))
    assert powers.keys() == {Component.NETWORK}
    assert powers[Component.NETWORK] * seconds == pytest.approx((received + sent) * 0.0234e-3, rel=1e-9)


def test_the_network_is_not_this_machines_electricity() -> None:
    assert Component.NETWORK.scope is Scope.NETWORK
    assert presets.network("ecotrack").provenance.component is Component.NETWORK
