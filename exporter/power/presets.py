"""Every constant of the power models, with its source, and the models made from them."""

from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.core.units import BYTES_PER_BINARY_GB, BYTES_PER_DECIMAL_GB, Ratio, Watts, kwh_per_gb
from exporter.power.component import Component, Provenance
from exporter.power.model import HostPowerModel, NetworkPowerModel

CEP_IDLE = Factor(
    value=50.0, unit="W", source="CEP technical report, section 2.1.1: idle power of a desktop", year=2024
)
CEP_DYNAMIC = Factor(value=65.0, unit="W", source="CEP technical report, section 2.1.1: desktop CPU's TDP", year=2024)

_CCF = "Cloud Carbon Footprint, methodology"

_PROFILES = (
    "90% of the points of codecarbon's load profiles, 10 files of the CPU package of 4 processors, lie within it"
)
CEP_UNCERTAINTY = Factor(
    value=3.1, unit="ratio", source=f"{_PROFILES}; the mean error of 50 + 65u is 76.8% of the energy", year=2026
)
CLOUD_UNCERTAINTY = Factor(
    value=0.7, unit="ratio", source=f"{_PROFILES}; the mean error of the vendors' lines is 36-43%", year=2026
)
CONFIGURED_UNCERTAINTY = Factor(
    value=0.5,
    unit="ratio",
    source=f"{_PROFILES}; the mean error of a line through known idle and full power is 19-20%",
    year=2026,
)

_SERVERS = "90% of 607 whole servers of 2017-2026 (SPECpower_ssj2008, at the wall) lie within it"
CEP_SERVERS_IDLE = Factor(value=10.0, unit="factor", source=f"{_SERVERS} when idle, 10.47 rounded", year=2026)
CEP_SERVERS_FULL = Factor(value=25.0, unit="factor", source=f"{_SERVERS} at full load, 24.62 rounded", year=2026)
CLOUD_SERVERS_FULL = Factor(
    value=2.4, unit="factor", source=f"{_SERVERS} at full load, by the best of the three lines, AWS's", year=2026
)
CLOUD_SERVERS_IDLE = Factor(
    value=3.0, unit="factor", source=f"{_SERVERS} when idle, by the worst of the three lines, 3.03 rounded", year=2026
)
PACKAGE_IDLE_SHARE = Factor(
    value=0.31,
    unit="ratio",
    source="the one machine in codecarbon's load profiles that has a plug: RAPL shows 43 W where the plug shows "
    "115 to 161 W at idle; 43 / 138",
    year=2026,
)
"""Share of a machine's idle power that its CPU packages draw: it leaves the model where a sensor measures them."""

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
    """Make the model of CEP's desktop, the last resort: a real machine may draw several times as much."""
    idle, full = Watts(CEP_IDLE.value), Watts(CEP_IDLE.value + CEP_DYNAMIC.value)
    servers = (CEP_SERVERS_IDLE, CEP_SERVERS_FULL)
    return _host(idle, full, source="model", model="cep", uncertainty=CEP_UNCERTAINTY, servers=servers)


def configured_host(idle: Watts, full: Watts) -> HostPowerModel:
    """Make a linear model from the idle and full power that somebody measured on this machine."""
    return _host(idle, full, source="calibrated", model="configured", uncertainty=CONFIGURED_UNCERTAINTY)


def cloud_host(vendor: str, vcpus: int) -> HostPowerModel:
    """Make the model of a virtual machine's share of a cloud server.

    There is no term for memory: the vendor's watts per virtual CPU are of whole servers, with the memory in them.
    """
    preset = CLOUD_PRESETS[vendor]
    idle, full = Watts(preset.idle.value * vcpus), Watts(preset.full.value * vcpus)
    servers = (CLOUD_SERVERS_FULL, CLOUD_SERVERS_IDLE)
    return _host(idle, full, source="cloud", model=vendor, uncertainty=CLOUD_UNCERTAINTY, servers=servers)


def network(preset: str) -> NetworkPowerModel:
    """Make the model of the transport network by a preset of `NETWORK_PRESETS`."""
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
    """Make the model of the transport network by the user's own figure, in kWh per 10^9 bytes."""
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
    idle: Watts,
    full: Watts,
    *,
    source: str,
    model: str,
    uncertainty: Factor,
    servers: tuple[Factor, Factor] | None = None,
) -> HostPowerModel:
    descriptions = {
        Component.BASELINE: f"{idle:g} W always",
        Component.CPU: f"{full - idle:g} W x utilization",
    }
    provenance = tuple(
        Provenance(
            component=component,
            source=source,
            model=model,
            uncertainty=Ratio(uncertainty.value),
            description=description,
            server_factors=None if servers is None else (servers[0].value, servers[1].value),
        )
        for component, description in descriptions.items()
    )
    idle_of = {Component.CPU: Watts(PACKAGE_IDLE_SHARE.value * idle)}
    return HostPowerModel(idle=idle, full=full, provenance=provenance, idle_of=idle_of)
