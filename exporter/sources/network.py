"""Counters of the network devices that count towards energy, from `net/dev` of a procfs."""

import os
from collections.abc import Mapping
from pathlib import Path

import psutil

from exporter.sources.device_links import DeviceLinks
from exporter.sources.nics import NicRule, counted_devices
from exporter.sources.procfs import Procfs, psutil_reading
from exporter.sources.reading import ReadingUnavailableError, Traffic


class NetworkSource:
    """Reads the devices of one network."""

    def __init__(self, rule: NicRule, *, procfs: Procfs, sysfs: Path) -> None:
        self._rule = rule
        self._procfs = procfs
        self._links = DeviceLinks(sysfs)

    def read(self) -> Mapping[str, Traffic]:
        """Return the counters of the devices that count. Raises OSError, or ReadingUnavailableError if none does."""
        with psutil_reading(self._procfs.net_owner):
            counters = psutil.net_io_counters(pernic=True, nowrap=False)
        counted = counted_devices(counters, self._rule, links=self._links, net=self._procfs.net)
        if not counted:
            raise ReadingUnavailableError("no network device counts towards energy; see network.include")
        return {
            _printable(name): Traffic(
                received_bytes=nic.bytes_recv,
                sent_bytes=nic.bytes_sent,
                received_packets=nic.packets_recv,
                sent_packets=nic.packets_sent,
            )
            for name, nic in counters.items()
            if name in counted
        }


def _printable(device: str) -> str:
    """The name of a device as UTF-8 text; the kernel allows it any bytes, and psutil hands those on as surrogates."""
    return os.fsencode(device).decode(errors="backslashreplace")
