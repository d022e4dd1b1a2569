"""Every constant of the power models, with its source, and the models made from them."""

from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.core.units import BYTES_PER_BINARY_GB, BYTES_PER_DECIMAL_GB, Ratio, Watts, kwh_per_gb
from exporter.power import Component, HostPowerModel, NetworkPowerModel, Provenance

CEP_IDLE = Factor(
    value=50.0, unit="W", source="CEP technical report, section 2.1.1: idle power of a desktop", year=2024
)
CEP_DYNAMIC = Factor(value=65.0, unit="W", source="CEP technical report, section 2.1.1: desktop CPU's TDP", year=2024)

_CCF = "Cloud Carbon Footprint, methodology"
CLOUD_MEMORY = Factor(value=0.392, unit="W/GB", source=f"{_CCF}: memory, mean of Crucial and Micron", year=2021)

CEP_UNCERTAINTY = Factor(
    value=1.0,
    unit="ratio",
    source="mean absolute error of 50 + 65u on codecarbon's RAPL load profiles, 100.9% of the energy, rounded",
    year=2026,
)
CLOUD_UNCERTAINTY = Factor(
    value=0.4,
    unit="ratio",
    source="mean absolute error of an uncalibrated linear curve on the same profiles, 40.3%, rounded",
    year=2026,
)
CONFIGURED_UNCERTAINTY = Factor(
    value=0.25,
    unit="ratio",
    source="mean absolute error of a linear curve through known idle and full power on the same profiles, 22-25%",
    year=2026,
)
NETWORK_UNCERTAINTY = Factor(
    value=1.0,
    unit="ratio",
    source="published averages per GB of the same network differ more than tenfold; no narrower band is defensible",
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


def cep_host() -> HostPowerModel:
    """CEP's desktop, the last resort: on real machines it is off by about a factor of two."""
    full = Watts(CEP_IDLE.value + CEP_DYNAMIC.value)
    return _host(Watts(CEP_IDLE.value), full, source="model", model="cep", uncertainty=CEP_UNCERTAINTY)


def configured_host(idle: Watts, full: Watts) -> HostPowerModel:
    """A linear curve through the idle and full power that somebody measured on this machine."""
    return _host(idle, full, source="calibrated", model="configured", uncertainty=CONFIGURED_UNCERTAINTY)


def cloud_host(vendor: str, vcpus: int, memory_bytes: int) -> HostPowerModel:
    """A virtual machine's share of a cloud server, by its CPUs and memory."""
    preset = CLOUD_PRESETS[vendor]
    memory = Watts(CLOUD_MEMORY.value * memory_bytes / BYTES_PER_DECIMAL_GB)
    idle, full = Watts(preset.idle.value * vcpus), Watts(preset.full.value * vcpus)
    return _host(idle, full, source="cloud", model=vendor, uncertainty=CLOUD_UNCERTAINTY, memory=memory)


def network(preset: str) -> NetworkPowerModel:
    """The transport network by a preset of `NETWORK_PRESETS`."""
    factor, bytes_per_gb = NETWORK_PRESETS[preset]
    gigabyte = "2^30" if bytes_per_gb == BYTES_PER_BINARY_GB else "10^9"
    return NetworkPowerModel(
        energy_per_byte=kwh_per_gb(factor.value, bytes_per_gb),
        provenance=Provenance(
            component=Component.NETWORK,
            source="model",
            model=preset,
            uncertainty=Ratio(NETWORK_UNCERTAINTY.value),
            description=f"{factor.value:g} kWh per {gigabyte} bytes",
        ),
    )


def configured_network(kwh_per_decimal_gb: float) -> NetworkPowerModel:
    """The transport network by the user's own figure, in kWh per 10^9 bytes."""
    return NetworkPowerModel(
        energy_per_byte=kwh_per_gb(kwh_per_decimal_gb, BYTES_PER_DECIMAL_GB),
        provenance=Provenance(
            component=Component.NETWORK,
            source="model",
            model="configured",
            uncertainty=Ratio(NETWORK_UNCERTAINTY.value),
            description=f"{kwh_per_decimal_gb:g} kWh per 10^9 bytes",
        ),
    )


def _host(
    idle: Watts, full: Watts, *, source: str, model: str, uncertainty: Factor, memory: Watts | None = None
) -> HostPowerModel:
    descriptions = {
        Component.BASELINE: f"{idle:g} W always",
        Component.CPU: f"{full - idle:g} W x utilization",
    }
    if memory is not None:
        descriptions[Component.MEMORY] = f"{memory:.2g} W always"
    provenance = tuple(
        Provenance(
            component=component,
            source=source,
            model=model,
            uncertainty=Ratio(uncertainty.value),
            description=description,
        )
        for component, description in descriptions.items()
    )
    return HostPowerModel(idle=idle, full=full, memory=memory, provenance=provenance)
