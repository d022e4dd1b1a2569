"""The policies by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.config import ConfigError
from simulator.scheduling.interface import Policy
from simulator.scheduling.kernels.compiled import Backend
from simulator.scheduling.own.per_task import load_policy
from simulator.scheduling.queues import InTurn, LeastLoaded
from simulator.scheduling.score import Levels, Scored
from simulator.scheduling.weights import Weights

__all__ = ["POLICIES", "SINGLE_NODE", "Levels", "Traits", "build_policy", "is_users", "traits", "weights_of"]

POLICIES: Mapping[str, str] = {
    "round-robin": "The nodes in turn; one that does not fit or cannot start in time is passed over.",
    "least-loaded": "The node that can start first (join the shortest queue, by time; Winston 1977).",
    "least-energy": "The node and operating point with the least energy for this task.",
    "least-carbon": "The node and operating point with the least grams for this task.",
    "weighted": "The node of least weighted score, at full frequency.",
    "joint": "The node and operating point of least weighted score, chosen together.",
    "shifting": "As joint; deferrable tasks also wait for greener supply within their deadline.",
    "oracle": "As shifting, but told the supply to come without error: a yardstick, not a policy for use.",
    "kubernetes-like": "Peer: in turn over the nodes whose memory fits, blind to their queues.",
    "casper-like": "Peer after CASPER (Souza et al. 2023): least grams for this task now, weighed equally with load.",
    "carbon-greedy": "Peer: the node whose supply for this task is greenest now, whatever it spends.",
    "single-node:NAME": "All tasks to one node; the best of these in hindsight is a baseline.",
}
"""What each does, in a line. All but those that choose an operating point run at full frequency."""

SINGLE_NODE = "single-node:"
"""Before the name of a node: the policy that gives it every task."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a policy needs beyond placing: `shifts`, temporal shifting; `sees_future`, forecasts without error."""

    shifts: bool = False
    sees_future: bool = False


def is_users(name: str) -> bool:
    """Whether a policy is one of a user's own, package.module:Class."""
    return ":" in name and not name.startswith(SINGLE_NODE)


def traits(name: str) -> Traits:
    """What the engine has to give to the policy of this name.

    Raises ValueError, in one line, for a plain name that no policy has. Whether the cluster has the node of a
    `single-node:NAME`, and what a user's own policy is like, is not known here.
    """
    if ":" not in name and name not in POLICIES:
        raise ValueError(_unknown(name))
    return Traits(shifts=name in {"shifting", "oracle"}, sees_future=name == "oracle")


def _unknown(name: str) -> str:
    return f'expected one of {", ".join(POLICIES)}, or package.module:Class, got "{name}"'


def weights_of(name: str, weights: Weights) -> Weights | None:
    """The normalised weights by which a policy scores, `weights` being the configured ones; None without a score."""
    if name not in _SCORES:
        return None
    return (_SCORES[name] or weights).normalised()


def build_policy(name: str, weights: Weights, *, levels: Levels, backend: Backend) -> Policy:
    """A fresh policy for one run.

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
    if name.startswith(SINGLE_NODE):
        return LeastLoaded(name, only=name.removeprefix(SINGLE_NODE), backend=backend)
    if is_users(name):
        try:
            return load_policy(name)
        except ValueError as error:
            raise ConfigError([f"scheduler.policy: {error}"]) from error
    raise ValueError(_unknown(name))
