"""The energy that a network takes to carry a byte, by named preset."""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.core.units import BYTES_PER_DECIMAL_GB, JoulesPerByte, kwh_per_gb

NETWORK_KWH_PER_GIGABYTE: Mapping[str, float] = MappingProxyType(
    {
        "carbon-trust-fixed": 0.0065,
        "carbon-trust-mobile": 0.1,
        "swd-v4": 0.059,
        "none": 0.0,
    }
)
"""Energy of the network in kWh for 10^9 bytes, by preset: of fixed and of mobile networks (Carbon Trust, Carbon impact
of video streaming, 2021), and of networks in the operational part of Sustainable Web Design, version 4 (2024)."""


def joules_per_byte(preset: str) -> JoulesPerByte:
    """Return the energy of a byte. Raises KeyError for an unknown preset."""
    return kwh_per_gb(NETWORK_KWH_PER_GIGABYTE[preset], BYTES_PER_DECIMAL_GB)
