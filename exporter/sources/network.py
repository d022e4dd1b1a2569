"""Counters of the network devices that count towards energy, from `net/dev` of a procfs."""

import os
from collections.abc import Mapping, Set
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.units import BytesPerSecond
from exporter.sources.device_links import DeviceLinks
from exporter.sources.nics import FEW, DeviceChoice, NicRule
from exporter.sources.reading import NetworkCounters, NotPresentError, ReadingUnavailableError, Traffic, require_counts


class NetworkSource:
    """Reads the devices of one network."""

    def __init__(self, rule: NicRule, *, net: Path, links: DeviceLinks, clock: Clock) -> None:
        """Take the procfs folder `net` of the network, and the `links` of its devices."""
        self._rule = rule
        self._dev = net / "dev"
        self._links = links
        self._choice = DeviceChoice(rule, links=links, net=net, clock=clock)

    def read(self) -> NetworkCounters:
        """Return the counters and speeds of the devices that count.

        Raises OSError, NotPresentError without a network, ReadingUnavailableError where none of its devices counts, and
        ValueError or IndexError where a line says something else.
        """
        rows = self._rows()
        counted = self._choice.among(rows.keys())
        if not counted:
            # Where nothing ever moved, only devices that a kernel makes by itself, there is no network to count.
            if (rows and self._rule.include) or any(self._traffic(row).total_bytes for row in rows.values()):
                raise ReadingUnavailableError("no network device counts towards energy; see network.include")
            raise NotPresentError
        return NetworkCounters(
            devices={_printable(name): self._traffic(row) for name, row in rows.items() if name in counted},
            speeds=self._speeds(counted),
        )

    def _speeds(self, counted: Set[str]) -> Mapping[str, BytesPerSecond]:
        """Return the speeds that are known; of many devices none, since reading them all would take too long."""
        if len(counted) > FEW:
            return {}
        speeds = {_printable(name): self._links.speed(name) for name in counted}
        return {name: speed for name, speed in speeds.items() if speed is not None}

    def _traffic(self, row: str) -> Traffic:
        """Take a line apart.

        Fields are: bytes and packets received, six more of receiving, bytes and packets sent (proc_net(5)).
        """
        fields = row.split(maxsplit=10)
        received, received_packets, sent, sent_packets = (int(fields[place]) for place in (0, 1, 8, 9))
        require_counts(self._dev, received, received_packets, sent, sent_packets)
        return Traffic(
            received_bytes=received, received_packets=received_packets, sent_bytes=sent, sent_packets=sent_packets
        )

    def _rows(self) -> dict[str, str]:
        """Return the counters of each device that no pattern excludes, not yet taken apart: there may be thousands."""
        rows = {}
        # Two lines of headings come first (proc_net(5)). A name may hold any bytes but blanks, slashes and colons.
        for line in os.fsdecode(self._dev.read_bytes()).removesuffix("\n").split("\n")[2:]:
            padded, colon, row = line.partition(":")
            if not colon:
                raise ValueError("expected the name of a device before a colon")
            name = padded.lstrip(" ")
            if not self._rule.excludes(name):
                rows[name] = row
        return rows


def _printable(device: str) -> str:
    """Return the name of a device as UTF-8 text: bytes that are none stand escaped, and so does a backslash.

    Names that differ stay different.
    """
    return os.fsencode(device).replace(b"\\", rb"\\").decode(errors="backslashreplace")
