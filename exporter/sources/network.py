"""Counters of the network devices that count towards energy, from `net/dev` of a procfs."""

import os
from collections.abc import Mapping
from pathlib import Path

from exporter.core.clock import Clock
from exporter.sources.device_links import DeviceLinks
from exporter.sources.nics import DeviceChoice, NicRule
from exporter.sources.reading import ReadingUnavailableError, Traffic

HEADINGS = 2
"""Lines of `net/dev` before the first device (proc_net(5))."""


class NetworkSource:
    """Reads the devices of one network."""

    def __init__(self, rule: NicRule, *, net: Path, links: DeviceLinks, clock: Clock) -> None:
        """`net` is the procfs folder of the network, and `links` are those of its devices."""
        self._rule = rule
        self._dev = net / "dev"
        self._choice = DeviceChoice(rule, links=links, net=net, clock=clock)

    def read(self) -> Mapping[str, Traffic]:
        """Return the counters of the devices that count.

        Raises OSError, ReadingUnavailableError where no device counts, and ValueError or IndexError where a line says
        something else.
        """
        rows = self._rows()
        counted = self._choice.among(rows.keys())
        if not counted:
            raise ReadingUnavailableError("no network device counts towards energy; see network.include")
        return {_printable(name): _traffic(row) for name, row in rows.items() if name in counted}

    def _rows(self) -> dict[str, str]:
        """The counters of each device that no pattern excludes, not yet taken apart: there may be thousands."""
        rows = {}
        # The name of a device may hold any bytes but those of ASCII blanks, slashes and colons.
        for line in os.fsdecode(self._dev.read_bytes()).removesuffix("\n").split("\n")[HEADINGS:]:
            padded, colon, row = line.partition(":")
            if not colon:
                raise ValueError("expected the name of a device before a colon")
            name = padded.lstrip(" ")
            if not self._rule.excludes(name):
                rows[name] = row
        return rows


def _traffic(row: str) -> Traffic:
    """Fields are: bytes and packets received, six more of receiving, bytes and packets sent (proc_net(5))."""
    fields = row.split(maxsplit=10)
    return Traffic(
        received_bytes=int(fields[0]),
        received_packets=int(fields[1]),
        sent_bytes=int(fields[8]),
        sent_packets=int(fields[9]),
    )


def _printable(device: str) -> str:
    """The name of a device as UTF-8 text; bytes that are none stand escaped."""
    return os.fsencode(device).decode(errors="backslashreplace")
