"""The rule of the network devices that count towards energy.

The bytes of one packet pass several devices on their way: a container's veth, a bridge, a VPN tunnel, the physical
card. Only one of them may count. Physical cards do, where there are any; otherwise (inside a container, say) the
device of the default route does. Cards that pass each other's bytes count once (`exporter.sources.device_links`).
"""

import os
import re
from collections.abc import Set
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.units import MonotonicSeconds, Seconds
from exporter.sources.device_links import DeviceLinks

NEVER_COUNTED = (
    "lo",
    "lo[0-9]",
    "loopback0",
    "veth*",
    "docker*",
    "br-*",
    "virbr*",
    "vnet*",
    "cni*",
    "flannel*",
    "cali*",
    "tap*",
)
"""Loopback, with that of WSL's mirrored network, and the host's ends of virtual machines' and containers' networks:
their bytes pass another device too, or never leave the machine."""

NOTHING = "(?!)"
"""A regular expression that nothing matches."""

FEW = 16
"""Up to so many devices are looked up in sysfs for every reading, which takes about a millisecond."""

CHOICE_HOLDS = Seconds(60.0)
"""So long at most the choice among more devices is kept: to look up a thousand cards takes some 80 ms, which is then
0.1% of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NicRule:
    """Shell patterns over device names. An empty `include` means the automatic rule."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = NEVER_COUNTED

    def excludes(self, name: str) -> bool:
        """Tell whether a device never counts, by its name alone."""
        return _any_of(self.exclude).match(name) is not None


class DeviceChoice:
    """Decides which devices count, no byte twice: of those that carry the same bytes only one does.

    What decides is looked up for every reading where few devices are concerned. Where many are, an answer holds while
    their names stay the same, for at most `CHOICE_HOLDS`: so long a default route that moves, and a card that is
    paired or enslaved among more than `FEW` cards, may go unnoticed.
    """

    def __init__(self, rule: NicRule, *, links: DeviceLinks, net: Path, clock: Clock) -> None:
        """Take the procfs folder `net` with the routes of the network that the devices belong to."""
        self._include = rule.include
        self._links = links
        self._net = net
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._decided_at = MonotonicSeconds(-CHOICE_HOLDS)
        self._candidates: frozenset[str] = frozenset()
        self._counted: frozenset[str] = frozenset()

    def among(self, names: Set[str]) -> frozenset[str]:
        """Return the devices whose bytes count, among those that no pattern excludes."""
        now = self._clock.awake()
        is_stale = names != self._names or now - self._decided_at >= CHOICE_HOLDS
        if is_stale:
            self._names, self._decided_at = frozenset(names), now
        if is_stale or len(names) <= FEW:
            self._candidates = self._may_count()
        if is_stale or len(self._candidates) <= FEW:
            self._counted = self._links.counting_once(self._candidates)
        return self._counted

    def _may_count(self) -> frozenset[str]:
        if self._include:
            included = _any_of(self._include)
            return frozenset(name for name in self._names if included.match(name))
        cards = frozenset(name for name in self._names if self._links.is_card(name))
        return cards or self._names & default_route_devices(self._net)


def default_route_devices(net: Path) -> set[str]:
    """Return the devices of the default routes, from `route` and `ipv6_route` in a procfs `net` folder."""
    return _ipv4_defaults(_lines(net / "route")[1:]) | _ipv6_defaults(_lines(net / "ipv6_route"))


def _ipv4_defaults(rows: list[bytes]) -> set[str]:
    """Read the devices. Rows are: device, destination, gateway, flags, references, use, metric, mask (proc_net(5))."""
    fields = (row.split() for row in rows)
    return {os.fsdecode(row[0]) for row in fields if len(row) > 7 and int(row[1], 16) == 0 and int(row[7], 16) == 0}


def _ipv6_defaults(rows: list[bytes]) -> set[str]:
    """Read the devices.

    Rows are: destination, its prefix length, source, its prefix length, next hop, metric, counts, flags, device.
    """
    fields = (row.split() for row in rows)
    return {
        os.fsdecode(row[9])
        for row in fields
        if len(row) > 9 and int(row[0], 16) == 0 and int(row[1], 16) == 0 and row[9] != b"lo"
    }


def _lines(path: Path) -> list[bytes]:
    """Read the lines of a file that a kernel may not have; bytes, because the name of a device need not be text."""
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return []


@lru_cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return an expression that matches what any of the shell patterns does, case and all."""
    return re.compile("|".join(translate(pattern) for pattern in patterns) or NOTHING)
