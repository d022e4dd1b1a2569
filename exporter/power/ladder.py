"""The ladder of estimates for a machine without sensors: the first rung that holds for it, best first."""

from exporter.power.estimate import Estimate
from exporter.power.hardware import Hardware, Kind
from exporter.power.lookup import by_average, by_generation, by_name, by_tdp
from exporter.power.presets import cep_estimate
from exporter.power.priors import by_kind

SERVERS = frozenset({Kind.SERVER, Kind.VM, None})
"""Kinds that the figures of servers are looked up for; where nothing tells the kind, a name in the table does."""


def host_estimate(hardware: Hardware) -> Estimate:
    """Return the best estimate: by name, generation, TDP, kind or average; CEP's desktop where nothing is known."""
    rungs = (by_name, by_generation, by_tdp, by_average) if hardware.kind in SERVERS else (by_kind,)
    return next((found for rung in rungs if (found := rung(hardware)) is not None), cep_estimate())
