"""The table of strategies, by the names that CEP gave them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.optimize import optimize_network, power_management, reduce_cpu
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A strategy: `changes` are what it would set now, in this order."""

    changes: Callable[[Roots], tuple[Change, ...]]


STRATEGIES: Mapping[str, Strategy] = {
    "reduce_cpu": Strategy(changes=reduce_cpu.changes),
    "optimize_network": Strategy(changes=optimize_network.changes),
    "power_management": Strategy(changes=power_management.changes),
}
"""One row for each strategy."""
