"""The process's file descriptors, so that no number of clients leaves it without one to read, save or log with."""

import contextlib
import os
import resource

RESERVED = 16
"""Kept free beside what is open when serving begins: for the files that a sample, a scrape, a save or a read of the
web configuration opens. Each closes what it opens; three at once are the most that was seen."""


def room_for(connections: int) -> int:
    """Return how many of `connections` may be open at once: at least one, and all where the hard limit allows it.

    The soft limit on open files (`ulimit -n`) is raised as far as needed and as the hard one allows.
    """
    taken = len(os.listdir("/dev/fd")) + RESERVED  # noqa: PTH208 - the names are not wanted
    _raise_soft_limit(taken + connections)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - taken))


def _raise_soft_limit(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    reachable = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    # Some systems have a further bound, which they do not tell.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
