"""The ladder of estimates for a machine without sensors: the first rung that holds for it, best first."""

from dataclasses import replace

from exporter.core.units import Watts
from exporter.power.estimate import Estimate
from exporter.power.hardware import Hardware, Kind
from exporter.power.lookup import by_average, by_generation, by_name, by_tdp
from exporter.power.presets import calibrated_estimate, cep_estimate
from exporter.power.priors import by_kind

SERVERS = frozenset({Kind.SERVER, Kind.VM, None})
"""Kinds that the figures of servers are looked up for; where nothing tells the kind, a name in the table does."""


def host_estimate(hardware: Hardware) -> Estimate:
    """Return the best estimate: by name, generation, TDP, kind or average; CEP's desktop where nothing is known."""
    rungs = (by_name, by_generation, by_tdp, by_average) if hardware.kind in SERVERS else (by_kind,)
    return next((found for rung in rungs if (found := rung(hardware)) is not None), cep_estimate())


def calibrated(hardware: Hardware, idle: Watts, full: Watts, how: str) -> Estimate:
    """Return the estimate of a machine whose idle and full power are known; `how` says from what."""
    server = hardware.kind in {Kind.SERVER, Kind.VM}
    return calibrated_estimate(idle, full, model=how, server=server, curved=server and hardware.processor.is_recent)


def with_measured_span(estimate: Estimate, idle: Watts, full: Watts, how: str) -> Estimate:
    """Return an estimate that rises by what the CPU packages were measured to rise; its idle power and band stay.

    Packages are a part of the machine: what else draws power when idle they do not tell.
    """
    return replace(estimate, full=Watts(estimate.idle + full - idle), source="calibrated", model=how)
