"""Models of electric power: what the machine did in, watts per component out.

Components are disjoint, so their sum over scope `host` is the machine. Constants and their sources are in
`exporter.presets`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.core.units import BytesPerSecond, JoulesPerByte, Ratio, Watts
from exporter.usage import CpuUsage, NetworkUsage


class Scope(StrEnum):
    """Whose electricity it is."""

    HOST = "host"
    NETWORK = "network"


class Component(StrEnum):
    """The disjoint parts of a host, and the transport network."""

    BASELINE = "baseline"
    CPU = "cpu"
    MEMORY = "memory"
    NETWORK = "network"

    @property
    def scope(self) -> Scope:
        """The scope that the component belongs to."""
        return Scope.NETWORK if self is Component.NETWORK else Scope.HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a component's figure comes from; `uncertainty` is the half-width of its band, 1 for plus or minus 100%."""

    component: Component
    source: str
    model: str
    uncertainty: Ratio
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPowerModel:
    """P = idle + (full - idle) x utilization, and a constant for memory where the preset knows one.

    A linear curve between known end points is the best that is known without a sensor: on measured load profiles no
    other uncalibrated curve does better held out.
    """

    idle: Watts
    full: Watts
    memory: Watts | None
    provenance: tuple[Provenance, ...]

    def estimate(self, usage: CpuUsage) -> Mapping[Component, Watts]:
        """Mean power of each host component over the interval of `usage`."""
        powers = {
            Component.BASELINE: self.idle,
            Component.CPU: Watts((self.full - self.idle) * usage.utilization),
        }
        if self.memory is not None:
            powers[Component.MEMORY] = self.memory
        return powers


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPowerModel:
    """Energy of the transport network in proportion to the bytes that this machine sent and received."""

    energy_per_byte: JoulesPerByte
    provenance: Provenance

    def estimate(self, usage: NetworkUsage) -> Mapping[Component, Watts]:
        """Mean power of the transport network on this machine's behalf over the interval of `usage`."""
        rate = BytesPerSecond((usage.received_bytes + usage.sent_bytes) / usage.elapsed)
        return {Component.NETWORK: Watts(rate * self.energy_per_byte)}
