"""The identity of a machine: what its firmware and its kernel say about its hardware, read once at the start."""

from dataclasses import dataclass
from pathlib import Path

from exporter.core.units import Watts
from exporter.sources.cpu import logical_cpus
from exporter.sources.sysfs import opened

MOST_BYTES = 4 << 20
"""Bytes of `/proc/cpuinfo` that are read: about 1.6 kB for each of 2,500 logical processors."""

MICROWATTS_PER_WATT = 1e6
BYTES_PER_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Disks:
    """Physical disks that stay in the machine, by kind."""

    rotating: int = 0
    solid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Facts of the hardware as they are written; an empty text or None where nothing is said.

    `board` is the device tree's model with what it is compatible with. `tdp` is of each chip. `vcpus` counts the
    logical processors online.
    """

    cpuinfo: str = ""
    chassis_type: int | None = None
    vendor: str = ""
    product: str = ""
    board: str = ""
    disks: Disks = Disks()
    memory_bytes: int | None = None
    tdp: Watts | None = None
    vcpus: int = 1


def identity(procfs: Path, sysfs: Path) -> Identity:
    """Return what the machine says of itself. Raises OSError only where there is no `stat`."""
    dmi = sysfs / "class/dmi/id"
    chassis = _text(dmi / "chassis_type")
    return Identity(
        cpuinfo=_text(procfs / "cpuinfo", MOST_BYTES),
        chassis_type=int(chassis) if chassis.isascii() and chassis.isdigit() and len(chassis) <= 3 else None,
        vendor=_text(dmi / "sys_vendor"),
        product=_text(dmi / "product_name"),
        board=_device_tree(procfs, sysfs),
        disks=_disks(sysfs),
        memory_bytes=_memory(procfs),
        tdp=_tdp(sysfs),
        vcpus=logical_cpus(procfs),
    )


def _text(path: Path, most: int = 4096) -> str:
    """Return a file's text without the space around it; empty where it cannot be read."""
    try:
        with opened(path) as file:
            return (file.read(most) or b"").decode("utf-8", "replace").strip()  # None from a pipe without content
    except OSError:
        return ""


def _device_tree(procfs: Path, sysfs: Path) -> str:
    for folder in (procfs / "device-tree", sysfs / "firmware/devicetree/base"):
        model = _text(folder / "model").strip("\0")
        if model:
            return f"{model} ({_text(folder / 'compatible').strip(chr(0)).replace(chr(0), ', ')})"
    return ""


def _disks(sysfs: Path) -> Disks:
    """Count the disks that have hardware behind them and cannot be taken out."""
    try:
        devices = sorted((sysfs / "block").iterdir())
    except OSError:
        return Disks()
    fixed = [one for one in devices if (one / "device").exists() and _text(one / "removable") == "0"]
    kinds = [_text(one / "queue/rotational") for one in fixed]
    return Disks(rotating=kinds.count("1"), solid=kinds.count("0"))


def _memory(procfs: Path) -> int | None:
    for line in _text(procfs / "meminfo").splitlines():
        name, _, rest = line.partition(":")
        amount = rest.split()
        if name == "MemTotal" and amount and amount[0].isascii() and amount[0].isdigit():
            return int(amount[0]) * BYTES_PER_KIBIBYTE or None
    return None


def _tdp(sysfs: Path) -> Watts | None:
    """Return the most that RAPL lets a package draw for long, which Intel sets to the thermal design power.

    Linux, `Documentation/power/powercap/powercap.rst`: `constraint_X_max_power_uw`.
    """
    package = sysfs / "class/powercap/intel-rapl:0"
    if _text(package / "constraint_0_name") != "long_term":
        return None
    most = _text(package / "constraint_0_max_power_uw")
    if not (most.isascii() and most.isdigit()):
        return None
    return Watts(int(most) / MICROWATTS_PER_WATT) if 0 < int(most) < 10**10 else None
