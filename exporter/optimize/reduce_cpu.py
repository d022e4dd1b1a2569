"""The strategy `reduce_cpu`: processes that keep a CPU busy, and how eagerly the processors raise their frequency."""

from exporter.core.printable import printable
from exporter.optimize.found import Estimate, Finding
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change, Kind, Setting, change
from exporter.optimize.situation import Situation

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

MOST_NAMED = 10
"""Processes that are named; of the others only the number."""

UNKNOWN_BEFORE = "depends on the processor and its load; `ecotrack trial reduce_cpu` measures it"


def look(roots: Roots, situation: Situation) -> tuple[Finding, ...]:
    """Return what busy processes, governors and preferences allow."""
    return (*_processes(situation), *_frequency(roots))


def changes(roots: Roots) -> tuple[Change, ...]:
    """Return what would be set: first governors, without which some drivers refuse a preference, then preferences."""
    policies = _policies(roots)
    found = [*(_governor(one, roots) for one in policies), *(_preference(one, roots) for one in policies)]
    return tuple(one for one in found if one is not None)


def _processes(situation: Situation) -> tuple[Finding, ...]:
    busy = situation.busy
    if busy is None:
        return ()
    if not busy:
        return (Finding(text="No process keeps more than half a CPU busy."),)
    cpus = sum(one.cpus for one in busy)
    watts = situation.watts_of(cpus)
    basis = "by the model of this machine's power, while these processes are paused or ended"
    if watts is None:
        estimate = Estimate(basis="this machine's power model is not known")
    else:
        estimate = Estimate(low=watts[0], high=watts[1], basis=basis)
    many = "1 process keeps" if len(busy) == 1 else f"{len(busy)} processes keep"
    named = [f"{printable(one.name)} (process {one.pid}) {one.cpus:.1f} CPUs" for one in busy[:MOST_NAMED]]
    more = f" and {len(busy) - MOST_NAMED} more" if len(busy) > MOST_NAMED else ""
    return (
        Finding(
            text=f"{many} more than half a CPU busy, {cpus:.1f} CPUs in all.",
            private=f"{', '.join(named)}{more}",
            advice="End what nobody waits for, and move what can wait to a cleaner hour.",
            command="ecotrack clean-window --hours 1",
            estimate=estimate,
        ),
    )


def _frequency(roots: Roots) -> tuple[Finding, ...]:
    policies = _policies(roots)
    if not policies:
        return (Finding(text="The frequency of the CPUs is not set here: by firmware, or outside a virtual machine."),)
    found = changes(roots)
    if not found:
        return (Finding(text="Governor and energy-performance preference of the CPUs leave nothing to gain."),)
    return tuple(
        _finding(text, advice, tuple(one for one in found if one.setting.kind is kind))
        for kind, text, advice in (
            (
                Kind.GOVERNOR,
                "The governor keeps the CPUs at their highest frequency, busy or not.",
                "Let the frequency follow the load.",
            ),
            (
                Kind.PREFERENCE,
                "The processor is told to prefer performance over energy.",
                "Let it balance towards energy; bursts of work may take longer.",
            ),
        )
        if any(one.setting.kind is kind for one in found)
    )


def _finding(text: str, advice: str, found: tuple[Change, ...]) -> Finding:
    return Finding(text=text, advice=advice, changes=found, estimate=Estimate(basis=UNKNOWN_BEFORE))


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
