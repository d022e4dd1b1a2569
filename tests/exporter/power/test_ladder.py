"""The order of the rungs, the kinds that have figures of their own, and servers as they are sold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.core.units import Ratio, Seconds, Watts
from exporter.power.band import Band, band_of
from exporter.power.component import Component
from exporter.power.hardware import Hardware, Kind
from exporter.power.host import host_model_of
from exporter.power.ladder import host_estimate
from exporter.power.tables import read
from exporter.sources.identity import Disks
from exporter.usage.cpu import CpuUsage
from tests.exporter.power.machines import hardware

EPYC = ("AMD EPYC 9754 128-Core Processor", ("AuthenticAMD", 25, 160, 2))
SOURCES = {"name", "generation", "tdp", "average", "cep"}

loads = st.floats(min_value=0.0, max_value=1.0)


@pytest.mark.parametrize(
    ("machine", "rung"),
    [
        (hardware(*EPYC, tdp=360.0), ("name", "epyc 9754")),
        (hardware("AMD EPYC", EPYC[1], tdp=360.0), ("generation", "Zen 4c (Bergamo)")),
        (hardware("AMD EPYC", ("AuthenticAMD", 27, 0, 0), tdp=500.0, gb=768), ("tdp", "tdp_and_memory_2016")),
        (hardware("AMD EPYC", ("AuthenticAMD", 27, 0, 0), tdp=500.0), ("tdp", "tdp_only_2012")),
        (hardware("AMD EPYC", ("AuthenticAMD", 27, 0, 0)), ("average", "aws")),
        (hardware("QEMU Virtual CPU version 2.5+", flags="hypervisor"), ("average", "aws")),
        (replace(hardware("QEMU Virtual CPU", flags="hypervisor"), cloud="gcp"), ("average", "gcp")),
        (hardware("Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz"), ("cep", "cep")),
        (hardware("Intel(R) Core(TM) i7-8700 CPU", kind=Kind.DESKTOP), ("average", "desktop")),
        (hardware("Intel(R) Core(TM) i7-8700 CPU", kind=Kind.DESKTOP, tdp=65.0), ("tdp", "desktop")),
        (hardware("Intel(R) Core(TM) i5-4570 CPU", kind=Kind.DESKTOP), ("average", "desktop")),
        (Hardware(), ("cep", "cep")),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_the_best_rung_that_holds_is_used(machine: Hardware, rung: tuple[str, str]) -> None:
    found = host_estimate(machine)
    assert (found.source, found.model) == rung


@pytest.mark.parametrize(
    ("kind", "tdp", "idle", "full"),
    [
        (Kind.LAPTOP, None, 5.5, 28.0),
        (Kind.LAPTOP, 28.0, 5.5, 47.5),
        (Kind.DESKTOP, None, 20.0, 133.5),
        (Kind.DESKTOP, 65.0, 20.0, 117.5),
        (Kind.MINI_PC, None, 8.0, 22.1),
        (Kind.MINI_PC, 6.0, 8.0, 23.0),
        (Kind.MINI_PC, 28.0, 8.0, 50.0),
        (Kind.WORKSTATION, 140.0, 79.0, 247.0),
        (Kind.BOARD, None, 1.8, 7.0),
    ],
)
def test_pcs_and_boards_have_figures_of_their_own(kind: Kind, tdp: float | None, idle: float, full: float) -> None:
    found = host_estimate(hardware("AMD Ryzen 9 7950X 16-Core Processor", kind=kind, tdp=tdp))
    assert (found.idle, found.full) == pytest.approx((idle, full))
    assert not found.curved


@pytest.mark.parametrize(
    ("board", "watts"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0 (raspberrypi,5-model-b, brcm,bcm2712)", (3.5, 9.0)),
        ("Raspberry Pi 4 Model B Rev 1.4 (raspberrypi,4-model-b)", (2.0, 6.0)),
        ("Raspberry Pi 3 Model B Plus Rev 1.3 (...)", (1.8, 5.0)),
        ("Radxa ROCK 5B (radxa,rock-5b, rockchip,rk3588)", (1.8, 10.0)),
        ("NVIDIA Jetson Nano Developer Kit (...)", (1.8, 7.0)),
    ],
)
def test_boards_go_by_the_device_tree(board: str, watts: tuple[float, float]) -> None:
    found = host_estimate(Hardware(kind=Kind.BOARD, board=board))
    assert (found.idle, found.full) == watts


def test_every_estimate_has_a_band_and_every_band_an_estimate() -> None:
    told = {row["rung"] for row in read("rungs")}
    machines = [hardware(*EPYC, kind=kind, tdp=tdp) for kind in Kind for tdp in (None, 50.0)]
    machines += [hardware("Intel Xeon Processor (Icelake)", flags="hypervisor"), Hardware()]
    machines += [hardware("AMD EPYC", EPYC[1]), hardware("AMD EPYC", ("AuthenticAMD", 27, 0, 0), tdp=200.0)]
    machines += [Hardware(kind=Kind.BOARD, board="Raspberry Pi 4")]
    machines += [Hardware(kind=Kind.VM, cloud=cloud) for cloud in ("aws", "gcp", "azure")]
    machines += [
        replace(hardware("x", ("AuthenticAMD", 23, 1, 1), kind=Kind.VM), cloud=cloud)
        for cloud in ("aws", "gcp", "azure")
    ]
    used = {host_estimate(one).rung for one in machines}
    assert used | {"as_sold", "calibrated", "calibrated_server"} == told


@given(utilization=loads)
def test_the_band_is_linear_between_the_loads_that_were_measured(utilization: float) -> None:
    band = Band(idle=2.0, mid=1.5, full=1.25)
    expected = 2.0 - utilization if utilization <= 0.5 else 1.75 - 0.5 * utilization
    assert band.at(Ratio(utilization)) == pytest.approx(expected)


def test_a_band_that_would_not_hold_its_own_estimate_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Band(idle=2.0, mid=0.9, full=1.0)


def test_a_server_that_shows_its_disks_idles_as_servers_are_sold() -> None:
    machine = hardware(*EPYC, chips=2, gb=1024, disks=Disks(rotating=4, solid=2))
    model = host_model_of(host_estimate(machine), machine)
    tuned, disks, memory = 2 * 59.5, 4 * 7.5 + 2 * 9.4, 0.05 * (1024 - 2 * 192)
    assert model.idle == pytest.approx(1.18 * tuned + disks + memory)
    assert model.full - model.idle == pytest.approx(2 * 340.2 - tuned)
    assert model.disk == pytest.approx(disks)
    assert model.band.idle == band_of("as_sold").idle
    told = {one.component: one.description for one in model.provenance()}
    assert "as sold" in told[Component.BASELINE]
    assert told[Component.DISK].endswith("(4 hard disks and 2 SSDs)")


@pytest.mark.parametrize(
    "machine",
    [
        hardware(*EPYC),
        hardware(*EPYC, flags="hypervisor", disks=Disks(rotating=1)),
        hardware("Intel(R) Core(TM) i7-8700 CPU", kind=Kind.DESKTOP, disks=Disks(rotating=2)),
        hardware("AMD EPYC", ("AuthenticAMD", 27, 0, 0), tdp=500.0, disks=Disks(solid=2)),
    ],
    ids=["no disks seen", "a guest", "a desktop", "by TDP"],
)
def test_nothing_else_is_corrected(machine: Hardware) -> None:
    estimate = host_estimate(machine)
    model = host_model_of(estimate, machine)
    assert (model.idle, model.full) == (estimate.idle, estimate.full)
    assert Component.DISK not in {one.component for one in model.provenance()}


@given(
    utilization=loads,
    chips=st.integers(min_value=1, max_value=8),
    gb=st.none() | st.integers(min_value=1, max_value=16_384),
    rotating=st.integers(min_value=0, max_value=60),
    solid=st.integers(min_value=0, max_value=60),
)
def test_components_sum_to_the_machine_whatever_shows(
    utilization: float, chips: int, gb: int | None, rotating: int, solid: int
) -> None:
    machine = hardware(*EPYC, chips=chips, cores=2, gb=gb, disks=Disks(rotating=rotating, solid=solid))
    model = host_model_of(host_estimate(machine), machine)
    powers = model.estimate(CpuUsage(utilization=Ratio(utilization), elapsed=Seconds(5.0)))
    assert all(power >= 0.0 for power in powers.values())
    assert model.idle - 1e-9 <= sum(powers.values()) <= model.full + 1e-9
    assert powers.keys() == {one.component for one in model.provenance()}
    assert sum(model.idle_of.values()) <= powers[Component.BASELINE] + 1e-9
    for one in model.provenance(Ratio(utilization)):
        assert 0.0 <= one.low(powers[one.component]) <= powers[one.component] <= one.high(powers[one.component])
        assert one.source in SOURCES


def test_a_model_with_less_power_at_full_load_is_refused() -> None:
    model = host_model_of(host_estimate(Hardware()))
    with pytest.raises(ValueError, match="full power"):
        replace(model, full=Watts(10.0))
