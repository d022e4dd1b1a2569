"""Network devices that carry the same bytes, as `/sys/class/net` tells it.

A byte counts once. Each link below says that one device's bytes pass another one, which counts them too:

- a master with hardware of its own is the one face of its partners, and adds up what they carry: the synthetic card of
  an SR-IOV pair (drivers/net/hyperv/netvsc_drv.c) or of a failover trio (Documentation/networking/net_failover.rst). A
  bond, team or bridge has no hardware, and what is enslaved to it counts for itself;
- what stands on other devices (a VLAN, a bond, a bridge) hands its bytes down to them;
- the ports of a switch within the machine stand on their conduit (Documentation/networking/dsa/dsa.rst);
- a wireless monitor hears again what the other interfaces of its radio carry, and what strangers say.
"""

import os
from collections.abc import Set
from pathlib import Path

from exporter.core.units import BITS_PER_BYTE, BITS_PER_MEGABIT, BytesPerSecond
from exporter.sources.sysfs import content

MONITOR_TYPES = {b"801", b"802", b"803"}
"""Link layers of raw IEEE 802.11 frames (include/uapi/linux/if_arp.h)."""


class DeviceLinks:
    """The links between the devices of one sysfs, read anew at every question: cards come, go and pair while we run."""

    def __init__(self, sysfs: Path) -> None:
        self._devices = sysfs / "class/net"

    def is_card(self, device: str) -> bool:
        """Tell whether a device has hardware that carries this machine's own traffic, which a monitor's does not."""
        return self._has_hardware(device) and not self._is_monitor(device)

    def speed(self, device: str) -> BytesPerSecond | None:
        """Return what a device with hardware carries in each direction at most; None where its driver does not say.

        A device without hardware states a figure that means nothing, a veth 10 Gbit/s and a tap 10 Mbit/s.
        """
        # In Mbit/s (Documentation/ABI/testing/sysfs-class-net).
        text = self._read(device, "speed") if self._has_hardware(device) else b""
        try:
            megabits = int(text)
        except ValueError:
            return None
        return BytesPerSecond(megabits * BITS_PER_MEGABIT / BITS_PER_BYTE) if megabits > 0 else None

    def counting_once(self, devices: Set[str]) -> frozenset[str]:
        """Return those of `devices` whose bytes no other of them carries.

        What is not among `devices` carries nothing for them: a partner counts where its master is left out.
        """
        if len(devices) < 2:
            return frozenset(devices)
        unpaired = {device for device in devices if self._hardware_master(device) not in devices}
        return frozenset(
            device
            for device in unpaired
            if unpaired.isdisjoint(self._below(device, unpaired)) and not self._overhears(device, unpaired)
        )

    def _has_hardware(self, device: str) -> bool:
        """Linux links a device with hardware behind it to its driver's device."""
        return os.path.exists(self._file(device, "device"))  # noqa: PTH110 - as in `_file`

    def _hardware_master(self, device: str) -> str | None:
        try:
            master = (self._devices / device / "master").readlink().name
        except OSError:
            return None
        return master if self._has_hardware(master) else None

    def _below(self, device: str, devices: Set[str]) -> set[str]:
        """Return all that a device stands on, directly or not."""
        found: set[str] = set()
        waiting = [device]
        while waiting:
            lower = self._directly_below(waiting.pop(), devices) - found - {device}
            found |= lower
            waiting += lower
        return found

    def _directly_below(self, device: str, devices: Set[str]) -> set[str]:
        try:
            # Names alone: a Path for each of some forty attributes costs more than all else here.
            entries = os.listdir(self._devices / device)  # noqa: PTH208
        except OSError:
            return set()
        lower = {entry.removeprefix("lower_") for entry in entries if entry.startswith("lower_")}
        # Before Linux 5.10 a switch port was linked to its conduit by number only. Of other devices the number may mean
        # a device of another network namespace.
        if not lower and b"DEVTYPE=dsa" in self._read(device, "uevent"):
            conduit = self._read(device, "iflink")
            lower = {other for other in devices if self._read(other, "ifindex") == conduit}
        return lower

    def _is_monitor(self, device: str) -> bool:
        return self._read(device, "type") in MONITOR_TYPES

    def _overhears(self, device: str, devices: Set[str]) -> bool:
        return self._is_monitor(device) and any(
            self._radio(other) == self._radio(device) and not self._is_monitor(other) for other in devices
        )

    def _radio(self, device: str) -> Path:
        """Return what all interfaces of one radio share: drivers outside of cfg80211 have only the hardware itself."""
        folder = self._devices / device
        radio = folder / "phy80211"
        return (radio if radio.exists() else folder / "device").resolve()

    def _read(self, device: str, attribute: str) -> bytes:
        """Read an attribute's text; nothing where the device has gone, or its driver does not say."""
        try:
            return content(self._file(device, attribute))
        except OSError:
            return b""

    def _file(self, device: str, attribute: str) -> str:
        """Return where an attribute stands, as text: at each sample, building a Path costs as much as reading it."""
        return f"{self._devices}/{device}/{attribute}"
