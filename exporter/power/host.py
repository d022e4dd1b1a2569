"""The model of a machine from an estimate of its idle and full power, with its disks where they show."""

from dataclasses import dataclass, replace

from exporter.core.carbon import Factor
from exporter.core.units import Watts
from exporter.power.band import band_of
from exporter.power.component import Component
from exporter.power.estimate import Estimate, numbered
from exporter.power.hardware import Hardware, Kind
from exporter.power.model import CURVE, LINE, HostPowerModel
from exporter.power.presets import PACKAGE_IDLE_SHARE
from exporter.sources.identity import Disks

_AS_SOLD = "regression on the idle watts of 218 server configurations as sold (ENERGY STAR, to May 2020)"

AS_SOLD_IDLE = Factor(value=1.18, unit="ratio", source=f"{_AS_SOLD}: of the figure of its generation", year=2020)
WATTS_PER_HARD_DISK = Factor(value=7.5, unit="W", source=f"{_AS_SOLD}: of each hard disk", year=2020)
WATTS_PER_SSD = Factor(value=9.4, unit="W", source=f"{_AS_SOLD}: of each SSD", year=2020)
WATTS_PER_GB = Factor(
    value=0.05, unit="W/GB", source=f"{_AS_SOLD}: of memory beyond what the figure includes", year=2020
)

_WHOLE_SERVERS = frozenset({"name", "generation"})
"""Rungs whose watts are of a whole server with benchmark-like disks, and that the regression holds for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Additions:
    """Watts that a server as sold idles at beyond the tuned figure."""

    tuning: float
    memory: float
    disk: float


def host_model_of(estimate: Estimate, hardware: Hardware | None = None) -> HostPowerModel:
    """Return the model of a machine; a server whose disks show is corrected to what servers idle at as they are sold.

    The same watts are taken to come on top at full load, which nothing published tests.
    """
    if hardware is None or not _is_corrected(estimate, hardware):
        return _model(estimate, hardware)
    added = _additions(estimate, hardware)
    model = _model(estimate, hardware)
    more = added.tuning + added.memory + added.disk
    memory = f", {added.memory:.0f} W for memory" if added.memory >= 0.5 else ""
    band = replace(model.band, idle=band_of("as_sold").idle)
    return replace(
        model,
        idle=Watts(model.idle + more),
        full=Watts(model.full + more),
        disk=Watts(added.disk),
        idle_of=dict(model.idle_of)
        | {Component.MEMORY: Watts(model.idle_of.get(Component.MEMORY, 0.0) + added.memory)},
        band=band,
        described={
            Component.BASELINE: f"{estimate.counted}, as sold{memory}",
            Component.DISK: _counted(hardware.disks),
        },
    )


def _model(estimate: Estimate, hardware: Hardware | None) -> HostPowerModel:
    idle_of: dict[Component, Watts] = {Component.CPU: Watts(PACKAGE_IDLE_SHARE.value * estimate.idle)}
    if hardware is not None and estimate.rung in _WHOLE_SERVERS and hardware.gb is not None:
        included = hardware.gb if estimate.gb is None else min(hardware.gb, estimate.gb)
        most = estimate.idle - idle_of[Component.CPU]
        idle_of[Component.MEMORY] = Watts(min(WATTS_PER_GB.value * included, most))
    return HostPowerModel(
        idle=estimate.idle,
        full=estimate.full,
        source=estimate.source,
        model=estimate.model,
        band=band_of(estimate.rung),
        shape=CURVE if estimate.curved else LINE,
        idle_of=idle_of,
        described={Component.BASELINE: estimate.counted} if estimate.counted else {},
    )


def _is_corrected(estimate: Estimate, hardware: Hardware) -> bool:
    has_disks = hardware.disks.rotating + hardware.disks.solid > 0
    return estimate.rung in _WHOLE_SERVERS and hardware.kind is Kind.SERVER and has_disks


def _additions(estimate: Estimate, hardware: Hardware) -> _Additions:
    beyond = 0.0
    if hardware.gb is not None and estimate.gb is not None:
        beyond = max(0.0, hardware.gb - estimate.gb)
    disks = hardware.disks
    return _Additions(
        tuning=(AS_SOLD_IDLE.value - 1.0) * estimate.idle,
        memory=WATTS_PER_GB.value * beyond,
        disk=WATTS_PER_HARD_DISK.value * disks.rotating + WATTS_PER_SSD.value * disks.solid,
    )


def _counted(disks: Disks) -> str:
    kinds = ((disks.rotating, "hard disk"), (disks.solid, "SSD"))
    return " and ".join(numbered(number, name) for number, name in kinds if number)
