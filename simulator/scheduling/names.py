"""The names of the policies, and the traits that follow from a name alone. Loads neither numpy nor a kernel."""

from collections.abc import Mapping
from dataclasses import dataclass

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
"""Descriptions of the policies, a line each. All but those that choose an operating point run at full frequency."""

SINGLE_NODE = "single-node:"
"""Prefix of a node's name: the policy that gives every task to that node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The needs of a policy beyond placing: `shifts`, temporal shifting; `sees_future`, forecasts without error."""

    shifts: bool = False
    sees_future: bool = False


def single_node(name: str) -> str | None:
    """Return the node to which the policy gives every task; None for a policy that is not `single-node:NAME`."""
    return name.removeprefix(SINGLE_NODE) if name.startswith(SINGLE_NODE) else None


def is_users(name: str) -> bool:
    """Return whether a policy is a user's own, package.module:Class."""
    return ":" in name and single_node(name) is None


def traits(name: str) -> Traits:
    """Return the traits of the policy of this name.

    Raises ValueError, in one line, for a plain name that no policy has. The name alone does not tell whether the
    cluster has the node of a `single-node:NAME`, nor the traits of a user's own policy.
    """
    if ":" not in name and name not in POLICIES:
        raise ValueError(unknown(name))
    return Traits(shifts=name in {"shifting", "oracle"}, sees_future=name == "oracle")


def unknown(name: str) -> str:
    """Return the error message for a policy that does not exist, in one line."""
    return f'expected one of {", ".join(POLICIES)}, or package.module:Class, got "{name}"'
