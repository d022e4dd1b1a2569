"""The strategy `power_management`: what the kernel may let rest while it is not used."""

from pathlib import Path

from exporter.core.units import Watts
from exporter.optimize.found import Estimate, Finding
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change, Kind, Setting, change
from exporter.optimize.situation import Situation
from exporter.sources import sysfs

LAPTOP_MODE = Setting(kind=Kind.LAPTOP_MODE, attribute="proc/sys/vm/laptop_mode")

LAPTOP_MODE_SECONDS = 5
"""Seconds after a read of the disk at which what waits is written too, so that it can rest longer: the value that
Documentation/admin-guide/laptops/laptop-mode.rst recommends."""

ASPM = Setting(kind=Kind.ASPM, attribute="sys/module/pcie_aspm/parameters/policy")

BRIGHT_ENOUGH = 2 / 3
"""Share of the highest brightness to which a brighter screen is dimmed: above it the power of the screens that were
measured rises out of proportion (C. I. King, Backlight power consumption analysis, Ubuntu kernel-team list, 2011)."""

WHOLE_SCREEN_WATTS = (1.0 / 0.7, 3.0 / 0.7)
"""Watts of a laptop's screen over the whole scale of its brightness, low and high: dimming to 30% saved 1 to 3 W on
three laptops (R. Hughes, blogs.gnome.org/hughsie, 27 June 2007), taken in proportion."""

DISK_AT_REST_WATTS = 6.5
"""Watts that a disk of 3.5 inches saves while it stands still: 7.5 W idle less 1.0 W in standby (Seagate, Barracuda
7200.7 Serial ATA Product Manual, rev. N, table 4). Newer and smaller disks save less."""

LENT = ("vd", "xvd")
"""Beginnings of the names of disks that a hypervisor lends, and that may say that they rotate
(Documentation/admin-guide/devices.txt)."""

NEVER_SUSPENDED = {"03": "input device", "08": "disk"}
"""Classes of USB interfaces (usb.org, Defined Class Codes) that stay awake: a suspended keyboard loses its first
keystroke, and some adapters of disks do not wake (Documentation/driver-api/usb/power-management.rst)."""

UNKNOWN_BEFORE = "depends on the devices; `ecotrack trial power_management` measures it"


def look(roots: Roots, _situation: Situation) -> tuple[Finding, ...]:
    """Return what disks, buses, USB devices, screens and wireless cards allow."""
    found = (_laptop_mode(roots), _aspm(roots), _usb(roots), _backlight(roots), _spin_down(roots), *_wireless(roots))
    return tuple(one for one in found if one is not None) or (Finding(text="Nothing here can rest more than it does."),)


def changes(roots: Roots) -> tuple[Change, ...]:
    """Return what would be set."""
    return (
        *_laptop_mode_changes(roots),
        *_aspm_changes(roots),
        *_usb_changes(roots),
        *_backlight_changes(roots),
    )


def _laptop_mode(roots: Roots) -> Finding | None:
    found = _laptop_mode_changes(roots)
    if not found:
        return None
    return Finding(
        text="What waits to be written wakes a disk that rotates at times of its own.",
        advice="Let it be written when the disk is awake anyway (laptop mode); it helps only with a spin-down.",
        changes=found,
        estimate=Estimate(basis="saves nothing by itself: it lengthens the rests of a disk that spins down"),
    )


def _aspm(roots: Roots) -> Finding | None:
    found = _aspm_changes(roots)
    if not found:
        return None
    return Finding(
        text=f'The links of PCI Express rest by the policy "{found[0].old}".',
        advice="Let idle links rest (ASPM); a few devices do not bear it.",
        changes=found,
        estimate=Estimate(basis=UNKNOWN_BEFORE),
    )


def _usb(roots: Roots) -> Finding | None:
    found = _usb_changes(roots)
    if not found:
        return None
    many = "1 USB device is" if len(found) == 1 else f"{len(found)} USB devices are"
    return Finding(
        text=f"{many} kept awake while idle; input devices and disks are not counted.",
        advice="Let them rest (autosuspend); a few devices do not wake well.",
        changes=found,
        estimate=Estimate(basis=UNKNOWN_BEFORE),
    )


def _backlight(roots: Roots) -> Finding | None:
    found = _backlight_changes(roots)
    if not found:
        return None
    # In whole scales, of each of which the new brightness is the share BRIGHT_ENOUGH.
    dimmed = sum(BRIGHT_ENOUGH * (int(one.old) / int(one.new) - 1.0) for one in found)
    low, high = (Watts(dimmed * whole) for whole in WHOLE_SCREEN_WATTS)
    return Finding(
        text="The screen is brighter than two thirds of what it can be.",
        advice="Dim it to two thirds: the last third costs most.",
        changes=found,
        estimate=Estimate(low=low, high=high, basis="three laptops, measured in 2007, in proportion to the brightness"),
    )


def _spin_down(roots: Roots) -> Finding | None:
    disks = rotating_disks(roots)
    if not disks:
        return None
    many = f"disk {disks[0]} rotates" if len(disks) == 1 else f"{len(disks)} disks rotate: {', '.join(disks)}"
    return Finding(
        text=f"{many[0].upper()}{many[1:]}.",
        advice="Let a disk that is seldom needed stop after 20 minutes; each start wears it and takes seconds.",
        command="; ".join(f"hdparm -S 240 /dev/{one}" for one in disks),
        estimate=Estimate(
            low=Watts(0.0),
            high=Watts(DISK_AT_REST_WATTS * len(disks)),
            basis="from disks that never rest to a product manual's idle less standby, with all of them at rest",
        ),
    )


def _wireless(roots: Roots) -> tuple[Finding, ...]:
    """Return how to look: the kernel tells of a wireless card's power save by netlink only."""
    cards = sorted(one.parent.name for one in roots.sysfs.glob("class/net/*/phy80211"))
    return tuple(
        Finding(
            text=f"The wireless card {one} may be kept awake; nothing in sysfs tells.",
            advice="Look, and let it sleep between packets; answers to the machine may take longer.",
            command=f"iw dev {one} get power_save; iw dev {one} set power_save on",
            estimate=Estimate(basis="depends on card and access point"),
        )
        for one in cards
    )


def rotating_disks(roots: Roots) -> list[str]:
    """Return the names of the disks that rotate, of those that are devices and stay in the machine."""
    found = sorted(roots.sysfs.glob("block/*/queue/rotational"))
    disks = [one.parent.parent for one in found if _text(one) == "1" and not one.parts[-3].startswith(LENT)]
    return [one.name for one in disks if (one / "device").exists() and _text(one / "removable") != "1"]


def _laptop_mode_changes(roots: Roots) -> tuple[Change, ...]:
    if not rotating_disks(roots) or roots.word(LAPTOP_MODE.attribute) != "0":
        return ()
    return _known(change(LAPTOP_MODE, str(LAPTOP_MODE_SECONDS), roots))


def _aspm_changes(roots: Roots) -> tuple[Change, ...]:
    choices = roots.word(ASPM.attribute).split()
    eager = {"[default]", "[performance]"} & set(choices)
    return _known(change(ASPM, "powersave", roots)) if eager and "powersave" in choices else ()


def _usb_changes(roots: Roots) -> tuple[Change, ...]:
    found = []
    for link in sorted(roots.sysfs.glob("bus/usb/devices/*-*")):
        if ":" in link.name or _classes(link) & NEVER_SUSPENDED.keys() or _text(link / "power/control") != "on":
            continue
        attribute = _attribute(link / "power/control", roots)
        if attribute is not None:
            found.append(change(Setting(kind=Kind.USB, attribute=attribute), "auto", roots))
    return _known(*found)


def _backlight_changes(roots: Roots) -> tuple[Change, ...]:
    found = []
    for link in sorted(roots.sysfs.glob("class/backlight/*")):
        attribute = _attribute(link / "brightness", roots)
        now, most = _text(link / "brightness"), _text(link / "max_brightness")
        if attribute is None or not (now.isdecimal() and most.isdecimal()):
            continue
        target = int(int(most[:9]) * BRIGHT_ENOUGH)
        if int(now[:9]) > target >= 1:
            found.append(change(Setting(kind=Kind.BACKLIGHT, attribute=attribute), str(target), roots))
    return _known(*found)


def _known(*found: Change | None) -> tuple[Change, ...]:
    return tuple(one for one in found if one is not None)


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
