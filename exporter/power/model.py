"""Models of electric power: use in, watts per component out.

Components are disjoint, so their sum over scope `host` is the machine. Constants and their sources are in
`exporter.power.presets` and in the tables beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from exporter.core.units import BytesPerSecond, JoulesPerByte, Ratio, Watts
from exporter.power.band import Band
from exporter.power.component import Component, Provenance
from exporter.usage.cpu import CpuUsage
from exporter.usage.network import NetworkUsage

LINE = ((0.0, 0.0), (1.0, 1.0))
"""Utilization and share of the way from idle to full power: in proportion."""

CURVE = ((0.0, 0.0), (0.1, 0.17), (0.5, 0.42), (1.0, 1.0))
"""Utilization and share of the way from idle to full power for servers since 2016, linear between these points: medians
of 169 load curves of 2016-2022 (SPECpower_ssj2008 results)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPowerModel:
    """P = idle + (full - idle) x share(utilization), where `shape` gives the share.

    `disk` is the part of `idle` that stands as a component of its own; `idle_of` are those that sensors may cover.
    `source` and `model` name the rung of the ladder and its row. `described` says how the watts of `baseline` came
    about, and of `disk`.
    """

    idle: Watts
    full: Watts
    source: str
    model: str
    band: Band
    shape: Sequence[tuple[float, float]] = LINE
    disk: Watts | None = None
    idle_of: Mapping[Component, Watts] = field(default_factory=dict)
    described: Mapping[Component, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse parts whose idle power is more than the machine's, and less power at full load than at rest."""
        if sum(self.idle_of.values()) + (self.disk or 0.0) > self.idle * (1.0 + 1e-9):
            raise ValueError("expected the idle power of the parts within that of the machine")
        if self.full < self.idle:
            raise ValueError(f"expected full power of at least {self.idle:g} W, got {self.full:g} W")

    def estimate(self, usage: CpuUsage) -> Mapping[Component, Watts]:
        """Return the mean power of each host component over the interval of `usage`."""
        powers = {
            Component.BASELINE: Watts(self.idle - (self.disk or 0.0)),
            Component.CPU: Watts((self.full - self.idle) * share_of_span(usage.utilization, self.shape)),
        }
        return powers if self.disk is None else powers | {Component.DISK: self.disk}

    def provenance(self, utilization: Ratio | None = None) -> tuple[Provenance, ...]:
        """Return where each component's power comes from, with the band at a load; at idle where none is known."""
        factor = self.band.at(Ratio(0.0) if utilization is None else utilization)
        return tuple(
            Provenance(
                component=component, source=self.source, model=self.model, factor=factor, description=description
            )
            for component, description in self._descriptions().items()
        )

    def _descriptions(self) -> Mapping[Component, str]:
        span = _figure(self.full - self.idle)
        how = "x utilization" if self.shape == LINE else "x a curve of utilization"
        told = {
            Component.BASELINE: f"{_figure(self.idle - (self.disk or 0.0))} W always",
            Component.CPU: f"{span} W {how}",
        }
        if self.disk is not None:
            told[Component.DISK] = f"{_figure(self.disk)} W always"
        return {
            component: f"{text} ({self.described[component]})" if component in self.described else text
            for component, text in told.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPowerModel:
    """Power of the transport network: of a `line`, traffic or not, and in proportion to bytes sent and received."""

    energy_per_byte: JoulesPerByte
    provenance: Provenance
    line: Watts = Watts(0.0)  # noqa: RUF009 - a number

    def estimate(self, usage: NetworkUsage) -> Mapping[Component, Watts]:
        """Return the mean power of the transport network on this machine's behalf over the interval of `usage`."""
        rate = BytesPerSecond((usage.received_bytes + usage.sent_bytes) / usage.elapsed)
        return {Component.NETWORK: Watts(self.line + rate * self.energy_per_byte)}


def share_of_span(utilization: Ratio, shape: Sequence[tuple[float, float]]) -> Ratio:
    """Return the share of the way from idle to full power at a utilization, linear between the points of `shape`."""
    for (left, low), (right, high) in pairwise(shape):
        if utilization <= right:
            return Ratio(low + (high - low) * (utilization - left) / (right - left))
    return Ratio(shape[-1][1])


def _figure(watts: float) -> str:
    """Write watts to a tenth, or to three digits below ten."""
    return f"{watts:.3g}" if watts < 10.0 else f"{round(watts, 1):g}"
