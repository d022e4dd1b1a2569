"""A laptop as a tree of files, with everything that the strategies look at."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from exporter.optimize.roots import Roots
from exporter.optimize.switch import Switch

POLICY = "devices/system/cpu/cpufreq/policy{}"
USB = "devices/pci0000:00/0000:00:14.0/usb1"
SCREEN = "devices/pci0000:00/0000:00:02.0/drm/card0/card0-eDP-1/intel_backlight"

ASPM = "sys/module/pcie_aspm/parameters/policy"
ASPM_CHOICES = "[default] performance powersave powersupersave"
"""Text of the policy as the kernel shows it; a file that is written to holds the word alone after that."""

FILES = {
    **{
        f"sys/{POLICY.format(number)}/{name}": text
        for number in (0, 1)
        for name, text in {
            "scaling_driver": "intel_pstate",
            "scaling_governor": "performance",
            "scaling_available_governors": "performance powersave",
            "energy_performance_preference": "performance",
            "energy_performance_available_preferences": "default performance balance_performance balance_power power",
        }.items()
    },
    ASPM: ASPM_CHOICES,
    f"sys/{USB}/1-2/power/control": "on",
    f"sys/{USB}/1-2/1-2:1.0/bInterfaceClass": "0e",
    f"sys/{USB}/1-3/power/control": "on",
    f"sys/{USB}/1-3/1-3:1.0/bInterfaceClass": "03",
    f"sys/{SCREEN}/brightness": "1000",
    f"sys/{SCREEN}/max_brightness": "1000",
    "sys/block/sda/queue/rotational": "1",
    "sys/block/sda/removable": "0",
    "sys/block/sda/device/model": "TURNING",
    "proc/sys/vm/laptop_mode": "0",
    "proc/sys/kernel/random/boot_id": "11111111-2222-3333-4444-555555555555",
}
"""Text of each file, by its path below the root."""

LINKS = {
    "sys/bus/usb/devices/1-2": f"../../../{USB}/1-2",
    "sys/bus/usb/devices/1-3": f"../../../{USB}/1-3",
    "sys/bus/usb/devices/1-2:1.0": f"../../../{USB}/1-2/1-2:1.0",
    "sys/class/backlight/intel_backlight": f"../../{SCREEN}",
}

GOVERNOR = f"sys/{POLICY.format(0)}/scaling_governor"
LAPTOP_MODE = "proc/sys/vm/laptop_mode"


@dataclass(frozen=True, slots=True)
class Laptop:
    """A tree below a folder, whose files take any text, and a folder for the journal."""

    root: Path

    @property
    def roots(self) -> Roots:
        """The trees of the laptop."""
        return Roots(procfs=self.root / "proc", sysfs=self.root / "sys")

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.root / "state"

    def texts(self) -> dict[str, str]:
        """Return the text of every file of the trees."""
        files = (one for tree in ("proc", "sys") for one in sorted((self.root / tree).rglob("*")))
        return {
            str(one.relative_to(self.root)): one.read_text().strip()
            for one in files
            if one.is_file() and not one.is_symlink()
        }

    def text(self, name: str) -> str:
        """Return the text of a file."""
        return (self.root / name).read_text().strip()

    def put(self, name: str, text: str) -> None:
        """Write a file in its place, as the kernel or somebody else would."""
        (self.root / name).write_text(f"{text}\n")


def laptop(root: Path) -> Laptop:
    """Make the tree."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    for name, target in LINKS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    return Laptop(root)


def left_behind(machine: Laptop, strategy: str = "power_management") -> None:
    """Switch a strategy on and end without any of the ways out."""
    switch = Switch(machine.state, machine.roots, on_exit=lambda _nothing: None)
    switch.on(strategy)
    switch._journal.close()


def refusing(monkeypatch: pytest.MonkeyPatch, error: OSError, *words: str) -> None:
    """Let writes of these words fail."""
    write = Roots.write

    def refuse(roots: Roots, attribute: str, value: str) -> None:
        if value in words:
            raise error
        write(roots, attribute, value)

    monkeypatch.setattr(Roots, "write", refuse)
