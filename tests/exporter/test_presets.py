"""The presets against the documents that they come from, worked by hand."""

import re

import msgspec
import pytest

from exporter.activity.rhythm import RHYTHM
from exporter.build import ACTIVITY_RULES, host_model, intensity_provider, network_model
from exporter.config import Config, Network, Power
from exporter.core.carbon import GRID_FACTORS, Factor, emissions
from exporter.core.config import ConfigError, convert
from exporter.core.units import Joules, Ratio, Seconds, Watts, energy
from exporter.power import networks, presets
from exporter.power.component import Component
from exporter.power.hardware import Hardware
from exporter.usage.cpu import CpuUsage
from exporter.usage.network import NetworkUsage
from tests.exporter.fakes import traffic
from tests.fake_clock import NOON

GIBIBYTE = 1024**3


@pytest.mark.parametrize("preset", ["cep", "ecotrack"])
@pytest.mark.parametrize(("utilization", "watts"), [(0.0, 50.0), (0.4, 76.0), (1.0, 115.0)])
def test_cep_draws_50_watts_and_65_more_at_full_load(preset: str, utilization: float, watts: float) -> None:
    model = host_model(msgspec.convert({"preset": preset}, Power), Hardware())
    powers = model.estimate(CpuUsage(utilization=Ratio(utilization), elapsed=Seconds(5.0)))
    assert sum(powers.values()) == pytest.approx(watts, rel=1e-12)


def transfer_joules(config: Config, transferred: int) -> Joules:
    usage = NetworkUsage(devices={"eth0": traffic(transferred)}, elapsed=Seconds(1.0))
    return energy(network_model(config).estimate(usage)[Component.NETWORK], Seconds(1.0))


@pytest.mark.parametrize(("preset", "grams"), [("ecotrack", 28.5), ("cep", 30.0)])
def test_one_gibibyte_takes_0_06_kwh_and_its_documents_grams(preset: str, grams: float) -> None:
    config = msgspec.convert({"preset": preset}, Config)
    spent = transfer_joules(config, GIBIBYTE)
    assert spent == pytest.approx(216_000.0, rel=1e-12)
    intensity = intensity_provider(config, NOON).at(NOON)
    assert emissions(spent, intensity.value) == pytest.approx(grams, rel=1e-12)


def test_ceps_hour_at_40_percent_emits_38_grams() -> None:
    config = Config(preset="cep")
    spent = energy(Watts(76.0), Seconds(3600.0))
    assert emissions(spent, intensity_provider(config, NOON).at(NOON).value) == pytest.approx(38.0, rel=1e-12)


@pytest.mark.parametrize(("preset", "value"), [("ecotrack", 475.0), ("cep", 500.0)])
def test_a_section_overrides_the_preset_of_the_whole(preset: str, value: float) -> None:
    sections = {"grid": {"preset": preset}}
    configs = [msgspec.convert({"preset": other} | sections, Config) for other in ("ecotrack", "cep")]
    assert {intensity_provider(config, NOON).at(NOON).value for config in configs} == {value}


@pytest.mark.parametrize(
    ("preset", "joules"),
    [("carbon-trust-fixed", 23_400.0), ("carbon-trust-mobile", 360_000.0), ("swd-v4", 212_400.0)],
)
def test_the_other_networks_mean_decimal_gigabytes(preset: str, joules: float) -> None:
    network = msgspec.convert({"preset": preset}, Network)
    assert transfer_joules(Config(preset="cep", network=network), 10**9) == pytest.approx(joules, rel=1e-12)


def test_the_users_own_network_figure_is_per_decimal_gigabyte() -> None:
    config = Config(preset="cep", network=Network(kwh_per_gb=0.5))
    assert transfer_joules(config, 10**9) == pytest.approx(1.8e6, rel=1e-12)


@pytest.mark.parametrize(
    ("keys", "watts_idle", "watts_busy", "told"),
    [
        ({"model": "power"}, 18.0, 18.5, "line-fixed"),
        ({"model": "power", "line": "fixed"}, 18.0, 18.5, "line-fixed"),
        ({"model": "power", "line": "mobile"}, 1.2, 16.2, "line-mobile"),
        ({"model": "power", "line_watts": 6.0, "watts_per_mbit": 0.02}, 6.0, 6.2, "configured"),
    ],
)
def test_the_power_model_has_the_lines_watts_and_some_for_10_mbit(
    keys: dict[str, object], watts_idle: float, watts_busy: float, told: str
) -> None:
    model = network_model(Config(network=msgspec.convert(keys, Network)))
    for moved, watts in ((0, watts_idle), (1_250_000, watts_busy)):
        usage = NetworkUsage(devices={"eth0": traffic(moved)}, elapsed=Seconds(1.0))
        assert model.estimate(usage)[Component.NETWORK] == pytest.approx(watts, rel=1e-12)
    assert model.provenance.model == told


@pytest.mark.parametrize("preset", networks.VOLUME_PRESETS)
def test_the_band_of_a_preset_holds_every_study_of_its_kind_and_touches_one(preset: str) -> None:
    chosen = networks.VOLUME_PRESETS[preset]
    low, high = chosen.kwh_per_decimal_gb / chosen.factor, chosen.kwh_per_decimal_gb * chosen.factor
    studies = [one.value for one in networks.STUDIES[chosen.kind]]
    assert all(low * (1 - 1e-9) <= value <= high * (1 + 1e-9) for value in studies)
    assert any(value == pytest.approx(end, rel=1e-9) for value in studies for end in (low, high))


@pytest.mark.parametrize(
    ("vendor", "idle", "full"), [("aws", 2.96, 14.0), ("gcp", 2.84, 17.04), ("azure", 3.12, 15.04)]
)
def test_a_cloud_machine_draws_by_its_four_vcpus_which_hold_the_memory_already(
    vendor: str, idle: float, full: float
) -> None:
    model = host_model(msgspec.convert({"preset": vendor}, Power), Hardware(vcpus=4))
    assert (model.idle, model.full) == pytest.approx((idle, full), rel=1e-12)
    assert {one.component for one in model.provenance()} == {Component.BASELINE, Component.CPU}
    assert {one.source for one in model.provenance()} == {"average"}


def test_a_calibration_is_used_as_given_and_named_so() -> None:
    model = host_model(Power(idle_watts=3.5, full_watts=28.0), Hardware(vcpus=4))
    assert (model.idle, model.full) == (3.5, 28.0)
    assert {(one.source, one.model) for one in model.provenance()} == {("calibrated", "configured")}


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("network", set(networks.VOLUME_PRESETS)),
        ("grid", set(GRID_FACTORS)),
        ("power", {"cep", "ecotrack", *presets.CLOUD_PRESETS}),
    ],
)
def test_the_configuration_offers_exactly_the_presets_there_are(section: str, names: set[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        convert({section: {"preset": "none-such"}}, Config, origin="file")
    offered = re.search(r"expected one of (.*), got", str(caught.value))
    assert offered is not None
    assert set(offered[1].split(", ")) == names


@pytest.mark.parametrize("name", ACTIVITY_RULES)
def test_each_rule_of_activity_can_be_chosen(name: str) -> None:
    assert convert({"activity": {"rule": name}}, Config, origin="file").activity.rule == name


def test_the_configuration_offers_no_other_rule_and_goes_by_rhythm_without_one() -> None:
    with pytest.raises(ConfigError, match=f"expected one of {', '.join(sorted(ACTIVITY_RULES))}, got"):
        convert({"activity": {"rule": "none-such"}}, Config, origin="file")
    assert ACTIVITY_RULES[Config().activity.rule] is RHYTHM


def test_every_constant_has_a_unit_a_source_and_a_year() -> None:
    loose = [value for value in (*vars(presets).values(), *vars(networks).values()) if isinstance(value, Factor)]
    cloud = [factor for one in presets.CLOUD_PRESETS.values() for factor in (one.idle, one.full)]
    volumes = [one.intensity for one in networks.VOLUME_PRESETS.values()]
    studies = [study for kind in networks.STUDIES.values() for study in kind]
    lines = [factor for line in networks.LINES.values() for factor in (line.watts, line.per_mbit)]
    for factor in (*loose, *cloud, *volumes, *studies, *lines, *GRID_FACTORS.values()):
        assert factor.unit
        assert factor.source
        assert 2010 <= factor.year <= 2026
