"""Recording rules of many devices: each device once, by team, with how many devices a sum is made of.

A device is told by two values that it exports itself: when its totals began, which a state folder keeps, and when its
exporter started. Targets that agree in both are one device, whatever their job and instance, and each stands for an
equal share of it: the shares of a device add up to 1. Every sum below is weighted with them, less what a target has
twice: one that is listed twice under one job and instance has two series of everything, and rules add these up.
"""

from collections.abc import Callable, Iterator

from prometheus.budget import seconds
from prometheus.recording import BASE_INTERVAL, POWER, RARE_INTERVAL, Group, Recording, emission_rate

MEMORY_INTERVAL = "4m"
"""Interval at which devices are told apart, counted and remembered; 5m or more would leave gaps, as for other slow
groups. Grams are summed every minute, with the weights of the last time."""

REMEMBERED = "7d"
"""Time for which a device that is gone counts as missing: over a weekend and a holiday. Chosen."""

LATELY, SPARSELY = "10m", f"{REMEMBERED}:1h"
"""Windows in which the memory finds itself: two values, or, after a time without Prometheus, that of a full hour."""

IDENTITY = "instance_team:ecotrack_device_identity:info"
SHARE = "instance_team:ecotrack_device_share:ratio"
"""Share of a device that a target stands for: 1, or 1/n where n targets are the same device."""

WEIGHT = "instance_team:ecotrack_device_weight:ratio"
"""Part that counts of what is recorded of a target by job and instance: its share, divided by its listings."""

SEEN_AT = "instance_team:ecotrack_device_seen:timestamp_seconds"
"""Time at which each target was seen last under each team and each beginning of its totals, which goes on while it is
gone: to look back over a week for a value every four minutes would be most of what the rules cost."""

LAST_SEEN = "instance_team:ecotrack_device_last_seen:timestamp_seconds"
MISSING = "instance_team:ecotrack_device_missing:last_seen_seconds"
"""Time at which each missing device was seen last, in Unix seconds."""

BAND = "instance:ecotrack_power_band:ratio"
FAILING = "instance:ecotrack_collectors_failing:count"

COUNTS = ("seen", "missing", "known")
BORN = "lifetime_start"
STARTED = "ecotrack_lifetime_start_timestamp_seconds"
SAME_DEVICE = f"on ({BORN}, process_start)"


def devices(count: str, level: str = "team") -> str:
    """Name the number of devices that are `seen`, `missing` or `known` of each team, or of the fleet."""
    return f"{level}:ecotrack_devices:{count}"


def rate5m(level: str = "team") -> str:
    """Name the mean emission rate over five minutes of each team, or of the fleet, in grams per second."""
    return f"{level}:ecotrack_emissions_grams:rate5m"


def power(level: str = "team") -> str:
    """Name the mean power over five minutes of the machines of each team, or of the fleet, without the network's."""
    return f"{level}:ecotrack_power_watts:rate5m"


def fleet_groups() -> tuple[Group, ...]:
    """Return the rules of fleets and teams, and of the memory of devices, which reads the former."""
    apart = (_identity(), _share(), _weight(), *_memory(), _missing(), *_counts())
    watts = _summed(power, f'{POWER}{{scope="host"}}')
    return (
        Group(name="ecotrack-devices", interval=MEMORY_INTERVAL, rules=(*apart, *watts)),
        Group(name="ecotrack-fleet", interval=BASE_INTERVAL, rules=tuple(_summed(rate5m, emission_rate("5m")))),
        Group(name="ecotrack-device-quality", interval=RARE_INTERVAL, rules=tuple(_quality())),
    )


def _identity() -> Recording:
    """Tell targets apart by what their exporters say of themselves; one without an emission rate is not seen yet."""

    def as_label(label: str, metric: str) -> str:
        # One value of each target, so that no two targets of one name break the join below.
        return f'count_values by (job, instance, team) (\n  "{label}", max by (job, instance, team) ({metric})\n)'

    expr = (
        f"{as_label(BORN, STARTED)}\n"
        "* on (job, instance, team) group_left (process_start)\n"
        f"{as_label('process_start', 'process_start_time_seconds')}\n"
        f"and on (job, instance)\n{emission_rate('5m')}"
    )
    return Recording(record=IDENTITY, expr=expr)


def _share() -> Recording:
    """Divide each device among its targets; one that names a team goes before those that name none."""
    chosen = f'(\n    {IDENTITY}{{team!=""}}\n    or {SAME_DEVICE}\n    {IDENTITY}\n  )'
    of_all = f"count by ({BORN}, process_start) {chosen}"
    expr = f"sum by (job, instance, team, {BORN}) (\n  {chosen}\n  / {SAME_DEVICE} group_left ()\n  {of_all}\n)"
    return Recording(record=SHARE, expr=expr)


def _weight() -> Recording:
    expr = f"{SHARE}\n/ on (job, instance) group_left ()\ncount by (job, instance) ({STARTED})"
    return Recording(record=WEIGHT, expr=expr)


def _memory() -> Iterator[Recording]:
    before = "\nor ".join(f"last_over_time({SEEN_AT}[{window}])" for window in (LATELY, SPARSELY))
    known = f"0 * {SHARE} + time()\nor\n({before})"
    yield Recording(record=SEEN_AT, expr=f"(\n  {known}\n) > time() - {seconds(REMEMBERED):.0f}")
    # A target that went to another team, or whose state is new, is remembered as it was last.
    expr = f"{SEEN_AT}\n== on (job, instance) group_left ()\nmax by (job, instance) ({SEEN_AT})"
    yield Recording(record=LAST_SEEN, expr=expr)


def _missing() -> Recording:
    expr = f"{LAST_SEEN}\nunless on ({BORN}) {SHARE}\nunless on (job, instance) {SHARE}"
    return Recording(record=MISSING, expr=expr)


def _counts() -> Iterator[Recording]:
    seen, missing, known = map(devices, COUNTS)
    yield Recording(record=seen, expr=f"sum by (team) ({SHARE})")
    each = f"({MISSING} > bool 0)\n  / on ({BORN}) group_left () count by ({BORN}) ({MISSING})"
    yield Recording(record=missing, expr=f"sum by (team) (\n  {each}\n)\nor on (team) 0 * {seen}")
    yield Recording(record=known, expr=f"{seen} + {missing}\nor {missing}")
    for count in COUNTS:
        yield Recording(record=devices(count, "fleet"), expr=f"sum({devices(count)})")


def _summed(name: Callable[[str], str], of_instance: str) -> Iterator[Recording]:
    """Sum what is recorded of each target, by team and altogether."""
    weighted = f"{WEIGHT}\n  * on (job, instance) group_left ()\n  {of_instance}"
    yield Recording(record=name("team"), expr=f"sum by (team) (\n  {weighted}\n)")
    yield Recording(record=name("fleet"), expr=f"sum({name('team')})")


def _quality() -> Iterator[Recording]:
    """Record what boards list of each device's data, so that they need not read every part of every device."""

    def band(end: str) -> str:
        return f'sum by (job, instance) (ecotrack_power_{end}_watts{{component!="network"}})'

    yield Recording(record=BAND, expr=f"{band('high')}\n/ on (job, instance)\n({band('low')} > 0)")
    yield Recording(record=FAILING, expr="sum by (job, instance) (1 - ecotrack_collector_success)")
