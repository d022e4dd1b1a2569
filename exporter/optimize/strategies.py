"""The table of strategies, by the names that CEP gave them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.optimize import optimize_network, power_management, reduce_cpu
from exporter.optimize.found import Finding
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change
from exporter.optimize.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A strategy: `look` finds what would help, and `changes` are what it would set now, in this order."""

    look: Callable[[Roots, Situation], tuple[Finding, ...]]
    changes: Callable[[Roots], tuple[Change, ...]]


STRATEGIES: Mapping[str, Strategy] = {
    "reduce_cpu": Strategy(look=reduce_cpu.look, changes=reduce_cpu.changes),
    "optimize_network": Strategy(look=optimize_network.look, changes=optimize_network.changes),
    "power_management": Strategy(look=power_management.look, changes=power_management.changes),
}
"""One row for each strategy."""
