"""Models of the transport network by name: energy per byte, or a line's watts, with sources and bands."""

from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.core.units import (
    BITS_PER_BYTE,
    BITS_PER_MEGABIT,
    BYTES_PER_BINARY_GB,
    BYTES_PER_DECIMAL_GB,
    JoulesPerByte,
    Watts,
    kwh_per_gb,
)
from exporter.power.component import Component, Provenance
from exporter.power.model import NetworkPowerModel

UNKNOWN_NETWORK_FACTOR = Factor(
    value=10.0,
    unit="factor",
    source="assumed for figures of your own and for mobile lines, of which one power model is published: averages per "
    "GB of one kind of network differ nearly as much",
    year=2026,
)


def _per_gb(value: float, source: str, year: int) -> Factor:
    return Factor(value=value, unit="kWh/GB", source=source, year=year)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePreset:
    """Energy per GB of data, how many bytes its source means by a GB, and the kind of network that it is of."""

    intensity: Factor
    bytes_per_gb: int
    kind: str

    @property
    def kwh_per_decimal_gb(self) -> float:
        """Energy per 10^9 bytes."""
        return self.intensity.value * BYTES_PER_DECIMAL_GB / self.bytes_per_gb

    @property
    def factor(self) -> float:
        """Ratio to the study of the same kind of network that differs most."""
        ratios = [study.value / self.kwh_per_decimal_gb for study in STUDIES[self.kind]]
        return max(*ratios, *(1.0 / ratio for ratio in ratios))


STUDIES: dict[str, tuple[Factor, ...]] = {
    "fixed": (
        _per_gb(0.0065, "Carbon Trust, Carbon impact of video streaming", 2020),
        _per_gb(0.007, "Coroama 2021, by the trend of Aslan et al. 2018", 2020),
        _per_gb(0.03, "European Commission, ICT impact study", 2020),
        _per_gb(0.06, "Aslan et al. 2018: access and core", 2015),
    ),
    "mobile": (
        _per_gb(0.0104, "Base Station Energy Use in Dense Urban and Suburban Areas: 5G", 2023),
        _per_gb(0.104, "Base Station Energy Use in Dense Urban and Suburban Areas: 4G", 2023),
        _per_gb(0.1, "Carbon Trust, Carbon impact of video streaming", 2020),
        _per_gb(0.14, "European Commission, ICT impact study", 2020),
        _per_gb(0.23, "Power consumption evaluation of mobile RANs by a bottom-up approach: 4G, 10 kbit/J", 2022),
    ),
}
"""Published averages per 10^9 bytes, by kind of network: how far they differ is the band of a preset."""

VOLUME_PRESETS: dict[str, VolumePreset] = {
    "ecotrack": VolumePreset(
        intensity=_per_gb(0.06, "EcoTrack design document (Aslan et al. 2018: fixed access and core)", 2015),
        bytes_per_gb=BYTES_PER_BINARY_GB,
        kind="fixed",
    ),
    "cep": VolumePreset(
        intensity=_per_gb(0.06, "CEP technical report, section 2.1.2", 2024),
        bytes_per_gb=BYTES_PER_BINARY_GB,
        kind="fixed",
    ),
    "carbon-trust-fixed": VolumePreset(
        intensity=_per_gb(0.0065, "Carbon Trust, Carbon impact of video streaming: fixed line", 2020),
        bytes_per_gb=BYTES_PER_DECIMAL_GB,
        kind="fixed",
    ),
    "carbon-trust-mobile": VolumePreset(
        intensity=_per_gb(0.1, "Carbon Trust, Carbon impact of video streaming: mobile", 2020),
        bytes_per_gb=BYTES_PER_DECIMAL_GB,
        kind="mobile",
    ),
    "swd-v4": VolumePreset(
        intensity=_per_gb(0.059, "Sustainable Web Design model v4: networks, operational", 2024),
        bytes_per_gb=BYTES_PER_DECIMAL_GB,
        kind="fixed",
    ),
}
"""Energy of data transfer per GB, by preset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line's watts without traffic, those that each Mbit/s adds, and the factor that holds the true power."""

    watts: Factor
    per_mbit: Factor
    factor: float


WITHOUT_ROUTER = Factor(
    value=6.5,
    unit="W",
    source="Carbon Trust, Carbon impact of video streaming, figure 24: core 1.5 W and access 5 W",
    year=2020,
)
"""Watts of a fixed line without the router at home. The band of a fixed line goes by whether that counts."""

_MALMODIN = "Malmodin 2020, power model"
_FIXED_WATTS = Factor(value=18.0, unit="W", source=f"{_MALMODIN}: fixed line with its router", year=2020)

LINES: dict[str, Line] = {
    "fixed": Line(
        watts=_FIXED_WATTS,
        per_mbit=Factor(value=0.05, unit="W/(Mbit/s)", source=f"{_MALMODIN}: fixed line", year=2020),
        factor=_FIXED_WATTS.value / WITHOUT_ROUTER.value,
    ),
    "mobile": Line(
        watts=Factor(value=1.2, unit="W", source=f"{_MALMODIN}: 4G", year=2020),
        per_mbit=Factor(value=1.5, unit="W/(Mbit/s)", source=f"{_MALMODIN}: 4G", year=2020),
        factor=UNKNOWN_NETWORK_FACTOR.value,
    ),
}
"""Lines of the power model."""


def volume(preset: str) -> NetworkPowerModel:
    """Make the model of the transport network by a preset of `VOLUME_PRESETS`."""
    chosen = VOLUME_PRESETS[preset]
    gigabyte = "2^30" if chosen.bytes_per_gb == BYTES_PER_BINARY_GB else "10^9"
    return NetworkPowerModel(
        energy_per_byte=kwh_per_gb(chosen.intensity.value, chosen.bytes_per_gb),
        provenance=_provenance(
            "average", preset, chosen.factor, f"{chosen.intensity.value:g} kWh per {gigabyte} bytes"
        ),
    )


def configured_volume(kwh_per_decimal_gb: float) -> NetworkPowerModel:
    """Make the model of the transport network by the user's own figure, in kWh per 10^9 bytes."""
    return NetworkPowerModel(
        energy_per_byte=kwh_per_gb(kwh_per_decimal_gb, BYTES_PER_DECIMAL_GB),
        provenance=_provenance(
            "calibrated", "configured", UNKNOWN_NETWORK_FACTOR.value, f"{kwh_per_decimal_gb:g} kWh per 10^9 bytes"
        ),
    )


def line(name: str) -> NetworkPowerModel:
    """Make the model of a line of `LINES`, all of whose watts count for this machine."""
    chosen = LINES[name]
    return _line(chosen.watts.value, chosen.per_mbit.value, "average", f"line-{name}", chosen.factor)


def configured_line(watts: float, per_mbit: float) -> NetworkPowerModel:
    """Make the model of a line by the user's own watts, and watts for each Mbit/s."""
    return _line(watts, per_mbit, "calibrated", "configured", UNKNOWN_NETWORK_FACTOR.value)


def _line(watts: float, per_mbit: float, source: str, model: str, factor: float) -> NetworkPowerModel:
    return NetworkPowerModel(
        line=Watts(watts),
        energy_per_byte=JoulesPerByte(per_mbit * BITS_PER_BYTE / BITS_PER_MEGABIT),
        provenance=_provenance(source, model, factor, f"{watts:g} W + {per_mbit:g} W per Mbit/s"),
    )


def _provenance(source: str, model: str, factor: float, description: str) -> Provenance:
    return Provenance(component=Component.NETWORK, source=source, model=model, factor=factor, description=description)
