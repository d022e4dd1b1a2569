"""Traffic between two readings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.core.units import Seconds
from exporter.sources.reading import NetworkCounters, Timed, Traffic
from exporter.usage.counters import counted
from exporter.usage.events import Events

MAX_BYTES_PER_SECOND = 1e11
"""800 Gbit/s, the fastest Ethernet standard (IEEE 802.3df, 2024): more in either direction is a bad reading."""

SPEED_MARGIN = 4.0
"""A device may carry so many times the speed that it states: emulated cards (e1000, vmxnet3) pass what the hypervisor
copies. Judgement: a jump by 2^32 bytes within 5 s still passes the bound of a link of 1 Gbit/s or less."""

COUNTERS_LATE = Seconds(2.0)
"""Drivers of cards that count for themselves read them out every 2 s (`igb_watchdog_task` in Linux's igb_main.c), so an
interval may bring the bytes of so much time before it."""


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
    previous: Timed[NetworkCounters] | None, current: Timed[NetworkCounters] | None, events: Events
) -> NetworkUsage | None:
    """Compare two readings.

    A device seen for the first time counts from its next reading: what it moved before is not this interval's. Two
    readings of one moment tell of no traffic, but a counter that fell between them was reset all the same.
    """
    if previous is None or current is None:
        return None
    elapsed = Seconds(current.at - previous.at)
    before, now = previous.value, current.value
    moved = {
        name: _device_usage(before.devices[name], traffic, _most_bytes(name, before, now, elapsed), events)
        for name, traffic in now.devices.items()
        if name in before.devices
    }
    devices = {name: traffic for name, traffic in moved.items() if traffic is not None}
    return NetworkUsage(devices=devices, elapsed=elapsed) if devices and elapsed > 0.0 else None


def _most_bytes(name: str, before: NetworkCounters, now: NetworkCounters, elapsed: Seconds) -> float:
    """Return the most that a device can have counted in one direction.

    A link may have changed its speed between the readings: the greater one counts, and one that is unknown is no bound.
    Readings of one moment have none either: their traffic is not used, however much it is.
    """
    if elapsed <= 0.0:
        return math.inf
    most = MAX_BYTES_PER_SECOND * elapsed
    if name in before.speeds and name in now.speeds:
        speed = max(before.speeds[name], now.speeds[name])
        most = min(most, SPEED_MARGIN * speed * (elapsed + COUNTERS_LATE))
    return most


def _device_usage(before: Traffic, now: Traffic, most: float, events: Events) -> Traffic | None:
    """Return the traffic of one device, or None where its counters do not tell; they count again from here."""
    moved = {name: counted(getattr(before, name), getattr(now, name)) for name in COUNTERS}
    if any(amount < 0 for amount in moved.values()):
        # What a counter holds after a fall moved since then only if it began at zero, and a driver that takes back a
        # few packets did not: believing it would book everything since the machine started.
        events.reset("network")
        events.discard("network", "reset")
        return None
    if max(moved.values()) > most:
        events.discard("network", "implausible")
        return None
    return Traffic(**moved)
