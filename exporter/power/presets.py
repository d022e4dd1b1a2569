"""The named models: their constants with sources, and what is made from them."""

from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.core.units import BYTES_PER_BINARY_GB, BYTES_PER_DECIMAL_GB, Watts, kwh_per_gb
from exporter.power.component import Component, Provenance
from exporter.power.estimate import Estimate
from exporter.power.model import NetworkPowerModel

CEP_IDLE = Factor(
    value=50.0, unit="W", source="CEP technical report, section 2.1.1: idle power of a desktop", year=2024
)
CEP_DYNAMIC = Factor(value=65.0, unit="W", source="CEP technical report, section 2.1.1: desktop CPU's TDP", year=2024)

_CCF = "Cloud Carbon Footprint, methodology"

PACKAGE_IDLE_SHARE = Factor(
    value=0.31,
    unit="ratio",
    source="the one machine in codecarbon's load profiles that has a plug: RAPL shows 43 W where the plug shows "
    "115 to 161 W at idle; 43 / 138",
    year=2026,
)
"""Share of a machine's idle power that its CPU packages draw: it leaves the model where a sensor measures them."""

NETWORK_FACTOR = Factor(
    value=10.0,
    unit="factor",
    source="published averages per GB of the same network differ tenfold; no narrower band is defensible",
    year=2026,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudPreset:
    """Watts per virtual CPU at no and at full load."""

    idle: Factor
    full: Factor


CLOUD_PRESETS: dict[str, CloudPreset] = {
    name: CloudPreset(
        idle=Factor(value=idle, unit="W/vCPU", source=f"{_CCF}: {vendor}, minimum", year=2021),
        full=Factor(value=full, unit="W/vCPU", source=f"{_CCF}: {vendor}, maximum", year=2021),
    )
    for name, vendor, idle, full in (
        ("aws", "AWS", 0.74, 3.5),
        ("gcp", "GCP", 0.71, 4.26),
        ("azure", "Azure", 0.78, 3.76),
    )
}

NETWORK_PRESETS: dict[str, tuple[Factor, int]] = {
    "ecotrack": (
        Factor(
            value=0.06,
            unit="kWh/GB",
            source="EcoTrack design document (Aslan et al. 2018: fixed access and core)",
            year=2015,
        ),
        BYTES_PER_BINARY_GB,
    ),
    "cep": (
        Factor(value=0.06, unit="kWh/GB", source="CEP technical report, section 2.1.2", year=2024),
        BYTES_PER_BINARY_GB,
    ),
    "carbon-trust-fixed": (
        Factor(
            value=0.0065,
            unit="kWh/GB",
            source="Carbon Trust, Carbon impact of video streaming: fixed line",
            year=2021,
        ),
        BYTES_PER_DECIMAL_GB,
    ),
    "carbon-trust-mobile": (
        Factor(
            value=0.1,
            unit="kWh/GB",
            source="Carbon Trust, Carbon impact of video streaming: mobile",
            year=2021,
        ),
        BYTES_PER_DECIMAL_GB,
    ),
    "swd-v4": (
        Factor(
            value=0.059,
            unit="kWh/GB",
            source="Sustainable Web Design model v4: networks, operational",
            year=2024,
        ),
        BYTES_PER_DECIMAL_GB,
    ),
}
"""Energy intensity of data transfer by preset, and how many bytes its source means by a GB."""


def cep_estimate(model: str = "cep") -> Estimate:
    """Return CEP's desktop, the last resort: a real machine may draw several times as much."""
    return Estimate(
        idle=Watts(CEP_IDLE.value),
        full=Watts(CEP_IDLE.value + CEP_DYNAMIC.value),
        source="cep",
        model=model,
        rung="cep",
        curved=False,
    )


def cloud_estimate(vendor: str, vcpus: int, *, recent: bool, curved: bool = False) -> Estimate:
    """Return a virtual machine's share of a cloud server, `recent` if that is of 2016 or later.

    There is no term for memory: the vendor's watts per virtual CPU are of whole servers, with the memory in them.
    """
    preset = CLOUD_PRESETS[vendor]
    return Estimate(
        idle=Watts(preset.idle.value * vcpus),
        full=Watts(preset.full.value * vcpus),
        source="average",
        model=vendor,
        rung=f"average_{vendor}" if recent else f"average_{vendor}_older",
        curved=curved,
        counted=f"{vcpus} virtual CPU{'' if vcpus == 1 else 's'}",
    )


def network(preset: str) -> NetworkPowerModel:
    """Make the model of the transport network by a preset of `NETWORK_PRESETS`."""
    factor, bytes_per_gb = NETWORK_PRESETS[preset]
    gigabyte = "2^30" if bytes_per_gb == BYTES_PER_BINARY_GB else "10^9"
    return NetworkPowerModel(
        energy_per_byte=kwh_per_gb(factor.value, bytes_per_gb),
        provenance=Provenance(
            component=Component.NETWORK,
            source="average",
            model=preset,
            factor=NETWORK_FACTOR.value,
            description=f"{factor.value:g} kWh per {gigabyte} bytes",
        ),
    )


def configured_network(kwh_per_decimal_gb: float) -> NetworkPowerModel:
    """Make the model of the transport network by the user's own figure, in kWh per 10^9 bytes."""
    return NetworkPowerModel(
        energy_per_byte=kwh_per_gb(kwh_per_decimal_gb, BYTES_PER_DECIMAL_GB),
        provenance=Provenance(
            component=Component.NETWORK,
            source="calibrated",
            model="configured",
            factor=NETWORK_FACTOR.value,
            description=f"{kwh_per_decimal_gb:g} kWh per 10^9 bytes",
        ),
    )


def calibrated_estimate(idle: Watts, full: Watts, *, model: str, server: bool, curved: bool) -> Estimate:
    """Return the estimate from idle and full power that somebody measured on this machine; `model` says how."""
    rung = "calibrated_server" if server else "calibrated"
    return Estimate(idle=idle, full=full, source="calibrated", model=model, rung=rung, curved=curved)
