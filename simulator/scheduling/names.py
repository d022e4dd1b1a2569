"""The form of a policy's name: that of a built-in policy, single-node:NAME, or package.module:Class."""

SINGLE_NODE = "single-node:"
"""Prefix of a node's name: the policy that gives every task to that node."""


def single_node(name: str) -> str | None:
    """Return the node to which the policy gives every task; None for a policy that is not `single-node:NAME`."""
    return name.removeprefix(SINGLE_NODE) if name.startswith(SINGLE_NODE) else None


def is_users(name: str) -> bool:
    """Return whether a policy is a user's own, package.module:Class."""
    return ":" in name and single_node(name) is None
