"""The strategy `power_management`: what the kernel may let rest while it is not used."""

from pathlib import Path

from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change, Kind, Setting, change
from exporter.sources import sysfs

LAPTOP_MODE = Setting(kind=Kind.LAPTOP_MODE, attribute="proc/sys/vm/laptop_mode")
LAPTOP_MODE_SECONDS = 5
"""Seconds after a read of the disk at which what waits is written too, so that it can rest longer: the value that
Documentation/admin-guide/laptops/laptop-mode.rst recommends."""

ASPM = Setting(kind=Kind.ASPM, attribute="sys/module/pcie_aspm/parameters/policy")

BRIGHTEST = 0.6
"""Share of the highest brightness to which a brighter screen is dimmed: assumed to be enough indoors."""

NEVER_SUSPENDED = {"03": "input device", "08": "disk"}
"""Classes of USB interfaces (usb.org, Defined Class Codes) that stay awake: a suspended keyboard loses its first
keystroke, and some adapters of disks do not wake (Documentation/driver-api/usb/power-management.rst)."""


def changes(roots: Roots) -> tuple[Change, ...]:
    """Return what would be set."""
    found = [*_laptop_mode(roots), *_aspm(roots), *usb_changes(roots), *backlight_changes(roots)]
    return tuple(one for one in found if one is not None)


def _laptop_mode(roots: Roots) -> list[Change | None]:
    if not rotating_disks(roots) or roots.word(LAPTOP_MODE.attribute) != "0":
        return []
    return [change(LAPTOP_MODE, str(LAPTOP_MODE_SECONDS), roots)]


def _aspm(roots: Roots) -> list[Change | None]:
    choices = roots.word(ASPM.attribute)
    rests = not {"[default]", "[performance]"} & set(choices.split())
    return [] if rests or "powersave" not in choices.split() else [change(ASPM, "powersave", roots)]


def rotating_disks(roots: Roots) -> list[str]:
    """Return the names of the disks that rotate, of those that are devices."""
    found = sorted(roots.sysfs.glob("block/*/queue/rotational"))
    disks = [one.parent.parent for one in found if _text(one) == "1"]
    return [one.name for one in disks if (one / "device").exists() and _text(one / "removable") != "1"]


def usb_changes(roots: Roots) -> list[Change | None]:
    """Return what would let USB devices rest that the kernel keeps awake."""
    found = []
    for link in sorted(roots.sysfs.glob("bus/usb/devices/*-*")):
        if ":" in link.name or _classes(link) & NEVER_SUSPENDED.keys() or _text(link / "power/control") != "on":
            continue
        attribute = _attribute(link / "power/control", roots)
        if attribute is not None:
            found.append(change(Setting(kind=Kind.USB, attribute=attribute), "auto", roots))
    return found


def backlight_changes(roots: Roots) -> list[Change | None]:
    """Return what would dim screens that are brighter than `BRIGHTEST`."""
    found = []
    for link in sorted(roots.sysfs.glob("class/backlight/*")):
        attribute = _attribute(link / "brightness", roots)
        now, most = _text(link / "brightness"), _text(link / "max_brightness")
        if attribute is None or not (now.isdecimal() and most.isdecimal()):
            continue
        target = int(int(most[:9]) * BRIGHTEST)
        if int(now[:9]) > target >= 1:
            found.append(change(Setting(kind=Kind.BACKLIGHT, attribute=attribute), str(target), roots))
    return found


def _classes(device: Path) -> set[str]:
    """Return the classes of a USB device's interfaces."""
    return {_text(one) for one in device.glob("*:*/bInterfaceClass")}


def _attribute(place: Path, roots: Roots) -> str | None:
    """Return the path of an attribute in the tree of devices, to which links lead; None where it leads elsewhere."""
    try:
        return f"sys/{place.resolve(strict=True).relative_to(roots.sysfs.resolve())}"
    except (OSError, ValueError):
        return None


def _text(place: Path) -> str:
    try:
        return sysfs.text(place)
    except OSError:
        return ""
