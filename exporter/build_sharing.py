"""Construction of attribution from its section of the configuration, and only where a collector for it is on."""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from exporter.config import Attribution
from exporter.power.component import Scope
from exporter.sources.collector import Source

if TYPE_CHECKING:
    from exporter.attribution.sharing import Sharing
    from exporter.sources.processes.grouping import GroupRule

LOG = logging.getLogger(__name__)

TELLING = {"processes": Scope.HOST, "process_bytes": Scope.NETWORK}
"""Collectors that tell which groups of processes used something, and the scope that it is of."""

_FLAGS = tuple(f"--collector.{name}" for name in TELLING)


def sharing_of(attribution: Attribution, sources: Collection[Source]) -> "Sharing | None":
    """Return the rule of attribution for the collectors that are on; None where none of them tells of processes.

    A section `attribution` that none of them needs is logged: its limit would never alert.
    """
    scopes = frozenset(TELLING[source.name] for source in sources if source.name in TELLING)
    if not scopes:
        if attribution != Attribution():
            LOG.warning("attribution is configured and has no effect without %s", " or ".join(_FLAGS))
        return None
    from exporter.attribution.sharing import Sharing  # noqa: PLC0415 - what is off is not loaded

    return Sharing(scopes=scopes, top=attribution.top, grouping=" ".join((attribution.by, *attribution.groups)))


def group_rule(attribution: Attribution) -> "GroupRule":
    """Return the criterion by which processes are grouped."""
    from exporter.sources.processes.grouping import By, GroupRule  # noqa: PLC0415 - what is off is not loaded

    return GroupRule(by=By(attribution.by), patterns=attribution.groups)
