"""Models of electric power: use in, watts per component out.

Components are disjoint, so their sum over scope `host` is the machine. Constants and their sources are in
`exporter.power.presets`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.core.units import BytesPerSecond, JoulesPerByte, Watts
from exporter.power.component import Component, Provenance
from exporter.usage.cpu import CpuUsage
from exporter.usage.network import NetworkUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPowerModel:
    """P = idle + (full - idle) x utilization.

    The line is an approximation: between the two points servers draw less than it says (see `docs/explanation`).
    """

    idle: Watts
    full: Watts
    provenance: tuple[Provenance, ...]
    idle_of: Mapping[Component, Watts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts whose idle power is more than the machine's."""
        if sum(self.idle_of.values()) > self.idle:
            raise ValueError("expected the idle power of the parts within that of the machine")

    def estimate(self, usage: CpuUsage) -> Mapping[Component, Watts]:
        """Return the mean power of each host component over the interval of `usage`."""
        return {
            Component.BASELINE: self.idle,
            Component.CPU: Watts((self.full - self.idle) * usage.utilization),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPowerModel:
    """Energy of the transport network in proportion to the bytes that this machine sent and received."""

    energy_per_byte: JoulesPerByte
    provenance: Provenance

    def estimate(self, usage: NetworkUsage) -> Mapping[Component, Watts]:
        """Return the mean power of the transport network on this machine's behalf over the interval of `usage`."""
        rate = BytesPerSecond((usage.received_bytes + usage.sent_bytes) / usage.elapsed)
        return {Component.NETWORK: Watts(rate * self.energy_per_byte)}
