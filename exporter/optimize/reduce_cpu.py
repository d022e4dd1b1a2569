"""The strategy `reduce_cpu`: processes that keep a CPU busy, and how eagerly the processors raise their frequency."""

from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change, Kind, Setting, change

POLICIES = "sys/devices/system/cpu/cpufreq"

FOLLOWING = ("schedutil", "ondemand", "conservative")
"""Governors that follow the load, the first that there is (Documentation/admin-guide/pm/cpufreq.rst). `powersave` is
none of them: it keeps to the lowest frequency, at which the same work takes longer."""

DRIVERS_WITH_THEIR_OWN = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
"""Drivers whose `powersave` does follow the load, by an algorithm of the processor
(Documentation/admin-guide/pm/intel_pstate.rst and amd-pstate.rst)."""

EAGER = frozenset({"default", "performance", "balance_performance"})
"""Preferences that are given up for `BALANCED`."""

BALANCED = "balance_power"


def changes(roots: Roots) -> tuple[Change, ...]:
    """Return what would be set: first governors, without which some drivers refuse a preference, then preferences."""
    policies = _policies(roots)
    found = [*(_governor(one, roots) for one in policies), *(_preference(one, roots) for one in policies)]
    return tuple(one for one in found if one is not None)


def _policies(roots: Roots) -> list[str]:
    """Return the attributes' folders of the groups of CPUs that share a frequency."""
    folder = roots.place(POLICIES)
    return [f"{POLICIES}/{one.name}" for one in sorted(folder.glob("policy*"))]


def _governor(policy: str, roots: Roots) -> Change | None:
    """Return the change of a governor that knows only the highest frequency to one that follows the load."""
    setting = Setting(kind=Kind.GOVERNOR, attribute=f"{policy}/scaling_governor")
    if roots.word(setting.attribute) != "performance":
        return None
    known = roots.word(f"{policy}/scaling_available_governors").split()
    own = roots.word(f"{policy}/scaling_driver") in DRIVERS_WITH_THEIR_OWN
    better = next((one for one in (("powersave",) if own else FOLLOWING) if one in known), None)
    return None if better is None else change(setting, better, roots)


def _preference(policy: str, roots: Roots) -> Change | None:
    setting = Setting(kind=Kind.PREFERENCE, attribute=f"{policy}/energy_performance_preference")
    known = roots.word(f"{policy}/energy_performance_available_preferences").split()
    if BALANCED not in known or roots.word(setting.attribute) not in EAGER:
        return None
    return change(setting, BALANCED, roots)
