"""The settings that may be changed: six kinds of attributes, and the values that each of them may get.

Nothing else is ever written, whatever a journal or a strategy says.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from exporter.optimize.roots import Roots


class Kind(StrEnum):
    """Kind of a setting."""

    GOVERNOR = "governor"
    PREFERENCE = "energy_performance_preference"
    ASPM = "aspm_policy"
    USB = "usb_autosuspend"
    BACKLIGHT = "backlight"
    LAPTOP_MODE = "laptop_mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Form of the attributes of a kind and of their values.

    `choices` names the file beside an attribute that lists its values by name, and `most` the one with the highest.
    """

    attribute: re.Pattern[str]
    value: re.Pattern[str]
    choices: str | None = None
    most: str | None = None


_STEP = r"[A-Za-z0-9_.:@+-]{1,128}"
_POLICY = r"sys/devices/system/cpu/cpufreq/policy[0-9]{1,5}"

_RULES = {
    Kind.GOVERNOR: _Rule(
        attribute=re.compile(rf"{_POLICY}/scaling_governor"),
        value=re.compile(r"performance|powersave|schedutil|ondemand|conservative"),
        choices="scaling_available_governors",
    ),
    Kind.PREFERENCE: _Rule(
        attribute=re.compile(rf"{_POLICY}/energy_performance_preference"),
        value=re.compile(r"default|performance|balance_performance|balance_power|power"),
        choices="energy_performance_available_preferences",
    ),
    Kind.ASPM: _Rule(
        attribute=re.compile(r"sys/module/pcie_aspm/parameters/policy"),
        value=re.compile(r"default|performance|powersave|powersupersave"),
    ),
    Kind.USB: _Rule(
        attribute=re.compile(rf"sys/devices/(?:{_STEP}/){{1,24}}usb[0-9]{{1,4}}/(?:{_STEP}/){{1,12}}power/control"),
        value=re.compile(r"on|auto"),
    ),
    Kind.BACKLIGHT: _Rule(
        attribute=re.compile(
            rf"sys/devices/(?:{_STEP}/){{1,24}}(?:backlight|drm/card[0-9]{{1,4}}/card{_STEP})/{_STEP}/brightness"
        ),
        value=re.compile(r"[1-9][0-9]{0,8}"),
        most="max_brightness",
    ),
    Kind.LAPTOP_MODE: _Rule(attribute=re.compile(r"proc/sys/vm/laptop_mode"), value=re.compile(r"0|[1-9][0-9]{0,3}")),
}
"""Documentation/admin-guide/pm/cpufreq.rst, admin-guide/kernel-parameters.txt (pcie_aspm.policy),
driver-api/usb/power-management.rst, ABI/stable/sysfs-class-backlight and admin-guide/laptops/laptop-mode.rst of the
kernel's own documentation. A backlight is a child of its card or of one of the card's outputs; 0 may be dark and is
never written."""


class NotPermittedError(Exception):
    """Change that is none of those permitted; the message is a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """An attribute of a kind; its path begins with `sys/` or `proc/` for the tree that it is in."""

    kind: Kind
    attribute: str

    def value(self, roots: Roots) -> str:
        """Return the value in force; of a list of choices, the one in brackets. Raises OSError."""
        text = roots.read(self.attribute)
        chosen = re.search(r"\[([^\]]*)\]", text) if self.kind is Kind.ASPM else None
        return text if chosen is None else chosen[1]

    def require_form(self, value: str) -> None:
        """Refuse an attribute and a value that are not of the kind's form. Raises NotPermittedError."""
        rule = _RULES[self.kind]
        parts = self.attribute.split("/")
        if not rule.attribute.fullmatch(self.attribute) or {".", ".."} & set(parts):
            raise NotPermittedError("is no setting that may be changed")
        if not rule.value.fullmatch(value):
            raise NotPermittedError("is no value that may be set")

    def write(self, roots: Roots, value: str) -> None:
        """Set a value. Raises NotPermittedError, or OSError where the kernel refuses."""
        self.require_form(value)
        rule = _RULES[self.kind]
        if rule.choices is not None and value not in roots.read(self._beside(rule.choices)).split():
            raise NotPermittedError("is not among the values that this machine has")
        if rule.most is not None and not _is_at_most(value, roots.read(self._beside(rule.most))):
            raise NotPermittedError("is above the highest value that this device has")
        roots.write(self.attribute, value)

    def _beside(self, name: str) -> str:
        return f"{self.attribute.rpartition('/')[0]}/{name}"


def number_of_settings(count: int) -> str:
    """Say how many settings there are."""
    return "1 setting" if count == 1 else f"{count} settings"


def _is_at_most(value: str, most: str) -> bool:
    return most.isdecimal() and int(value) <= int(most[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A setting that is to get another value. `inode` tells its device from another that gets the same path."""

    setting: Setting
    old: str
    new: str
    inode: int

    def __str__(self) -> str:
        return f"{self.setting.attribute}: {self.old} -> {self.new}"


def change(setting: Setting, new: str, roots: Roots) -> Change | None:
    """Return the change of a setting to a value; None where it has that, is not there or must not be changed."""
    try:
        old = setting.value(roots)
        if old == new:
            return None
        for value in (old, new):
            setting.require_form(value)
        return Change(setting=setting, old=old, new=new, inode=roots.inode(setting.attribute))
    except (OSError, NotPermittedError):
        return None
