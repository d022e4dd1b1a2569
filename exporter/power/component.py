"""The components whose power is reported, and where each figure comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar, cast

from exporter.core.units import Joules, Seconds, Watts

MAX_MACHINE_WATTS = Watts(1e5)
"""Mean power beyond which a sensor of the whole machine has been misread: the most that a configuration may state."""

PRECEDENCE = ("meter", "ipmi", "battery", "rapl", "nvml", "hwmon")
"""Sources of sensors in the order in which they count where several cover the same: at the wall before inside the case,
and a processor's own counters before a driver that repeats them. A source that is not named comes last."""


class Scope(StrEnum):
    """Scope of a figure: whose electricity it counts."""

    HOST = "host"
    NETWORK = "network"


FigureT = TypeVar("FigureT", bound=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByScope(Generic[FigureT]):
    """Figure of the machine beside that of the transport network; None where unknown."""

    host: FigureT | None = None
    network: FigureT | None = None

    def total(self) -> FigureT | None:
        """Return the sum; None where either part is unknown, since half a sum would read as a whole one."""
        if self.host is None or self.network is None:
            return None
        return cast(FigureT, self.host + self.network)


class Component(StrEnum):
    """Component: one of the disjoint parts of a host, or the transport network."""

    BASELINE = "baseline"
    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    GPU = "gpu"
    REST = "rest"
    NETWORK = "network"

    @property
    def scope(self) -> Scope:
        """The scope that the component belongs to."""
        return Scope.NETWORK if self is Component.NETWORK else Scope.HOST


def power_by_scope(powers: Mapping[Component, Watts]) -> ByScope[Watts]:
    """Sum the powers of components by scope; None for a scope with no component among them."""
    host: Watts | None = None
    network: Watts | None = None
    for component, power in powers.items():
        if component.scope is Scope.HOST:
            host = Watts((host or 0.0) + power)
        else:
            network = Watts((network or 0.0) + power)
    return ByScope(host=host, network=network)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Origin of a component's figure, and how far it may be off.

    For nine machines in ten the true power lies from power / `factor` to power x `factor`; for the network, by the
    studies that were published.
    """

    component: Component
    source: str
    model: str
    factor: float
    description: str

    def low(self, power: Watts) -> Watts:
        """Return the low end of the band around `power`."""
        return Watts(power / self.factor)

    def high(self, power: Watts) -> Watts:
        """Return the high end of the band around `power`."""
        return Watts(power * self.factor)


class Coverage(StrEnum):
    """Part that a sensor measures: one component of the host, the whole machine, or a detail.

    A detail lies within what another sensor covers: it is shown, and never added.
    """

    PACKAGE = "package"
    MEMORY = "memory"
    DISK = "disk"
    GPU = "gpu"
    MACHINE = "machine"
    DETAIL = "detail"

    @property
    def component(self) -> Component | None:
        """The component that the sensor's energy is booked under; None for the whole machine and for a detail."""
        return _COMPONENT_OF.get(self)


_COMPONENT_OF = {
    Coverage.PACKAGE: Component.CPU,
    Coverage.MEMORY: Component.MEMORY,
    Coverage.DISK: Component.DISK,
    Coverage.GPU: Component.GPU,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """Facts about a sensor that hold while it is there; the true power lies within `factor` of what it tells."""

    source: str
    covers: Coverage
    factor: float
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTotal:
    """Place of a counter on the total that a meter keeps itself, by which the next run goes on with the counter.

    `meter` tells meters apart. Up to `total`, which last moved `since_step` ago, the counter has `confirmed`; it runs
    ahead of that by `ahead`. `pace` is the mean power up to the last step of the total, None before the first.
    """

    meter: str
    total: Joules
    confirmed: Joules
    ahead: Joules
    since_step: Seconds
    pace: Watts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyCounter:
    """Cumulative energy of a sensor. A counter that starts again at zero states the energy at which it does.

    One that follows a meter's own total says where it stands on that.
    """

    sensor: Sensor
    energy: Joules
    wraps_at: Joules | None = None
    own: OwnTotal | None = None
