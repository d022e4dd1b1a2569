"""Traffic between two readings."""

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.units import Seconds
from exporter.sources.reading import Timed, Traffic
from exporter.usage.counters import counted
from exporter.usage.events import Events

MAX_BYTES_PER_SECOND = 1e11
"""800 Gbit/s, the fastest Ethernet standard (IEEE 802.3df, 2024): more in either direction is a bad reading."""


COUNTERS = ("received_bytes", "sent_bytes", "received_packets", "sent_packets")
"""Fields of `Traffic`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkUsage:
    """Traffic over an interval of awake time, by device."""

    devices: Mapping[str, Traffic]
    elapsed: Seconds

    @property
    def received_bytes(self) -> int:
        """Bytes received by all devices."""
        return sum(device.received_bytes for device in self.devices.values())

    @property
    def sent_bytes(self) -> int:
        """Bytes sent by all devices."""
        return sum(device.sent_bytes for device in self.devices.values())


def network_usage(
    previous: Timed[Mapping[str, Traffic]] | None,
    current: Timed[Mapping[str, Traffic]] | None,
    events: Events,
) -> NetworkUsage | None:
    """A device seen for the first time counts from its next reading: what it moved before is not this interval's."""
    if previous is None or current is None or current.at <= previous.at:
        return None
    elapsed = Seconds(current.at - previous.at)
    moved = {
        name: _device_usage(previous.value[name], now, elapsed, events)
        for name, now in current.value.items()
        if name in previous.value
    }
    devices = {name: traffic for name, traffic in moved.items() if traffic is not None}
    return NetworkUsage(devices=devices, elapsed=elapsed) if devices else None


def _device_usage(before: Traffic, now: Traffic, elapsed: Seconds, events: Events) -> Traffic | None:
    """The traffic of one device, or None where its counters do not tell; they count again from here."""
    moved = {name: counted(getattr(before, name), getattr(now, name)) for name in COUNTERS}
    if any(amount < 0 for amount in moved.values()):
        # What a counter holds after a fall moved since then only if it began at zero, and a driver that takes back a
        # few packets did not: believing it would book everything since the machine started.
        events.reset("network")
        events.discard("network", "reset")
        return None
    if max(moved.values()) > MAX_BYTES_PER_SECOND * elapsed:
        events.discard("network", "implausible")
        return None
    return Traffic(**moved)
