"""The policies by name: their objects, and the weights by which they score."""

from collections.abc import Mapping

from exporter.core.config import ConfigError
from simulator.scheduling.interface import Policy
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.names import is_users, single_node, unknown
from simulator.scheduling.own.per_task import load_policy
from simulator.scheduling.queues import InTurn, LeastLoaded
from simulator.scheduling.score import Levels, Scored
from simulator.scheduling.weights import Weights

_TIE = 1e-6
"""Weight of latency where it decides only between choices that are otherwise equal, such as several green nodes."""

_SCORES: Mapping[str, Weights | None] = {
    "least-energy": Weights(energy=1.0, latency=_TIE),
    "least-carbon": Weights(carbon=1.0, latency=_TIE),
    "weighted": None,
    "joint": None,
    "shifting": None,
    "oracle": None,
    "casper-like": Weights(carbon=0.5, load=0.5),
    "carbon-greedy": Weights(grid=1.0, latency=_TIE),
}
"""Weights of the policies by score; None stands for those of the configuration."""

_CHOOSE_LEVELS = frozenset({"least-energy", "least-carbon", "joint", "shifting", "oracle"})


def weights_of(name: str, weights: Weights) -> Weights | None:
    """Return a policy's normalised weights, from `weights` where they are the configured ones; None without a score."""
    if name not in _SCORES:
        return None
    return (_SCORES[name] or weights).normalised()


def build_policy(name: str, weights: Weights, *, levels: Levels, backend: Backend) -> Policy:
    """Build a fresh policy for one run.

    `levels` limits the policies that choose an operating point. A name of the form package.module:Class is imported,
    see `load_policy`. Raises ValueError for an unknown name, and ConfigError where that import fails.
    """
    if name in _SCORES:
        allowed = levels if name in _CHOOSE_LEVELS else Levels.FASTEST
        return Scored(name, _SCORES[name] or weights, levels=allowed, backend=backend)
    if name in {"round-robin", "kubernetes-like"}:
        return InTurn(name, tries=1 if name == "kubernetes-like" else None, backend=backend)
    if name == "least-loaded":
        return LeastLoaded(name, backend=backend)
    if (only := single_node(name)) is not None:
        return LeastLoaded(name, only=only, backend=backend)
    if is_users(name):
        try:
            return load_policy(name)
        except ValueError as error:
            raise ConfigError([f"scheduler.policy: {error}"]) from error
    raise ValueError(unknown(name))
