"""Which network devices count towards energy.

The bytes of one packet pass several devices on their way: a container's veth, a bridge, a VPN tunnel, the physical
card. Only one of them may count. Physical cards do, where there are any; otherwise (inside a container, say) the
device of the default route does. Cards that pass each other's bytes count once (`exporter.sources.device_links`).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from exporter.sources.device_links import DeviceLinks

NEVER_COUNTED = (
    "lo",
    "lo[0-9]",
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
"""Loopback, and the host's ends of virtual machines' and containers' networks: their bytes pass another device too,
or never leave the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NicRule:
    """Shell patterns over device names. An empty `include` means the automatic rule."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = NEVER_COUNTED


def counted_devices(names: Iterable[str], rule: NicRule, *, links: DeviceLinks, net: Path) -> frozenset[str]:
    """Return the devices among `names` whose bytes count, no byte twice.

    What the rule includes may count; of devices that carry the same bytes only one of those does. `net` is the procfs
    folder with the routes of the same network as `names`.
    """
    allowed = {name for name in names if not _matches(name, rule.exclude)}
    if rule.include:
        return links.counting_once({name for name in allowed if _matches(name, rule.include)})
    cards = {name for name in allowed if links.is_card(name)}
    return links.counting_once(cards or allowed & default_route_devices(net))


def default_route_devices(net: Path) -> set[str]:
    """Devices of the default routes, IPv4 and IPv6, from `route` and `ipv6_route` in a procfs `net` folder."""
    return _ipv4_defaults(_lines(net / "route")[1:]) | _ipv6_defaults(_lines(net / "ipv6_route"))


def _ipv4_defaults(rows: list[bytes]) -> set[str]:
    """Rows are: device, destination, gateway, flags, references, use, metric, mask (proc_net(5))."""
    fields = (row.split() for row in rows)
    return {os.fsdecode(row[0]) for row in fields if len(row) > 7 and int(row[1], 16) == 0 and int(row[7], 16) == 0}


def _ipv6_defaults(rows: list[bytes]) -> set[str]:
    """Rows are: destination, its prefix length, source, its prefix length, next hop, metric, counts, flags, device."""
    fields = (row.split() for row in rows)
    return {
        os.fsdecode(row[9])
        for row in fields
        if len(row) > 9 and int(row[0], 16) == 0 and int(row[1], 16) == 0 and row[9] != b"lo"
    }


def _lines(path: Path) -> list[bytes]:
    """Lines of a file that a kernel may not have; bytes, because the name of a device need not be text."""
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return []


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
