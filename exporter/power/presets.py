"""The named models: their constants with sources, and what is made from them."""

from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.core.units import Watts
from exporter.power.estimate import Estimate, numbered

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
        counted=numbered(vcpus, "virtual CPU"),
    )


def calibrated_estimate(idle: Watts, full: Watts, *, model: str, server: bool, curved: bool) -> Estimate:
    """Return the estimate from idle and full power that somebody measured on this machine; `model` says how."""
    rung = "calibrated_server" if server else "calibrated"
    return Estimate(idle=idle, full=full, source="calibrated", model=model, rung=rung, curved=curved)
